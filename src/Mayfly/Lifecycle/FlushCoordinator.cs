using Mayfly.Delivery;
using Mayfly.Diagnostics;
using Mayfly.Intake;
using Mayfly.Secrets;

namespace Mayfly.Lifecycle;

/// <summary>
/// Sends what all signals have accepted, at once and under one deadline. One flush runs at a time; a payload belongs to the coordinator from the moment it is
/// taken until it is delivered or dropped with a counted reason.
/// </summary>
/// <remarks>
/// Payloads go in lanes, one for each kind and intake: a lane that hangs or fails holds up only its own. What is not delivered is kept
/// (<see cref="Spool"/>, else memory) and sent again, newest first, once its intake answers; meanwhile that intake costs a flush nothing, but now and then a
/// short wait (<see cref="Circuit"/>). A kind of payload may have further intakes, each with a key of its own: they get copies, which are counted nowhere.
/// </remarks>
public sealed class FlushCoordinator : IDisposable
{
    /// <summary>What waits is worth a request of its own: with more, memory would follow the traffic.</summary>
    private const long LoadBytes = 256 * 1024;

    /// <summary>
    /// What is passed on for clients gets no more of a flush: it has many intakes, which a function's network may not reach, and the time may be billed
    /// (docs/spec/03-traces.md#17-proxied-endpoints, Answer and delivery).
    /// </summary>
    private static readonly TimeSpan LongestForProxied = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan LongestWaitForFrozen = TimeSpan.FromMilliseconds(100);

    /// <summary>Of the time of the last flush, for each step down in value (<see cref="LaneValue"/>).</summary>
    private const int ShareOfHeadStart = 8;

    /// <summary>Of an attempt that no flush waits for.</summary>
    private static readonly TimeSpan LongestDetached = TimeSpan.FromSeconds(5);

    private readonly IReadOnlyList<IPayloadSource> _sources;
    private readonly IntakeClient _intake;
    private readonly ApiKeyProvider _apiKey;
    private readonly Counters _counters;
    private readonly TimeProvider _time;
    private readonly Log _log;
    private readonly Jitter _jitter = new(new Random());
    private readonly PayloadStore _store;
    private readonly LaneSender _sender;
    private readonly Lock _lanesGate = new();
    private readonly Dictionary<LaneKey, DeliveryLane> _lanes = [];
    private readonly SemaphoreSlim _oneAtATime = new(1, 1);
    private readonly CancellationTokenSource _last = new();
    private volatile RunningFlush? _running;

    /// <param name="sources">The signals.</param>
    /// <param name="intake">Sends one payload.</param>
    /// <param name="apiKey">Asked by the first flush that has something to send.</param>
    /// <param name="counters">Of all signals.</param>
    /// <param name="log">Told once per cause.</param>
    /// <param name="time">The clock; null: the machine's.</param>
    /// <param name="spool">Where what is not delivered outlives the process; null: nowhere.</param>
    public FlushCoordinator(
        IReadOnlyList<IPayloadSource> sources,
        IntakeClient intake,
        ApiKeyProvider apiKey,
        Counters counters,
        Log log,
        TimeProvider? time = null,
        Spool? spool = null)
    {
        _sources = sources;
        _intake = intake;
        _apiKey = apiKey;
        _counters = counters;
        _log = log;
        _time = time ?? TimeProvider.System;
        _store = new PayloadStore(spool, intake, counters, _time);
        _sender = new LaneSender(intake, apiKey, _store, new RetryBudget(_time), counters, _time, _jitter, log);
    }

    /// <summary>Told by signals when so much waits that it had better be sent before its time.</summary>
    public FlushDemand Demand { get; init; } = new();

    /// <summary>How long a flush waits for an intake that may be tried again; null: as its circuit says.</summary>
    internal TimeSpan? ProbeWait { get; init; }

    /// <summary>So much waits that it had better be sent, whatever the clock says.</summary>
    public bool IsLoaded => _sources.Sum(static source => source.WaitingBytes) >= LoadBytes;

    /// <summary>Something waits for an intake that may be tried again: better beside a handler than at its end.</summary>
    public bool IsRecovering => _store.Lanes().Any(lane => LaneOf(lane).Circuit.State != CircuitState.Open);

