using Mayfly.Diagnostics;
using Mayfly.Intake;
using Mayfly.Wire;

namespace Mayfly.Traces;

/// <summary>
/// Encoded TracerPayloads between two flushes, laid out as the AgentPayload bodies that will carry them: a flush adds the closing fields and sends.
/// </summary>
/// <remarks>
/// Thread-safe; the lock is held for one copy. Limited in bytes: when a payload does not fit, the oldest ones go (<see cref="DropReason.BufferFull"/>), first
/// those of traces that were sampled out. A body holds at most <see cref="BodyBytes"/>; a payload that is larger goes alone
/// (docs/spec/03-traces.md#53-compression-batching-splitting).
/// </remarks>
internal sealed class TraceBuffer(TraceSettings settings, SignalCounters counters, FlushDemand? demand = null)
{
    /// <summary>Largest body, before compression.</summary>
    public const int BodyBytes = 3_200_000;

    private const int LargestExpectedBytes = 1024 * 1024;

    private const double TargetTps = 60;

    private readonly Lock _gate = new();
    private readonly byte[] _closing = ClosingFields(settings);
    private TraceBodies _wanted = new();
    private TraceBodies _sampledOut = new();

    /// <summary>What is kept now.</summary>
    public long SizeBytes
    {
        get
        {
            lock (_gate)
            {
                return _wanted.SizeBytes + _sampledOut.SizeBytes;
            }
        }
    }

    /// <summary>Adds the payloads of one request: ranges of <paramref name="output"/>.</summary>
    /// <param name="language">Of the tracer that sent it; null = unknown.</param>
    public void Add(ReadOnlySpan<byte> output, List<EncodedPayload> payloads, string? language)
    {
        long dropped = 0;
        long waitingBytes;
        lock (_gate)
        {
            foreach (EncodedPayload payload in payloads)
            {
                dropped += Add(output.Slice(payload.Start, payload.SizeBytes), payload, language);
            }

            waitingBytes = _wanted.SizeBytes + _sampledOut.SizeBytes;
        }

        demand?.Report(waitingBytes);

        if (dropped > 0)
        {
            counters.Drop(DropReason.BufferFull, dropped);
        }
    }

    /// <summary>Takes everything, as finished bodies.</summary>
    public void Take(List<IntakePayload> payloads)
    {
        TraceBodies? wanted;
        TraceBodies? sampledOut;
        lock (_gate)
        {
            wanted = Swap(ref _wanted);
            sampledOut = Swap(ref _sampledOut);
        }

        wanted?.Take(_closing, payloads);
        sampledOut?.Take(_closing, payloads);
    }

    /// <summary>Returns the spans that went for it, its own included.</summary>
    private long Add(ReadOnlySpan<byte> bytes, in EncodedPayload payload, string? language)
    {
        int sizeBytes = TraceBodies.SizeOf(bytes);
        long most = payload.IsWanted ? settings.BufferBytes : settings.BufferBytes - _wanted.SizeBytes;
        if (sizeBytes > most)
        {
            return payload.Spans;
        }

        long dropped = 0;
        while (_wanted.SizeBytes + _sampledOut.SizeBytes + sizeBytes > settings.BufferBytes)
        {
            dropped += (_sampledOut.IsEmpty ? _wanted : _sampledOut).DropOldest();
        }

        (payload.IsWanted ? _wanted : _sampledOut).Add(bytes, payload.Spans, language, _closing.Length);
        return dropped;
    }

    /// <summary>What there is, with nothing in its place; null: there is nothing.</summary>
    private static TraceBodies? Swap(ref TraceBodies bodies)
    {
        TraceBodies? taken = bodies.IsEmpty ? null : bodies;
        bodies = taken is null ? bodies : new TraceBodies((int)Math.Min(taken.SizeBytes, LargestExpectedBytes));
        return taken;
    }

    private static byte[] ClosingFields(TraceSettings settings)
    {
        using PooledBuffer buffer = PooledBuffer.Rent();
        var writer = new ProtobufWriter(buffer);
        writer.Text(2, settings.Env);
        writer.Text(7, settings.AgentVersion);
        writer.Double(8, TargetTps);
        writer.Double(9, TargetTps);
        return buffer.WrittenSpan.ToArray();
    }
}
