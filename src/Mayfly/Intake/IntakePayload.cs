using System.Diagnostics.CodeAnalysis;
using Mayfly.Config;
using Mayfly.Diagnostics;
using Mayfly.Wire;

namespace Mayfly.Intake;

/// <summary>One request body for an intake. Owned by the flush that took it until it is delivered or dropped.</summary>
public sealed class IntakePayload : IDisposable
{
    private SharedBody _body;
    private bool _isHalf;
    private bool _isDisposed;

    /// <param name="signal">Whose counters it belongs to.</param>
    /// <param name="kind">The endpoint it is for.</param>
    /// <param name="body">The encoded body; this payload owns it from here on.</param>
    /// <param name="units">How many accepted units (spans, samples, log events, hits) the body stands for.</param>
    public IntakePayload(Signal signal, IntakeKind kind, PooledBuffer body, long units)
        : this(signal, kind, new SharedBody(body), units)
    {
    }

    /// <summary>One that was kept on disk.</summary>
    /// <param name="coding">What <paramref name="body"/> is.</param>
    public static IntakePayload Restore(
        Signal signal,
        IntakeKind kind,
        PooledBuffer body,
        long units,
        ContentCoding coding,
        IReadOnlyList<KeyValuePair<string, string>> headers,
        IntakeDestination? destination) =>
        new(signal, kind, new SharedBody(body, coding), units) { Headers = headers, Destination = destination };

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
    public string? OwnKey => OwnKeySetting?.Value;

    /// <summary>The same with the setting that it stands in.</summary>
    public KeySetting? OwnKeySetting => Destination?.ApiKey ?? Forward?.ApiKey;

    public PooledBuffer Body => _body.Buffer;

    /// <summary>What <see cref="Body"/> is.</summary>
    public ContentCoding Coding => _body.Coding;

    /// <summary>0 for a copy.</summary>
    public long Units { get; }

    /// <summary>Headers of this payload beside those of its endpoint.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>Failed attempts to send it.</summary>
    public int FailedAttempts { get; set; }

    /// <summary>The same for another intake; to be disposed like any payload.</summary>
    /// <param name="destination">The intake.</param>
    /// <param name="sharesBody">False where both are not compressed alike: the copy gets the plain body.</param>
    public IntakePayload CopyFor(IntakeDestination destination, bool sharesBody = true)
    {
        SharedBody body = _body;
        if (sharesBody)
        {
            _body.Share();
        }
        else
        {
            PooledBuffer own = PooledBuffer.Rent(Body.Length);
            if (_body.TryCopyPlainTo(own))
            {
                body = new SharedBody(own);
            }
            else
            {
                own.Dispose();
                _body.Share();
            }
        }

        return new IntakePayload(Signal, Kind, body, units: 0) { Destination = destination, Headers = Headers, Forward = Forward };
    }

    /// <summary>
    /// Makes two payloads of one whose body is a JSON array, once: halves stay whole. They replace this one, which stays its owner's to dispose.
    /// False: it is no array of two elements or more, or a half.
    /// </summary>
    public bool TrySplit([NotNullWhen(true)] out IntakePayload? first, [NotNullWhen(true)] out IntakePayload? second)
    {
        (first, second) = (null, null);
        using PooledBuffer plain = PooledBuffer.Rent(Body.Length);
        if (_isHalf || !_body.TryCopyPlainTo(plain) || !JsonArrayHalves.TryFind(plain.WrittenSpan, out JsonArrayHalves halves))
        {
            return false;
        }

        long unitsOfFirst = Units * halves.FirstCount / halves.Count;
        first = Half(halves.First(plain.WrittenSpan), unitsOfFirst);
        second = Half(halves.Second(plain.WrittenSpan), Units - unitsOfFirst);
        return true;
    }

    /// <summary>Replaces the body by its compressed form, once: a payload that is sent again, or to several intakes, is not compressed again.</summary>
    public void Compress(BodyCompression how) => _body.Compress(how);

    /// <summary>
    /// Compresses it anew, while it is not being sent, for an intake that does not take what it is; other payloads of the same body keep theirs.
    /// </summary>
    public void CompressAnew(BodyCompression how)
    {
        PooledBuffer plain = PooledBuffer.Rent(Body.Length);
        var own = new SharedBody(plain);
        if (!_body.TryCopyPlainTo(plain))
        {
            own.Release();
            return;
        }

        own.Compress(how);
        _body.Release();
        _body = own;
    }

    private IntakePayload Half(PooledBuffer body, long units) => new(Signal, Kind, new SharedBody(body), units)
    {
        Destination = Destination,
        Headers = Headers,
        _isHalf = true,
        FailedAttempts = FailedAttempts,
    };

    public void Dispose()
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            _body.Release();
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

    /// <summary>JSON object of lists of events, <c>/intake/</c>.</summary>
    Events,

    /// <summary>JSON array of service checks, <c>/api/v1/check_run</c>.</summary>
    ServiceChecks,

    /// <summary>JSON array of log events, <c>/api/v2/logs</c>.</summary>
    Logs,

    /// <summary>A client's request, passed on: <see cref="IntakePayload.Forward"/>.</summary>
    Proxied,
}
