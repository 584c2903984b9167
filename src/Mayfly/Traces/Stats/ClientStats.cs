using Mayfly.Config;
using Mayfly.Diagnostics;
using Mayfly.Intake;
using Mayfly.Traces.Obfuscation;
using Mayfly.Wire;

namespace Mayfly.Traces.Stats;

/// <summary>Takes the statistics that tracers compute themselves, and keeps them encoded until a flush. Thread-safe.</summary>
/// <remarks>
/// docs/spec/03-traces.md#43-payload-grouping-and-envelope, client payloads: they pass through unchanged, <c>Start</c> included. The unit of the counters is
/// the hit, as the tracer counted; above <see cref="StatsSettings.BufferBytes"/> the newest payloads go (<see cref="DropReason.BufferFull"/>).
/// </remarks>
public sealed class ClientStats(StatsSettings settings, SignalCounters counters, ObfuscationSettings obfuscation) : IPayloadSource
{
    private readonly Lazy<Obfuscator> _obfuscator = new(() => new Obfuscator(obfuscation));
    private readonly Lock _gate = new();
    private readonly StatsBodies _bodies = new(settings, isClientComputed: true, settings.BufferBytes);

    /// <summary>
    /// Decodes and keeps the payload of one request, the first <paramref name="lengthBytes"/> of <paramref name="body"/>, or rejects all of it.
    /// </summary>
    /// <param name="isObfuscated">The tracer has hidden the values in its resources itself.</param>
    public StatsDecodeResult Accept(byte[] body, int lengthBytes, bool isObfuscated)
    {
        using var writer = new ClientPayloadWriter();
        using var payload = new ClientStatsReader(settings, body, isObfuscated ? null : _obfuscator.Value);
        var reader = new MsgPackReader(body, lengthBytes);
        if (!payload.TryRead(ref reader, writer))
        {
            return new StatsDecodeResult(reader.Error, reader.ErrorOffset);
        }

        counters.Accept(writer.Finished.Sum(static form => form.Units));
        long dropped = 0;
        lock (_gate)
        {
            foreach (EncodedStats form in writer.Finished)
            {
                dropped += _bodies.TryAdd(writer.Output.Slice(form.Start, form.SizeBytes), form, payload.Language) ? 0 : form.Units;
            }
        }

        counters.Drop(DropReason.BufferFull, dropped);
        return default;
    }

    /// <inheritdoc/>
    public void TakePayloads(List<IntakePayload> payloads)
    {
        lock (_gate)
        {
            _bodies.Take(payloads);
        }
    }
}

/// <summary>What became of a request with statistics; <c>default</c>: accepted.</summary>
/// <param name="Reason">Why the body was rejected, all of it.</param>
/// <param name="Offset">Where in the body, in bytes.</param>
public readonly record struct StatsDecodeResult(MsgPackError Reason, int Offset)
{
    public bool IsAccepted => Reason == MsgPackError.None;

    /// <summary>The text of the answer to a rejected request.</summary>
    public string Message => $"cannot decode trace statistics: {TraceDecodeResult.NameOf(Reason)} at byte {Offset}";
}