    /// <summary>Takes and sends everything. Returns at the deadline, or when <paramref name="cut"/> is cancelled, at the latest; never throws.</summary>
    public async Task<FlushReport> FlushAsync(Deadline deadline, CancellationToken cut = default)
    {
        using CancellationTokenSource cancellation = deadline.ToCancellation();
        using CancellationTokenRegistration cutting = cut.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), cancellation);
        Deadline until = Deadline.In(_time, deadline.Left);
        try
        {
            await BeginAloneAsync(cancellation.Token);
        }
        catch (OperationCanceledException)
        {
            return default;
        }

        var running = new RunningFlush(cancellation, until);
        _running = running;
        try
        {
            return await FlushOnceAsync(deadline, cancellation.Token);
        }
        finally
        {
            running.End();
            _running = null;
            _oneAtATime.Release();
        }
    }

    /// <summary>
    /// The flush at the end of the process: as <see cref="FlushAsync"/>, but sources hold nothing back, every intake gets a chance, however it behaved, and
    /// the most valuable data goes first.
    /// </summary>
    public async Task<FlushReport> FlushLastAsync(Deadline deadline)
    {
        await _last.CancelAsync();
        return await FlushAsync(deadline);
    }

    /// <summary>
    /// At the end of the process: what is still on board goes to disk where it can, else it is counted as dropped. Returns the units so lost.
    /// </summary>
    public long DropRest()
    {
        _last.Cancel();
        long lost = 0;
        foreach (IntakePayload payload in TakeAll())
        {
            lost += _sender.Keep(LaneOf(payload), payload).Dropped;
        }

        return lost + _store.DropMemory();
    }

    public void Dispose()
    {
        _oneAtATime.Dispose();
        _last.Dispose();
    }

    /// <summary>
    /// Waits for the flush that runs. One that was frozen, and should be over by the time that has passed, gets a moment for answers that are there already:
    /// its timer stood still, and its connections may be dead.
    /// </summary>
    private async Task BeginAloneAsync(CancellationToken cancellation)
    {
        while (_running is { Until.HasPassed: true } frozen)
        {
            if (await _oneAtATime.WaitAsync(LongestWaitForFrozen, cancellation))
            {
                return;
            }

            frozen.Cut();
        }

        await _oneAtATime.WaitAsync(cancellation);
    }

    private async Task<FlushReport> FlushOnceAsync(Deadline deadline, CancellationToken cancellation)
    {
        _store.Recover();
        _store.BeginFlush();
        List<IntakePayload> payloads = TakeAll();
        if (payloads.Count == 0 && !(_last.IsCancellationRequested ? !_store.IsEmpty : IsRecovering))
        {
            return default;
        }

        (ApiKeyState state, string? key) = await _apiKey.GetAsync(cancellation);
        FlushReport report = default;
        if (key is null)
        {
            report = GoWithoutKey(payloads.FindAll(static payload => payload.OwnKey is null), state);
            payloads.RemoveAll(static payload => payload.OwnKey is null);
        }

        Dictionary<DeliveryLane, List<IntakePayload>> byLane = payloads.GroupBy(LaneOf).ToDictionary(static group => group.Key, static group => group.ToList());
        foreach (LaneKey waiting in key is null ? [] : _store.Lanes())
        {
            byLane.TryAdd(LaneOf(waiting), []);
        }

        Task<FlushReport> Go(DeliveryLane lane, List<IntakePayload> fresh) =>
            lane.Key.Kind == IntakeKind.Proxied ? GoBrieflyAsync(lane, fresh, key, deadline, cancellation) : GoAsync(lane, fresh, key, deadline, cancellation);

        FlushReport[] reports = await Task.WhenAll(_last.IsCancellationRequested
            ? await BeginByValueAsync(byLane, Go, deadline)
            : byLane.Select(pair => Go(pair.Key, pair.Value)));
        return reports.Aggregate(report, static (sum, one) => sum + one);
    }

    /// <summary>
    /// Begins the most valuable lanes first. The others wait until those are done, but for no more than a share of the time: an intake that hangs holds up
    /// nobody for long.
    /// </summary>
    private async Task<List<Task<FlushReport>>> BeginByValueAsync(
        Dictionary<DeliveryLane, List<IntakePayload>> byLane, Func<DeliveryLane, List<IntakePayload>, Task<FlushReport>> go, Deadline deadline)
    {
        TimeSpan headStart = deadline.Left / ShareOfHeadStart;
        var begun = new List<Task<FlushReport>>();
        foreach (IGrouping<int, KeyValuePair<DeliveryLane, List<IntakePayload>>> rank in byLane
            .GroupBy(pair => LaneValue.RankOf(pair.Key.Key.Kind, _intake.TryFind(pair.Key.Key, out IntakeDestination? copy) && copy is not null))
            .OrderBy(static rank => rank.Key))
        {
            await deadline.Within(headStart).WaitForAsync(Task.WhenAll(begun));
            begun.AddRange(rank.Select(pair => go(pair.Key, pair.Value)));
        }

        return begun;
    }

    private async Task<FlushReport> GoBrieflyAsync(
        DeliveryLane lane, List<IntakePayload> fresh, string? key, Deadline deadline, CancellationToken cancellation)
    {
        using CancellationTokenSource early = deadline.Within(LongestForProxied).ToCancellation();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, early.Token);
        return await GoAsync(lane, fresh, key, deadline, either.Token);
    }

    /// <summary>What one lane does in one flush.</summary>
    private async Task<FlushReport> GoAsync(DeliveryLane lane, List<IntakePayload> fresh, string? key, Deadline deadline, CancellationToken cancellation)
    {
        bool isLast = _last.IsCancellationRequested;
        if (isLast)
        {
            // It was cancelled, and gives its payload back.
            await deadline.WaitForAsync(lane.Detached);
        }

        CircuitState state = isLast ? CircuitState.Closed : lane.Circuit.State;
        if (state == CircuitState.Open || !lane.Detached.IsCompleted)
        {
            return KeepAll(lane, fresh);
        }

        if (state == CircuitState.HalfOpen)
        {
            return KeepAll(lane, fresh) + (key is null ? default : await ProbeAsync(lane, key, deadline, cancellation));
        }

        FlushReport report = await _sender.SendAsync(lane, fresh, key ?? "", cancellation);
        bool goesOn = key is not null && (isLast ? report.Kept == 0 : lane.Circuit.State == CircuitState.Closed);
        return goesOn ? report + await _sender.RedriveAsync(lane, key!, cancellation) : report;
    }

    /// <summary>One attempt, which goes on without this flush if it takes too long: the time is billed, and the intake was dead a moment ago.</summary>
    private async Task<FlushReport> ProbeAsync(DeliveryLane lane, string key, Deadline deadline, CancellationToken cancellation)
    {
        TimeSpan longestWait = ProbeWait ?? lane.Circuit.LongestWait;
        Task<(FlushReport Report, bool GoesOn)> attempt = AttemptDetachedAsync(lane, key);
        lane.Detached = attempt;
        await deadline.Within(longestWait).WaitForAsync(attempt);
        if (!attempt.IsCompleted)
        {
            return default;
        }

        (FlushReport report, bool goesOn) = await attempt;
        return goesOn ? report + await _sender.RedriveAsync(lane, key, cancellation) : report;
    }

    private async Task<(FlushReport Report, bool GoesOn)> AttemptDetachedAsync(DeliveryLane lane, string key)
    {
        await Task.Yield();
        try
        {
            using var limit = new CancellationTokenSource(LongestDetached, _time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _last.Token);
            return await _sender.RedriveOneAsync(lane, key, either.Token);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            _log.Error($"Sending again failed inside the agent, the function is not affected: {e}");
            return (default, false);
        }
    }

    /// <summary>A key that is being asked for may be there with the next flush; where there is none, nothing will ever be sent.</summary>
    private FlushReport GoWithoutKey(List<IntakePayload> payloads, ApiKeyState state)
    {
        if (state == ApiKeyState.Awaited)
        {
            return payloads.Aggregate(default(FlushReport), (sum, payload) => sum + _sender.Keep(LaneOf(payload), payload));
        }

        if (payloads.Count > 0)
        {
            DeliveryLog.NoKey(_log);
        }

        long units = payloads.Sum(static payload => payload.Units);
        foreach (IntakePayload payload in payloads)
        {
            _counters[payload.Signal].Drop(DropReason.NoApiKey, payload.Units);
            payload.Dispose();
        }

        return new FlushReport(0, units, 0);
    }

    private FlushReport KeepAll(DeliveryLane lane, List<IntakePayload> payloads) =>
        payloads.Aggregate(default(FlushReport), (sum, payload) => sum + _sender.Keep(lane, payload));

    private DeliveryLane LaneOf(IntakePayload payload) => LaneOf(_intake.LaneOf(payload));

    private DeliveryLane LaneOf(LaneKey key)
    {
        lock (_lanesGate)
        {
            if (!_lanes.TryGetValue(key, out DeliveryLane? lane))
            {
                lane = new DeliveryLane(key, new Circuit(_time, _jitter.Next));
                _lanes.Add(key, lane);
            }

            return lane;
        }
    }

    private List<IntakePayload> TakeAll()
    {
        Demand.Reset();
        List<IntakePayload> payloads = [];
        foreach (IPayloadSource source in _sources)
        {
            if (_last.IsCancellationRequested)
            {
                source.TakeLastPayloads(payloads);
            }
            else
            {
                source.TakePayloads(payloads);
            }
        }

        int end = payloads.Count;
        for (int i = 0; i < end; i++)
        {
            payloads.AddRange(_intake.CopiesOf(payloads[i]));
        }

        return payloads;
    }
}
