using System.IO.Compression;
using Mayfly.Diagnostics;
using Mayfly.Wire;

namespace Mayfly.Intake;

/// <summary>One request body for an intake. Owned by the flush that took it until it is delivered or dropped.</summary>
public sealed class IntakePayload : IDisposable
{
    private readonly SharedBody _body;
    private bool _isDisposed;

    /// <param name="signal">Whose counters it belongs to.</param>
    /// <param name="kind">The endpoint it is for.</param>
    /// <param name="body">The encoded body; this payload owns it from here on.</param>
    /// <param name="units">How many accepted units (spans, samples, log events, hits) the body stands for.</param>
    public IntakePayload(Signal signal, IntakeKind kind, PooledBuffer body, long units)
        : this(signal, kind, new SharedBody(body), units)
    {
    }

    private IntakePayload(Signal signal, IntakeKind kind, SharedBody body, long units)
    {
        Signal = signal;
        Kind = kind;
        Units = units;
        _body = body;
    }

    public Signal Signal { get; }

    public IntakeKind Kind { get; }

    /// <summary>Where it goes instead of to the main intake: it is a copy, which counts nowhere.</summary>
    public IntakeDestination? Destination { get; private init; }

    /// <summary>The client's request that the body is passed on with; null: the endpoint of its <see cref="Kind"/> says how it is sent.</summary>
    public ForwardedRequest? Forward { get; init; }

    /// <summary>The key it is sent with instead of the agent's; null = the agent's.</summary>
    public string? OwnKey => Destination?.ApiKey ?? Forward?.ApiKey;

    public PooledBuffer Body => _body.Buffer;

    /// <summary>True once <see cref="Body"/> is gzip.</summary>
    public bool IsCompressed => _body.IsCompressed;

    /// <summary>0 for a copy.</summary>
    public long Units { get; }

    /// <summary>Headers of this payload beside those of its endpoint.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>Failed attempts to send it.</summary>
    public int FailedAttempts { get; set; }

    /// <summary>The same body for another intake; to be disposed like any payload.</summary>
    public IntakePayload CopyFor(IntakeDestination destination)
    {
        _body.Share();
        return new IntakePayload(Signal, Kind, _body, units: 0) { Destination = destination, Headers = Headers, Forward = Forward };
    }

    /// <summary>Replaces the body by its gzip form, once: a payload that is sent again, or to several intakes, is not compressed again.</summary>
    public void Compress() => _body.Compress();

    public void Dispose()
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            _body.Release();
        }
    }

    /// <summary>A body that goes back to the pool when its last payload is disposed. Thread-safe.</summary>
    private sealed class SharedBody(PooledBuffer buffer)
    {
        private readonly Lock _gate = new();
        private volatile PooledBuffer _buffer = buffer;
        private volatile bool _isCompressed;
        private int _payloads = 1;

        public PooledBuffer Buffer => _buffer;

        public bool IsCompressed => _isCompressed;

        public void Share() => Interlocked.Increment(ref _payloads);

        public void Release()
        {
            if (Interlocked.Decrement(ref _payloads) == 0)
            {
                _buffer.Dispose();
            }
        }

        public void Compress()
        {
            lock (_gate)
            {
                if (_isCompressed)
                {
                    return;
                }

                PooledBuffer compressed = PooledBuffer.Rent(Math.Max(256, _buffer.Length / 4));
                using (var sink = new PooledBufferStream(compressed))
                using (var gzip = new GZipStream(sink, CompressionLevel.Fastest))
                {
                    gzip.Write(_buffer.WrittenSpan);
                }

                _buffer.Dispose();
                _buffer = compressed;
                _isCompressed = true;
            }
        }
    }
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

    /// <summary>A client's request, passed on: <see cref="IntakePayload.Forward"/>.</summary>
    Proxied,
}
