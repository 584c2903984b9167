namespace Mayfly.Platforms.Lambda.RuntimeProxy;

/// <summary>What the Runtime API proxy did so far. Thread-safe.</summary>
public sealed class RuntimeProxyCounters
{
    private readonly long[] _copies = new long[Enum.GetValues<CopyStatus>().Length];
    private long _connections;
    private long _exchanges;
    private long _tunnelled;
    private long _refused;

    /// <summary>Connections of clients that are open now.</summary>
    public long OpenConnections => Interlocked.Read(ref _connections);

    /// <summary>Requests passed on.</summary>
    public long Exchanges => Interlocked.Read(ref _exchanges);

    /// <summary>Connections that were relayed byte by byte because what they carried could not be understood.</summary>
    public long Tunnelled => Interlocked.Read(ref _tunnelled);

    /// <summary>Requests answered with 500, as the Runtime API could not be reached or did not answer.</summary>
    public long Refused => Interlocked.Read(ref _refused);

    /// <summary>Messages shown to the observer, by what became of the copy of their body.</summary>
    public long Copies(CopyStatus status) => Interlocked.Read(ref _copies[(int)status]);

    internal void Opened() => Interlocked.Increment(ref _connections);

    internal void Closed() => Interlocked.Decrement(ref _connections);

    internal void Exchanged() => Interlocked.Increment(ref _exchanges);

    internal void TunnelOpened() => Interlocked.Increment(ref _tunnelled);

    internal void RequestRefused() => Interlocked.Increment(ref _refused);

    internal void Copied(CopyStatus status) => Interlocked.Increment(ref _copies[(int)status]);
}
