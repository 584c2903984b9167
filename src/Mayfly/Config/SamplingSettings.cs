namespace Mayfly.Config;

/// <summary>Which traces leave the agent (docs/spec/03-traces.md#311-sampling). The defaults keep everything until somebody computes statistics.</summary>
public sealed record SamplingSettings
{
    public const double DefaultErrorTps = 10;

    /// <summary>The agent computes the statistics of traces: those that were sampled out need not leave it.</summary>
    public bool ComputesStats { get; init; }

    /// <summary>Traces with an error that are kept per second although they were sampled out; 0 = none.</summary>
    public double ErrorTps { get; init; } = DefaultErrorTps;

    /// <summary>Only traces with an error are wanted, up to <see cref="ErrorTps"/>.</summary>
    public bool KeepsErrorsOnly { get; init; }

    /// <summary>Percentage of the traces that the probabilistic sampler keeps, whatever their priority; null: it is off.</summary>
    public double? Percentage { get; init; }

    /// <summary>Agents with the same seed keep the same traces.</summary>
    public uint HashSeed { get; init; }

    /// <summary>The probabilistic sampler looks at all 128 bits of the trace id.</summary>
    public bool HashesFullTraceId { get; init; }

    internal static SamplingSettings Read(EnvReader env, TraceFeatures features)
    {
        return new SamplingSettings
        {
            ComputesStats = env.Bool(Keys.ComputeStats, @default: false),
            ErrorTps = env.Number(Keys.ErrorTps, DefaultErrorTps, min: 0, max: 1_000_000),
            KeepsErrorsOnly = env.Bool(Keys.ErrorTrackingStandalone, @default: false),
            Percentage = ReadPercentage(env),
            HashSeed = (uint)env.Number(Keys.ProbabilisticSamplerSeed, @default: 0, min: 0, max: uint.MaxValue),
            HashesFullTraceId = features.HashesFullTraceId,
        };
    }

    /// <summary>A sampler that is on without a percentage would keep nothing; nobody means that.</summary>
    private static double? ReadPercentage(EnvReader env)
    {
        const double All = 100;
        double percentage = env.Number(Keys.ProbabilisticSamplerPercentage, All, min: 0, max: All);
        if (!env.Bool(Keys.ProbabilisticSampler, @default: false))
        {
            return null;
        }

        if (env.Text(Keys.ProbabilisticSamplerPercentage) is null)
        {
            env.Warn(Keys.ProbabilisticSampler, "true", $"{Keys.ProbabilisticSamplerPercentage} beside it, every trace is kept");
        }

        return percentage;
    }
}
