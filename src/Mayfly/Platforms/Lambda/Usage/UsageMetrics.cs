using Mayfly.Tags;

namespace Mayfly.Platforms.Lambda.Usage;

/// <summary>
/// The enhanced metrics that come from the operating system instead of from the platform: CPU, network, open files, threads, temporary space. One call at each
/// of INVOKE, <c>runtimeDone</c>, <c>report</c> and SHUTDOWN; calls in excess do nothing.
/// </summary>
/// <remarks>
/// <para>docs/spec/01-lambda-lifecycle.md#5-enhanced-metrics. A file that is missing or malformed costs the metrics that need it and no other.</para>
/// <para>Thread-safe. Nothing is read and no timer runs when enhanced metrics are off; without <see cref="UsageSettings.ReadsUsage"/> only the limits
/// are.</para>
/// </remarks>
public sealed class UsageMetrics : IDisposable
{
    private readonly Lock _gate = new();
    private readonly EnhancedMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly bool _isConcurrent;
    private readonly ProcReader _proc;
    private readonly UsageSampler? _sampler;
    private readonly SamplingPace _limitsPace;
    private ProcessLimits? _limits;

    public UsageMetrics(EnhancedMetrics metrics, UsageSettings settings, TimeProvider time)
    {
        _metrics = metrics;
        _time = time;
        _isConcurrent = settings.IsConcurrent;
        _proc = new ProcReader(settings.ProcDirectory);
        _limitsPace = new SamplingPace(time);
        _sampler = metrics.IsOn && settings.ReadsUsage
            ? new UsageSampler(new ProcReader(settings.ProcDirectory), settings.TmpDirectory, settings.IsConcurrent, time)
            : null;
    }

    /// <summary>INVOKE (managed instances: <c>platform.start</c>).</summary>
    public InvocationUsage Begin()
    {
        if (_sampler is null)
        {
            return new InvocationUsage(sampling: 0);
        }

        int sampling = _sampler.Begin();
        lock (_gate)
        {
            return new InvocationUsage(sampling)
            {
                Cpu = _proc.TryReadCpu(out CpuTimes cpu) ? cpu : null,
                UptimeMs = _proc.TryReadUptime(out double uptimeMs) ? uptimeMs : null,
                Network = _proc.TryReadNetwork(out NetworkBytes network) ? network : null,
            };
        }
    }

    /// <summary>
    /// <c>platform.runtimeDone</c>: CPU utilization; one invocation at a time: limits and peaks too. <paramref name="atSeconds"/> is the record's time, in Unix
    /// seconds; what is measured here is stamped with now.
    /// </summary>
    public void RuntimeDone(InvocationUsage usage, long atSeconds, TagSet tags)
    {
        if (!_metrics.IsOn || !usage.TryFinishRuntime())
        {
            return;
        }

        UsagePeaks peaks = _sampler?.End(usage.Sampling) ?? default;
        if (!_isConcurrent)
        {
            AddLimitsAndPeaks(peaks, atSeconds, tags);
        }

        if (usage is { Cpu: { } startCpu, UptimeMs: { } startUptimeMs } && UtilizationSince(startCpu, startUptimeMs) is { } utilization)
        {
            _metrics.CpuUtilization(utilization, NowSeconds, tags);
        }
    }

    /// <summary><c>platform.report</c>: CPU time and network traffic, after what <see cref="RuntimeDone"/> does, should that not have been called.</summary>
    public void Reported(InvocationUsage usage, long atSeconds, TagSet tags)
    {
        RuntimeDone(usage, atSeconds, tags);
        if (!_metrics.IsOn || !usage.TryFinishReport())
        {
            return;
        }

        CpuTimes? endCpu = null;
        NetworkBytes? endNetwork = null;
        lock (_gate)
        {
            endCpu = usage.Cpu is not null && _proc.TryReadCpu(out CpuTimes cpu) ? cpu : null;
            endNetwork = usage.Network is not null && _proc.TryReadNetwork(out NetworkBytes network) ? network : null;
        }

        if (usage.Network is { } startNetwork && endNetwork is { } sinceNetwork)
        {
            _metrics.Network((double)sinceNetwork.Received - startNetwork.Received, (double)sinceNetwork.Sent - startNetwork.Sent, NowSeconds, tags);
        }

        if (usage.Cpu is { } startCpu && endCpu is { } sinceCpu)
        {
            _metrics.CpuTime(sinceCpu.UserMs - startCpu.UserMs, sinceCpu.SystemMs - startCpu.SystemMs, NowSeconds, tags);
        }
    }

    /// <summary>An invocation that will have no more records: what it held of the sampling is given back, without a metric.</summary>
    public void Abandon(InvocationUsage usage)
    {
        if (usage.TryFinishRuntime())
        {
            _sampler?.End(usage.Sampling);
        }

        usage.TryFinishReport();
    }

    /// <summary>SHUTDOWN: with concurrent invocations, limits and the peaks of the sandbox's whole life.</summary>
    public void Shutdown(TagSet tags)
    {
        if (_metrics.IsOn && _isConcurrent)
        {
            AddLimitsAndPeaks(_sampler?.Peaks ?? default, NowSeconds, tags);
        }
    }

    public void Dispose() => _sampler?.Dispose();

    private long NowSeconds => _time.GetUtcNow().ToUnixTimeSeconds();

    private void AddLimitsAndPeaks(in UsagePeaks peaks, long atSeconds, TagSet tags)
    {
        if (ReadLimits() is { } limits)
        {
            _metrics.Limits(limits, atSeconds, tags);
        }

        _metrics.Peaks(peaks, atSeconds, tags);
    }

    /// <summary>
    /// Null where there are no processes to ask. Limits hardly ever change and every process has a file of them: they are kept where the pace asks for rest.
    /// </summary>
    private ProcessLimits? ReadLimits()
    {
        lock (_gate)
        {
            if (_limits is null || _limitsPace.Rest == TimeSpan.Zero)
            {
                long startNs = LinuxCalls.ThreadCpuNs;
                _limits = _proc.TryListProcesses(out ReadOnlySpan<int> processes) ? _proc.ReadLimits(processes) : null;
                _limitsPace.Spend(LinuxCalls.ThreadCpuNs - startNs);
            }

            return _limits;
        }
    }

    private CpuUtilization? UtilizationSince(in CpuTimes start, double startUptimeMs)
    {
        lock (_gate)
        {
            return _proc.TryReadCpu(out CpuTimes end) && _proc.TryReadUptime(out double endUptimeMs)
                ? CpuUtilization.Between(start, startUptimeMs, end, endUptimeMs)
                : null;
        }
    }
}
