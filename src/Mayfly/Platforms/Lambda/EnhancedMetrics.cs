using Mayfly.Metrics;
using Mayfly.Platforms.Lambda.Invocations;
using Mayfly.Platforms.Lambda.Usage;
using Mayfly.Tags;

namespace Mayfly.Platforms.Lambda;

/// <summary>
/// The <c>aws.lambda.enhanced.*</c> distributions: what the platform said about an invocation, as metrics
/// (docs/spec/01-lambda-lifecycle.md#5-enhanced-metrics). Times are Unix seconds.
/// </summary>
public sealed class EnhancedMetrics(MetricAggregator metrics, bool isOn)
{
    private const double X86PricePerGbSecond = 0.0000166667;
    private const double ArmPricePerGbSecond = 0.0000133334;
    private const double PricePerRequest = 0.0000002;

    private int _initDurationSent;

    /// <summary>False: no call adds anything, so what only feeds these metrics need not be measured.</summary>
    public bool IsOn => isOn;

    public void Invocation(long atSeconds, TagSet tags) => Add("aws.lambda.enhanced.invocations", 1, atSeconds, tags);

    public void Error(long atSeconds, TagSet tags) => Add("aws.lambda.enhanced.errors", 1, atSeconds, tags);

    public void Timeout(long atSeconds, TagSet tags) => Add("aws.lambda.enhanced.timeouts", 1, atSeconds, tags);

    /// <summary>The caller sees to it that a request id counts once.</summary>
    public void OutOfMemory(long atSeconds, TagSet tags) => Add("aws.lambda.enhanced.out_of_memory", 1, atSeconds, tags);

    /// <summary>SHUTDOWN of the sandbox.</summary>
    /// <param name="isUnused">It never served an invocation.</param>
    /// <param name="atSeconds">Unix seconds.</param>
    /// <param name="tags">Those of the sandbox.</param>
    public void Shutdown(bool isUnused, long atSeconds, TagSet tags)
    {
        Add("aws.lambda.enhanced.shutdowns", 1, atSeconds, tags);
        if (isUnused)
        {
            Add("aws.lambda.enhanced.unused_init", 1, atSeconds, tags);
        }
    }

    /// <summary>What the end of the runtime says; a figure that is absent has no metric.</summary>
    public void RuntimeDone(RuntimeDone done, long atSeconds, TagSet tags)
    {
        AddIfKnown("aws.lambda.enhanced.runtime_duration", done.DurationMs, atSeconds, tags);
        AddIfKnown("aws.lambda.enhanced.produced_bytes", done.ProducedBytes, atSeconds, tags);
        AddIfKnown("aws.lambda.enhanced.response_latency", done.ResponseLatencyMs, atSeconds, tags);
        AddIfKnown("aws.lambda.enhanced.response_duration", done.ResponseDurationMs, atSeconds, tags);
    }

    /// <summary>The time between the runtime's end and the end of the invocation: what extensions and the platform took.</summary>
    public void PostRuntimeDuration(double durationMs, long atSeconds, TagSet tags) =>
        Add("aws.lambda.enhanced.post_runtime_duration", durationMs, atSeconds, tags);

    /// <summary>Given in ms, sent in seconds.</summary>
    public void SnapStartRestoreDuration(double durationMs, long atSeconds, TagSet tags) =>
        Add("aws.lambda.enhanced.snapstart_restore_duration", durationMs * 0.001, atSeconds, tags);

    /// <summary>Once in the life of the sandbox, whichever record brings it first.</summary>
    public void InitDuration(double durationMs, string initializationType, long atSeconds, TagSet tags)
    {
        if (Interlocked.Exchange(ref _initDurationSent, 1) == 0)
        {
            Add("aws.lambda.enhanced.init_duration", durationMs * 0.001, atSeconds, tags.With("init_type", initializationType));
        }
    }

    /// <summary>What the report of an invocation says; a figure that is absent has no metric.</summary>
    public void Report(ReportFigures report, long atSeconds, TagSet tags)
    {
        AddIfKnown("aws.lambda.enhanced.duration", report.DurationMs * 0.001, atSeconds, tags);
        AddIfKnown("aws.lambda.enhanced.billed_duration", report.BilledDurationMs * 0.001, atSeconds, tags);
        AddIfKnown("aws.lambda.enhanced.memorysize", report.MemorySizeMb, atSeconds, tags);
        AddIfKnown("aws.lambda.enhanced.max_memory_used", report.MaxMemoryUsedMb, atSeconds, tags);
        if (report.BilledDurationMs is { } billed && report.MemorySizeMb is { } memory)
        {
            Add("aws.lambda.enhanced.estimated_cost", EstimatedCost(billed, memory, FunctionIdentity.ArchitectureName), atSeconds, tags);
        }

        if (report.InitDurationMs is { } initMs)
        {
            InitDuration(initMs, "on-demand", atSeconds, tags);
        }
    }

