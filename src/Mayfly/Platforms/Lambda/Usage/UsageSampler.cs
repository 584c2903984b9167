namespace Mayfly.Platforms.Lambda.Usage;

/// <summary>
/// Looks at the sandbox's open files, threads and temporary space while an invocation runs, and keeps the peaks; at rest between invocations, so a frozen
/// sandbox has no pending work. See <see cref="SamplingPace"/> for how often.
/// </summary>
/// <remarks>
/// <para>One at a time: peaks belong to one invocation, and a new one takes over from one that was never ended. An invocation is sampled at its end, unless the
/// pace forbids: one so short that it has no sample of its own takes over the last one, which is then no older than the rest that its cost asks for.</para>
/// <para>Concurrent: sampling goes on while any is active, and peaks are those of the sandbox's life. Samples allocate nothing. Thread-safe.</para>
/// </remarks>
internal sealed class UsageSampler : IDisposable
{
    private readonly Lock _gate = new();
    private readonly ProcReader _proc;
    private readonly byte[] _tmpPath;
    private readonly bool _isConcurrent;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly SamplingPace _pace;
    private UsagePeaks _last;
    private UsagePeaks _peaks;
    private int _active;
    private int _current;
    private long _resumedAt;
    private bool _hasSample;

    public UsageSampler(ProcReader proc, string tmpDirectory, bool isConcurrent, TimeProvider time)
    {
        _proc = proc;
        _tmpPath = TmpSpace.PathOf(tmpDirectory);
        _isConcurrent = isConcurrent;
        _time = time;
        _pace = new SamplingPace(time);
        _timer = time.CreateTimer(static sampler => ((UsageSampler)sampler!).Due(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Peaks so far.</summary>
    public UsagePeaks Peaks
    {
        get
        {
            lock (_gate)
            {
                return _peaks;
            }
        }
    }

    /// <summary>Number of samples taken; for tests and measurements.</summary>
    internal int SampleCount { get; private set; }

    /// <summary>Begins or goes on sampling. Returns what <see cref="End"/> wants back.</summary>
    public int Begin()
    {
        lock (_gate)
        {
            if (!_isConcurrent)
            {
                _active = 0;
                _peaks = default;
                _hasSample = false;
            }

            if (_active++ == 0)
            {
                _resumedAt = _time.GetTimestamp();
                Schedule();
            }

            return ++_current;
        }
    }

    /// <summary>
    /// Ends what <see cref="Begin"/> began, to be called once for each; the last one pauses sampling. Returns the peaks; none for an invocation whose place
    /// another one has taken.
    /// </summary>
    public UsagePeaks End(int invocation)
    {
        lock (_gate)
        {
            if (_active == 0 || (!_isConcurrent && invocation != _current))
            {
                return default;
            }

            if (_pace.Rest == TimeSpan.Zero)
            {
                Sample();
            }
            else if (!_hasSample)
            {
                _peaks = _last;
            }

            if (--_active == 0)
            {
                _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            }

            return _peaks;
        }
    }

    /// <summary>Takes one sample now, whether it is due or not.</summary>
    internal void Sample()
    {
        long startNs = LinuxCalls.ThreadCpuNs;
        _last = default;
        if (_proc.TryListProcesses(out ReadOnlySpan<int> processes))
        {
            _last.OpenFiles = _proc.CountOpenFiles(processes);
            _last.Threads = _proc.TryCountThreads(processes, out long threads) ? threads : 0;
        }

        _last.Tmp = TmpSpace.TryRead(_tmpPath, out TmpSpace space) ? space : default;
        _peaks.RaiseTo(_last);
        _pace.Spend(LinuxCalls.ThreadCpuNs - startNs);
        _hasSample = true;
        SampleCount++;
    }

    public void Dispose() => _timer.Dispose();

    private void Due()
    {
        lock (_gate)
        {
            // A sandbox that was frozen with the timer running wakes up here.
            if (_active > 0)
            {
                _pace.SpendWake();
                Sample();
                Schedule();
            }
        }
    }

    private void Schedule()
    {
        TimeSpan interval = SamplingPace.Interval(_time.GetElapsedTime(_resumedAt));
        TimeSpan rest = _pace.Rest;
        _timer.Change(interval >= rest ? interval : rest, Timeout.InfiniteTimeSpan);
    }
}
