using Mayfly.Diagnostics;
using Mayfly.Intake;
using Mayfly.Secrets;

namespace Mayfly.Lifecycle;

/// <summary>What one flush did, in units of all signals together.</summary>
/// <param name="Delivered">Taken by an intake.</param>
/// <param name="Dropped">Given up, with a counted reason.</param>
/// <param name="Kept">Not delivered yet and kept for the next flush.</param>
public readonly record struct FlushReport(long Delivered, long Dropped, long Kept);

/// <summary>
/// Sends what all signals have accepted, at once and under one deadline. One flush runs at a time; a payload belongs to the coordinator from the moment it is
/// taken until it is delivered or dropped with a counted reason.
/// </summary>
/// <remarks>
/// A payload whose sending failed is kept for the next flush; after <see cref="AttemptLimit"/> attempts it is dropped, and beyond <see cref="KeptLimitBytes"/>
/// the oldest go
/// (docs/spec/04-metrics-logs.md#b11-response-handling, redrive).
/// The endpoints are independent: one that hangs holds up only its own payloads. A kind of payload may have further intakes, each with a key of its own:
/// they get copies, which are sent and kept as all payloads but counted nowhere; when there is no room for what waits, copies go first, then what is passed on
/// for clients.
/// </remarks>
public sealed class FlushCoordinator(
    IReadOnlyList<IPayloadSource> sources,
    IntakeClient intake,
    ApiKeyProvider apiKey,
    Counters counters,
    Log log) : IDisposable
{
    /// <summary>Bytes of payloads that wait for another attempt.</summary>
    public const long KeptLimitBytes = 8 * 1024 * 1024;

    /// <summary>What waits is worth a request of its own: with more, memory would follow the traffic.</summary>
    private const long LoadBytes = 256 * 1024;

    /// <summary>One attempt per flush; the first and the one of the next flush.</summary>
    private const int AttemptLimit = 2;

    /// <summary>
    /// What is passed on for clients gets no more of a flush: it has many intakes, which a function's network may not reach, and the time may be billed
    /// (docs/spec/03-traces.md#17-proxied-endpoints, Answer and delivery).
    /// </summary>
    private static readonly TimeSpan LongestForProxied = TimeSpan.FromSeconds(5);

    private const string CountedNotRepeated = "Later ones are counted in /debug/mayfly and not repeated here.";

    private readonly SemaphoreSlim _oneAtATime = new(1, 1);
    private readonly Lock _keptGate = new();
    private List<IntakePayload> _kept = [];
    private volatile bool _isLast;

    /// <summary>So much waits that it had better be sent, whatever the clock says.</summary>
    public bool IsLoaded => sources.Sum(static source => source.WaitingBytes) >= LoadBytes;

    /// <summary>Takes and sends everything. Returns at the deadline, or when <paramref name="cut"/> is cancelled, at the latest; never throws.</summary>
    public async Task<FlushReport> FlushAsync(Deadline deadline, CancellationToken cut = default)
    {
        using CancellationTokenSource cancellation = deadline.ToCancellation();
        using CancellationTokenRegistration cutting = cut.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), cancellation);
        try
        {
            await _oneAtATime.WaitAsync(cancellation.Token);
        }
        catch (OperationCanceledException)
        {
            return default;
        }

        try
        {
            return await FlushOnceAsync(deadline, cancellation.Token);
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    /// <summary>The flush at the end of the process: as <see cref="FlushAsync"/>, and sources hold nothing back.</summary>
    public Task<FlushReport> FlushLastAsync(Deadline deadline)
    {
        _isLast = true;
        return FlushAsync(deadline);
    }

    /// <summary>Counts what is still on board as dropped, at the end of the process.</summary>
    public void DropRest()
    {
        _isLast = true;
        foreach (IntakePayload payload in TakeAll())
        {
            Drop(payload, DropReason.Shutdown);
        }
    }

    public void Dispose() => _oneAtATime.Dispose();

    private async Task<FlushReport> FlushOnceAsync(Deadline deadline, CancellationToken cancellation)
    {
        List<IntakePayload> payloads = TakeAll();
        if (payloads.Count == 0)
        {
            return default;
        }

        (ApiKeyState state, string? key) = await apiKey.GetAsync(cancellation);
        FlushReport unsent = default;
        if (key is null)
        {
            unsent = GoWithoutKey([.. payloads.Where(static payload => payload.OwnKey is null)], state);
            payloads.RemoveAll(static payload => payload.OwnKey is null);
        }

        using CancellationTokenSource early = deadline.Within(LongestForProxied).ToCancellation();
        using var proxied = CancellationTokenSource.CreateLinkedTokenSource(cancellation, early.Token);
        FlushReport[] reports = await Task.WhenAll(payloads
            .GroupBy(static payload => (payload.Kind, IntakeOf(payload), payload.OwnKey))
            .Select(group => SendInOrderAsync([.. group], group.Key.OwnKey ?? key!, group.Key.Kind == IntakeKind.Proxied ? proxied.Token : cancellation)));
        return new FlushReport(
            reports.Sum(static r => r.Delivered), reports.Sum(static r => r.Dropped) + unsent.Dropped, reports.Sum(static r => r.Kept) + unsent.Kept);
    }

    /// <summary>What tells the intakes of a kind apart: those that hang hold up their own payloads only. Null: the main one.</summary>
    private static object? IntakeOf(IntakePayload payload) =>
        payload.Forward is { } forward ? (payload.Destination?.Endpoint.Url ?? forward.Url).Authority : payload.Destination;

    /// <summary>A key that is being asked for may be there with the next flush; where there is none, nothing will ever be sent.</summary>
    private FlushReport GoWithoutKey(List<IntakePayload> payloads, ApiKeyState state)
    {
        long units = payloads.Sum(static payload => payload.Units);
        if (state == ApiKeyState.Awaited)
        {
            long gone = payloads.Sum(KeepOrDrop);
            return new FlushReport(0, gone, units - gone);
        }

        log.Once(
            "no-api-key",
            LogLevel.Error,
            "No API key: DD_API_KEY is not set, so telemetry is dropped. Set it on the function; the function itself is not affected.");
        payloads.ForEach(payload => Drop(payload, DropReason.NoApiKey));
        return new FlushReport(0, units, 0);
    }

    private async Task<FlushReport> SendInOrderAsync(List<IntakePayload> payloads, string key, CancellationToken cancellation)
    {
        // Compression is CPU work: off the caller's path, so that the endpoints really run side by side.
        await Task.Yield();
        long delivered = 0, dropped = 0, kept = 0;
        for (int i = 0; i < payloads.Count; i++)
        {
            IntakePayload payload = payloads[i];
            long units = payload.Units;
            if (cancellation.IsCancellationRequested)
            {
                // No attempt was made: that does not count against the payload.
                long gone = KeepOrDrop(payload);
                (dropped, kept) = (dropped + gone, kept + units - gone);
                continue;
            }

            SendResult result = await intake.SendAsync(payload, key, cancellation);
            switch (result.Outcome)
            {
                case SendOutcome.Delivered:
                    counters[payload.Signal].Deliver(units);
                    payload.Dispose();
                    delivered += units;
                    break;
                case SendOutcome.TooLarge when payload.Kind == IntakeKind.Logs && payload.TrySplit(out IntakePayload? first, out IntakePayload? second):
                    payload.Dispose();
                    payloads.InsertRange(i + 1, [first, second]);
                    break;
                case SendOutcome.Rejected or SendOutcome.TooLarge:
                    log.Once(
                        $"rejected {payload.Kind} {payload.Forward?.Service} {(payload.Forward is null ? result.Detail : result.Detail.Split(' ')[0])}",
                        LogLevel.Error,
                        $"{HowMany(payload)} {Noun(payload)} dropped: {result.Detail}. {AdviceFor(result)} {CountedNotRepeated}");
                    Drop(payload, DropReason.Rejected);
                    dropped += units;
                    break;
                default:
                    log.Once(
                        $"failed {payload.Kind} {payload.Forward?.Service} {WhereTo(payload)}",
                        LogLevel.Warn,
                        $"Sending {Noun(payload)} failed: {result.Detail}. They are kept for the next flush. {CountedNotRepeated}");
                    payload.FailedAttempts++;
                    counters[payload.Signal].Retry(units);
                    long given = KeepOrDrop(payload);
                    (dropped, kept) = (dropped + given, kept + units - given);
                    break;
            }
        }

        return new FlushReport(delivered, dropped, kept);
    }

    /// <summary>What failed before, oldest first, then what is new.</summary>
    private List<IntakePayload> TakeAll()
    {
        List<IntakePayload> payloads;
        lock (_keptGate)
        {
            payloads = _kept;
            _kept = [];
        }

        int firstNew = payloads.Count;
        foreach (IPayloadSource source in sources)
        {
            if (_isLast)
            {
                source.TakeLastPayloads(payloads);
            }
            else
            {
                source.TakePayloads(payloads);
            }
        }

        int end = payloads.Count;
        for (int i = firstNew; i < end; i++)
        {
            IntakePayload payload = payloads[i];
            payloads.AddRange(intake.CopiesOf(payload));
        }

        return payloads;
    }

    /// <summary>
    /// Keeps the payload, unless it has failed too often, and as many of those kept before as there is room for; returns the units that were dropped instead.
    /// </summary>
    private long KeepOrDrop(IntakePayload payload)
    {
        if (payload.FailedAttempts >= AttemptLimit)
        {
            Drop(payload, DropReason.Unreachable);
            return payload.Units;
        }

        List<IntakePayload> oldest = [];
        lock (_keptGate)
        {
            _kept.Add(payload);
            long bytes = _kept.Sum(static kept => (long)kept.Body.Length);
            while (bytes > KeptLimitBytes)
            {
                int next = LeastWanted(_kept);
                bytes -= _kept[next].Body.Length;
                oldest.Add(_kept[next]);
                _kept.RemoveAt(next);
            }
        }

        oldest.ForEach(old => Drop(old, DropReason.BufferFull));
        return oldest.Sum(static old => old.Units);
    }

    /// <summary>Copies go first, then what is passed on for others and may be large, then the oldest.</summary>
    private static int LeastWanted(List<IntakePayload> kept)
    {
        int copy = kept.FindIndex(static payload => payload.Destination is not null);
        return copy >= 0 ? copy : Math.Max(kept.FindIndex(static payload => payload.Kind == IntakeKind.Proxied), 0);
    }

    private void Drop(IntakePayload payload, DropReason reason)
    {
        counters[payload.Signal].Drop(reason, payload.Units);
        payload.Dispose();
    }

    private static string HowMany(IntakePayload payload) =>
        payload.Destination is null ? payload.Units.ToString(System.Globalization.CultureInfo.InvariantCulture) : "A copy of";

    private static string Noun(IntakePayload payload) => payload.Signal switch
    {
        Signal.Traces => "spans",
        Signal.Metrics => "metric samples",
        Signal.Logs => "log events",
        Signal.Stats => "hits of trace statistics",
        _ => $"{payload.Forward?.Service} requests",
    };

    /// <summary>Tells causes apart in the log; not for what is passed on, for its clients choose the hosts.</summary>
    private static Uri? WhereTo(IntakePayload payload) => payload.Forward is null ? payload.Destination?.Endpoint.Url : null;

    private static string AdviceFor(SendResult result) =>
        result.Detail.StartsWith("403", StringComparison.Ordinal) || result.Detail.StartsWith("401", StringComparison.Ordinal)
            ? "The API key was refused: check DD_API_KEY and DD_SITE."
            : "The intake refuses this payload for good.";
}