    /// <summary>CPU time of all processes during an invocation, ms. Counters that ran backwards measured nothing.</summary>
    internal void CpuTime(double userMs, double systemMs, long atSeconds, TagSet tags)
    {
        if (userMs >= 0 && systemMs >= 0)
        {
            Add("aws.lambda.enhanced.cpu_user_time", userMs, atSeconds, tags);
            Add("aws.lambda.enhanced.cpu_system_time", systemMs, atSeconds, tags);
            Add("aws.lambda.enhanced.cpu_total_time", userMs + systemMs, atSeconds, tags);
        }
    }

    internal void CpuUtilization(in CpuUtilization utilization, long atSeconds, TagSet tags)
    {
        Add("aws.lambda.enhanced.cpu_total_utilization_pct", utilization.TotalPercent, atSeconds, tags);
        Add("aws.lambda.enhanced.cpu_total_utilization", utilization.TotalCores, atSeconds, tags);
        Add("aws.lambda.enhanced.num_cores", utilization.CoreCount, atSeconds, tags);
        AddIfKnown("aws.lambda.enhanced.cpu_max_utilization", utilization.MaxPercent, atSeconds, tags);
        AddIfKnown("aws.lambda.enhanced.cpu_min_utilization", utilization.MinPercent, atSeconds, tags);
    }

    /// <summary>Bytes that came in and went out during an invocation. Counters that ran backwards measured nothing.</summary>
    internal void Network(double receivedBytes, double sentBytes, long atSeconds, TagSet tags)
    {
        if (receivedBytes >= 0 && sentBytes >= 0)
        {
            Add("aws.lambda.enhanced.rx_bytes", receivedBytes, atSeconds, tags);
            Add("aws.lambda.enhanced.tx_bytes", sentBytes, atSeconds, tags);
            Add("aws.lambda.enhanced.total_network", receivedBytes + sentBytes, atSeconds, tags);
        }
    }

    internal void Limits(ProcessLimits limits, long atSeconds, TagSet tags)
    {
        Add("aws.lambda.enhanced.fd_max", limits.OpenFiles, atSeconds, tags);
        Add("aws.lambda.enhanced.threads_max", limits.Threads, atSeconds, tags);
    }

    /// <summary>A figure that no sample had has no metric.</summary>
    internal void Peaks(in UsagePeaks peaks, long atSeconds, TagSet tags)
    {
        AddIfKnown("aws.lambda.enhanced.fd_use", peaks.OpenFiles > 0 ? peaks.OpenFiles : null, atSeconds, tags);
        AddIfKnown("aws.lambda.enhanced.threads_use", peaks.Threads > 0 ? peaks.Threads : null, atSeconds, tags);
        if (peaks.Tmp.Used > 0)
        {
            Add("aws.lambda.enhanced.tmp_used", peaks.Tmp.Used, atSeconds, tags);
            Add("aws.lambda.enhanced.tmp_max", peaks.Tmp.Size, atSeconds, tags);
            Add("aws.lambda.enhanced.tmp_free", peaks.Tmp.Size - peaks.Tmp.Used, atSeconds, tags);
        }
    }

    /// <summary>USD, to 12 decimals, half away from zero.</summary>
    internal static double EstimatedCost(double billedMs, double memoryMb, string architecture)
    {
        double pricePerGbSecond = architecture == "arm64" ? ArmPricePerGbSecond : X86PricePerGbSecond;
        return Math.Round(PricePerRequest + (billedMs * 0.001 * memoryMb / 1024 * pricePerGbSecond), 12, MidpointRounding.AwayFromZero);
    }

    private void AddIfKnown(string name, double? value, long atSeconds, TagSet tags)
    {
        if (value is { } known)
        {
            Add(name, known, atSeconds, tags);
        }
    }

    private void Add(string name, double value, long atSeconds, TagSet tags)
    {
        if (isOn)
        {
            metrics.AddDistribution(name, value, atSeconds, tags);
        }
    }
}
