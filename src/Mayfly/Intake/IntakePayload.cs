using System.IO.Compression;
using Mayfly.Diagnostics;
using Mayfly.Wire;

namespace Mayfly.Intake;

/// <summary>One request body for an intake. Owned by the flush that took it until it is delivered or dropped.</summary>
/// <param name="signal">Whose counters it belongs to.</param>
/// <param name="kind">The endpoint it is for.</param>
/// <param name="body">The encoded body; this payload owns it from here on.</param>
/// <param name="units">How many accepted units (spans, samples, log events, hits) the body stands for.</param>
public sealed class IntakePayload(Signal signal, IntakeKind kind, PooledBuffer body, long units) : IDisposable
{
    private PooledBuffer _body = body;

    public Signal Signal { get; } = signal;

    public IntakeKind Kind { get; } = kind;

    public PooledBuffer Body => _body;

    /// <summary>True once <see cref="Body"/> is gzip.</summary>
    public bool IsCompressed { get; private set; }

    public long Units { get; } = units;

    /// <summary>Headers of this payload beside those of its endpoint.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>Failed attempts to send it.</summary>
    public int FailedAttempts { get; set; }

    /// <summary>Replaces the body by its gzip form, once: a payload that is sent again is not compressed again.</summary>
    public void Compress()
    {
        if (IsCompressed)
        {
            return;
        }

        PooledBuffer compressed = PooledBuffer.Rent(Math.Max(256, _body.Length / 4));
        using (var sink = new PooledBufferStream(compressed))
        using (var gzip = new GZipStream(sink, CompressionLevel.Fastest))
        {
            gzip.Write(_body.WrittenSpan);
        }

        _body.Dispose();
        _body = compressed;
        IsCompressed = true;
    }

    public void Dispose() => _body.Dispose();
}

/// <summary>The intake endpoint that a payload is for; <see cref="IntakeEndpoints"/> knows its address, content type and headers.</summary>
public enum IntakeKind
{
    /// <summary>AgentPayload protobuf, <c>/api/v0.2/traces</c>.</summary>
    Traces,

    /// <summary>StatsPayload msgpack, <c>/api/v0.2/stats</c>.</summary>
    Stats,

    /// <summary>MetricPayload protobuf, <c>/api/v2/series</c>.</summary>
    Series,

    /// <summary>SketchPayload protobuf, <c>/api/beta/sketches</c>.</summary>
    Sketches,

    /// <summary>JSON array of log events, <c>/api/v2/logs</c>.</summary>
    Logs,
}
