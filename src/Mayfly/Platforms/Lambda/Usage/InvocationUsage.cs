namespace Mayfly.Platforms.Lambda.Usage;

/// <summary>
/// What the counters of the sandbox said when an invocation began, so that its share can be told at its end. Made by <see cref="UsageMetrics.Begin"/>.
/// </summary>
/// <remarks>An offset that is null could not be read: the metrics that need it are left out.</remarks>
public sealed class InvocationUsage
{
    private int _isRuntimeDone;
    private int _isReported;

    internal InvocationUsage(int sampling) => Sampling = sampling;

    /// <summary>What the sampler calls this invocation; 0 when nothing is sampled.</summary>
    internal int Sampling { get; }

    internal CpuTimes? Cpu { get; init; }

    internal double? UptimeMs { get; init; }

    internal NetworkBytes? Network { get; init; }

    /// <summary>True the first time.</summary>
    internal bool TryFinishRuntime() => Interlocked.Exchange(ref _isRuntimeDone, 1) == 0;

    /// <summary>True the first time.</summary>
    internal bool TryFinishReport() => Interlocked.Exchange(ref _isReported, 1) == 0;
}
