namespace Mayfly.Diagnostics;

/// <summary>
/// What flows through the agent. The unit that is counted: spans, metric samples, log events; in Stats spans too, those that count; requests.
/// </summary>
public enum Signal
{
    Traces,
    Metrics,
    Logs,
    Stats,

    /// <summary>Requests of clients that are passed on to an intake as they are.</summary>
    Proxied,
}

/// <summary>Why accepted units were not delivered. Each has a name in <c>/debug/mayfly</c>.</summary>
public enum DropReason
{
    /// <summary>The signal's buffer had no room; the oldest or the newest units went, as the buffer says.</summary>
    BufferFull,

    /// <summary>A flush had no API key to send with.</summary>
    NoApiKey,

    /// <summary>The intake refused the payload for good (4xx).</summary>
    Rejected,

    /// <summary>The intake could not be reached, or failed, more often than a payload is kept.</summary>
    Unreachable,

    /// <summary>The process ended with units still on board.</summary>
    Shutdown,

    /// <summary>Too much waited on disk for an intake that does not answer; the oldest units went.</summary>
    SpoolFull,

    /// <summary>What waited on disk was no longer what had been written.</summary>
    Damaged,

    /// <summary>What arrived could not be understood; counted when the number of units is known.</summary>
    Malformed,

    /// <summary>Metrics: more distinct contexts than the limit. Stats: more distinct keys; the span is delivered, but under the key of all of these.</summary>
    ContextLimit,

    /// <summary>The user's filters reject them: <c>DD_APM_IGNORE_RESOURCES</c>, <c>DD_APM_FILTER_TAGS_…</c>, rules for logs, lists of metrics.</summary>
    Filtered,

    /// <summary>Traces: the tracer or a sampler decided against them, and their statistics are computed elsewhere.</summary>
    Sampled,
}

/// <summary>What a limit left out of something that was accepted and kept. Each has a name in <c>/debug/mayfly</c>.</summary>
public enum Omission
{
    /// <summary>Records of an event that were not looked at for trace contexts and span pointers.</summary>
    BatchRecord,

    /// <summary>Values of a captured event or response.</summary>
    PayloadValue,

    /// <summary>Items of baggage that would have become tags.</summary>
    BaggageItem,

    /// <summary>Invocations of a web application that made room for newer ones before their spans were put below them.</summary>
    ReparentedInvocation,

    /// <summary>Datagrams that the operating system threw away before the agent could read them; what was in them nobody knows.</summary>
    Datagram,

    /// <summary>Files of an earlier process of this sandbox that were damaged; what was in them nobody knows.</summary>
    SpooledFile,
}

/// <summary>
/// The counters of one signal. At every moment accepted = delivered + buffered + stored + the sum of dropped; buffered is derived from that.
/// </summary>
/// <remarks>Lock-free; <see cref="DropReason.Malformed"/> units were never accepted and are not part of the sum.</remarks>
public sealed class SignalCounters
{
    private readonly long[] _dropped = new long[Enum.GetValues<DropReason>().Length];
    private long _accepted;
    private long _delivered;
    private long _retried;
    private long _stored;
    private long _recovered;

    public long Accepted => Interlocked.Read(ref _accepted);

    public long Delivered => Interlocked.Read(ref _delivered);

    public long Retried => Interlocked.Read(ref _retried);

    /// <summary>What waits on disk now, and would outlive the process.</summary>
    public long Stored => Interlocked.Read(ref _stored);

    /// <summary>Of those accepted: by an earlier process of this sandbox, which left them on disk.</summary>
    public long Recovered => Interlocked.Read(ref _recovered);

    /// <summary>Accepted and neither delivered, nor dropped, nor on disk; never negative.</summary>
    public long Buffered
    {
        get
        {
            // What has left is read first: units that come and go meanwhile must not look as if they had left before they came.
            long gone = Delivered + Stored;
            for (int reason = 0; reason < _dropped.Length; reason++)
            {
                gone += reason == (int)DropReason.Malformed ? 0 : Interlocked.Read(ref _dropped[reason]);
            }

            return Accepted - gone;
        }
    }

    /// <summary>Whatever the reason, malformed units included.</summary>
    public long DroppedInAll
    {
        get
        {
            long sum = 0;
            for (int reason = 0; reason < _dropped.Length; reason++)
            {
                sum += Interlocked.Read(ref _dropped[reason]);
            }

            return sum;
        }
    }

    public long DroppedFor(DropReason reason) => Interlocked.Read(ref _dropped[(int)reason]);

    public void Accept(long units) => Interlocked.Add(ref _accepted, units);

    public void Deliver(long units) => Interlocked.Add(ref _delivered, units);

    public void Retry(long units) => Interlocked.Add(ref _retried, units);

    /// <param name="units">Written to disk; negative: no longer there.</param>
    public void Store(long units) => Interlocked.Add(ref _stored, units);

    /// <summary>Found on disk; accepted anew by this process.</summary>
    public void Recover(long units)
    {
        Interlocked.Add(ref _recovered, units);
        Accept(units);
    }

    public void Drop(DropReason reason, long units) => Interlocked.Add(ref _dropped[(int)reason], units);
}

/// <summary>All counters of the process; see <see cref="SignalCounters"/> and <see cref="Omission"/>. Served as JSON on <c>GET /debug/mayfly</c>.</summary>
public sealed class Counters
{
    private readonly SignalCounters[] _signals = [new(), new(), new(), new(), new()];
    private readonly long[] _omitted = new long[Enum.GetValues<Omission>().Length];

    public SignalCounters this[Signal signal] => _signals[(int)signal];

    public long Omitted(Omission kind) => Interlocked.Read(ref _omitted[(int)kind]);

    public void Omit(Omission kind, long units) => Interlocked.Add(ref _omitted[(int)kind], units);
}
