namespace Mayfly.Logs;

/// <summary>Limits of the log path (docs/spec/04-metrics-logs.md#c10-batches). All sizes are bytes of uncompressed JSON.</summary>
public sealed record LogSettings
{
    /// <summary>What may wait for a flush; beyond it the oldest events go. Default 8 MiB.</summary>
    public int BufferBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>Events in one request body.</summary>
    public int MaxEventsPerBody { get; init; } = 1000;

    /// <summary>Size of one request body, brackets and commas included. A single event that is larger still gets a body of its own.</summary>
    public int MaxBodyBytes { get; init; } = 5_000_000;

    /// <summary>Size of one event; the message of a longer one is cut.</summary>
    public int MaxEventBytes { get; init; } = 1_000_000;
}
