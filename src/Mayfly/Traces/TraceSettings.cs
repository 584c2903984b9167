using Mayfly.Config;

namespace Mayfly.Traces;

/// <summary>What a <see cref="TracePipeline"/> is told once, at start-up.</summary>
public sealed record TraceSettings
{
    public const int DefaultBufferBytes = 16 * 1024 * 1024;

    /// <summary>The default environment: of the agent, and of a request whose spans name none. Empty = unknown.</summary>
    public required string Env { get; init; }

    public required string AgentVersion { get; init; }

    /// <summary>Encoded bytes kept between two flushes; beyond, the oldest go.</summary>
    public int BufferBytes { get; init; } = DefaultBufferBytes;

    /// <summary>
    /// Nobody between the tracer and the intake computes statistics: ask the intake to (<c>_dd.compute_stats</c>), unless the tracer sends its own.
    /// </summary>
    public bool AsksIntakeForStats { get; init; }

    /// <summary>Traces that the user does not want.</summary>
    public TraceFilterSettings Filters { get; init; } = TraceFilterSettings.None;

    public SamplingSettings Sampling { get; init; } = new();

    /// <summary>Resources may be three times as long as they may be else: the feature <c>big_resource</c>.</summary>
    public bool KeepsBigResources { get; init; }

    /// <summary>What is hidden in spans.</summary>
    public ObfuscationSettings Obfuscation { get; init; } = ObfuscationSettings.Default;
}
