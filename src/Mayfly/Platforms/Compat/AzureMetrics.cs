using Mayfly.Metrics;
using Mayfly.Tags;

namespace Mayfly.Platforms.Compat;

/// <summary>
/// The metrics that the agent makes on Azure Functions: that the instance is there, and the CPU it uses
/// (docs/spec/06-compat-and-init.md#a10-metrics-produced-by-the-agent-azure-functions-only).
/// </summary>
public sealed class AzureMetrics
{
    private static readonly TimeSpan InstanceInterval = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan CpuInterval = TimeSpan.FromSeconds(1);

    private readonly MetricAggregator _metrics;
    private readonly TimeProvider _time;
    private readonly CpuMeter? _cpu;
    private readonly TagSet _tags;
    private readonly TagSet? _instanceTags;
    private long _instanceAt;
    private long _cpuAt;

    /// <param name="metrics">Takes them.</param>
    /// <param name="site">Says what they are of.</param>
    /// <param name="launcherVersion">One of their tags; null: none.</param>
    /// <param name="cpu">Null: the user does not want the CPU metric.</param>
    /// <param name="time">The clock.</param>
    public AzureMetrics(MetricAggregator metrics, AzureSite site, string? launcherVersion, CpuMeter? cpu, TimeProvider time)
    {
        (_metrics, _cpu, _time) = (metrics, cpu, time);
        _tags = site.MetricTags(launcherVersion);
        _instanceTags = site.InstanceName is { } name ? _tags.With("instance", name.ToLowerInvariant()) : null;
        _instanceAt = time.GetTimestamp();
        _cpuAt = _instanceAt;
        cpu?.Measure();
    }

    /// <summary>Adds what is due; called often.</summary>
    public void Tick()
    {
        if (IsDue(ref _instanceAt, InstanceInterval) && _instanceTags is not null)
        {
            _metrics.AddGauge("azure.functions.enhanced.instance", 1, Now(), _instanceTags);
        }

        if (_cpu is not null && IsDue(ref _cpuAt, CpuInterval) && _cpu.Measure() is { } nanocores)
        {
            _metrics.AddDistribution("azure.functions.enhanced.cpu.usage", nanocores, Now(), _tags);
        }
    }

    private bool IsDue(ref long last, TimeSpan interval)
    {
        long now = _time.GetTimestamp();
        if (_time.GetElapsedTime(last, now) < interval)
        {
            return false;
        }

        last = now;
        return true;
    }

    private long Now() => _time.GetUtcNow().ToUnixTimeSeconds();
}
