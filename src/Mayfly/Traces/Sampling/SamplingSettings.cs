namespace Mayfly.Traces.Sampling;

/// <summary>Which traces leave the agent (docs/spec/03-traces.md#311-sampling). The defaults keep everything until somebody computes statistics.</summary>
public sealed record SamplingSettings
{
    /// <summary>The agent computes the statistics of traces: those that were sampled out need not leave it.</summary>
    public bool ComputesStats { get; init; }

    /// <summary>Traces with an error that are kept per second although they were sampled out; 0 = none.</summary>
    public double ErrorTps { get; init; } = 10;

    /// <summary>Only traces with an error are wanted, up to <see cref="ErrorTps"/>.</summary>
    public bool KeepsErrorsOnly { get; init; }

    /// <summary>Percentage of the traces that the probabilistic sampler keeps, whatever their priority; null: it is off.</summary>
    public double? Percentage { get; init; }

    /// <summary>Agents with the same seed keep the same traces.</summary>
    public uint HashSeed { get; init; }

    /// <summary>The probabilistic sampler looks at all 128 bits of the trace id.</summary>
    public bool HashesFullTraceId { get; init; }
}
