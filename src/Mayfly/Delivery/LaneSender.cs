using Mayfly.Diagnostics;
using Mayfly.Intake;
using Mayfly.Secrets;

namespace Mayfly.Delivery;

/// <summary>
/// Sends the payloads of one lane after another and decides what becomes of each: delivered, tried again, kept for later, or given up with a counted reason
/// (docs/spec/04-metrics-logs.md#b11-response-handling, #c11-shipping).
/// </summary>
internal sealed class LaneSender(
    IntakeClient intake, ApiKeyProvider apiKey, PayloadStore store, RetryBudget budget, Counters counters, TimeProvider time, Jitter jitter, Log log)
{
    /// <summary>Of one payload within one flush, while its intake is believed to be well.</summary>
    private const int AttemptsPerFlush = 3;

    /// <summary>Of one payload ever: far beyond what an outage takes, since an open circuit makes few; a payload that an intake chokes on ends here.</summary>
    private const int MostAttempts = 20;

    /// <summary>The same for what is passed on, which may be large: one attempt now and one later (docs/spec/03-traces.md#17-proxied-endpoints).</summary>
    private const int MostAttemptsOfProxied = 2;

    /// <summary>A request of a client from this size on goes beside those before it.</summary>
    private const int LargeBytes = 64 * 1024;

    private const int LargeSideBySide = 3;

    /// <summary>One payload that fails may be to blame itself; two are an outage.</summary>
    private const int FailuresThatEnd = 2;

    /// <summary>Between two attempts of one flush.</summary>
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(50);

    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(500);

    /// <summary>An attempt that was cut off sooner says nothing about the intake.</summary>
    private static readonly TimeSpan ShortestVerdict = TimeSpan.FromMilliseconds(250);

    /// <summary>No attempt takes so long: the sandbox was frozen in the middle of it, which says nothing about the intake either.</summary>
    private static readonly TimeSpan LongestVerdict = TimeSpan.FromSeconds(30);

    /// <summary>
    /// New payloads over a closed circuit, in turn. Once the intake seems to be the one to blame for failures the rest is kept. Of what is passed on for
    /// clients the large ones, such as profiles, go beside the others: a slow upload holds up nothing (docs/spec/06-compat-and-init.md#g-known-defects, 16).
    /// </summary>
    public async Task<FlushReport> SendAsync(DeliveryLane lane, List<IntakePayload> payloads, string key, CancellationToken cancellation)
    {
        if (lane.Key.Kind != IntakeKind.Proxied || payloads.Count < 2)
        {
            return await SendInTurnAsync(lane, payloads, key, cancellation);
        }

        int large = 0;
        IEnumerable<List<IntakePayload>> sideBySide = payloads
            .GroupBy(one => one.Body.Length < LargeBytes ? 0 : 1 + large++ % LargeSideBySide)
            .Select(static some => some.ToList());
        FlushReport[] reports = await Task.WhenAll(sideBySide.Select(some => SendInTurnAsync(lane, some, key, cancellation)));
        return reports.Aggregate(static (sum, one) => sum + one);
    }

    /// <summary>What waits for this lane, until something fails or there is no more.</summary>
    public async Task<FlushReport> RedriveAsync(DeliveryLane lane, string key, CancellationToken cancellation)
    {
        await Task.Yield();
        FlushReport report = default;
        while (!cancellation.IsCancellationRequested)
        {
            (FlushReport one, bool goesOn) = await RedriveOneAsync(lane, key, cancellation);
            report += one;
            if (!goesOn)
            {
                break;
            }
        }

        return report;
    }

    /// <summary>One attempt with one payload that waits. False: there is none, or it failed, or enough has been sent again.</summary>
    public async Task<(FlushReport Report, bool GoesOn)> RedriveOneAsync(DeliveryLane lane, string key, CancellationToken cancellation)
    {
        if (store.Take(lane.Key) is not { } stored)
        {
            return (default, false);
        }

        IntakePayload payload = stored.Payload!;
        long reported = store.IsOfThisFlush(stored) ? stored.Units : 0;
        if (payload.FailedAttempts > 0 && !budget.TrySpend(payload.Body.Length))
        {
            store.GiveBack(stored);
            return (default, false);
        }

        // Over a closed circuit others went through just now: one that fails all the same is to blame itself.
        bool opens = lane.Circuit.State != CircuitState.Closed;
        SendResult result = await SendOnceAsync(lane, payload, payload.OwnKey ?? key, cancellation, opens);
        switch (result.Outcome)
        {
            case SendOutcome.Delivered:
                store.Remove(stored);
                return (new FlushReport(stored.Units, 0, -reported), true);
            case SendOutcome.Failed:
                if (payload.FailedAttempts < MostAttemptsOf(payload))
                {
                    store.GiveBack(stored);
                    return (default, false);
                }

                store.Remove(stored, DropReason.Unreachable);
                return (new FlushReport(0, stored.Units, -reported), false);
            case SendOutcome.TooLarge when payload.Kind == IntakeKind.Logs && payload.TrySplit(out IntakePayload? first, out IntakePayload? second):
                long gone = store.Replace(stored, first, second);
                return (new FlushReport(0, gone, 0), true);
            default:
                DeliveryLog.Rejected(log, payload, result, apiKey.Title);
                store.Remove(stored, DropReason.Rejected);
                return (new FlushReport(0, stored.Units, -reported), true);
        }
    }

    /// <summary>Without an attempt: it waits for a later flush.</summary>
    public FlushReport Keep(DeliveryLane lane, IntakePayload payload)
    {
        long units = payload.Units;
        intake.Prepare(payload);
        long gone = store.Keep(lane.Key, payload);
        return new FlushReport(0, gone, units - gone);
    }

    private async Task<FlushReport> SendInTurnAsync(DeliveryLane lane, List<IntakePayload> payloads, string key, CancellationToken cancellation)
    {
        // Compression is CPU work: off the caller's path, so that the lanes really run side by side.
        await Task.Yield();
        FlushReport report = default;
        int failures = 0;
        for (int i = 0; i < payloads.Count; i++)
        {
            IntakePayload payload = payloads[i];
            if (failures >= FailuresThatEnd || cancellation.IsCancellationRequested)
            {
                report += Keep(lane, payload);
                continue;
            }

            SendResult result = await SendWithRetriesAsync(lane, payload, key, cancellation);
            if (result.Outcome == SendOutcome.TooLarge && payload.Kind == IntakeKind.Logs
                && payload.TrySplit(out IntakePayload? first, out IntakePayload? second))
            {
                payload.Dispose();
                payloads.InsertRange(i + 1, [first, second]);
                continue;
            }

            bool failed = result.Outcome == SendOutcome.Failed;
            failures = failed ? failures + (result.IsAnswered ? 1 : FailuresThatEnd) : 0;
            report += failed ? KeepFailed(lane, payload, result) : Settle(payload, result);
        }

        return report;
    }

    private FlushReport KeepFailed(DeliveryLane lane, IntakePayload payload, SendResult result)
    {
        DeliveryLog.Failed(log, payload, result);
        if (payload.FailedAttempts < MostAttemptsOf(payload))
        {
            return Keep(lane, payload);
        }

        counters[payload.Signal].Drop(DropReason.Unreachable, payload.Units);
        payload.Dispose();
        return new FlushReport(0, payload.Units, 0);
    }

    private async Task<SendResult> SendWithRetriesAsync(DeliveryLane lane, IntakePayload payload, string key, CancellationToken cancellation)
    {
        int attempts = payload.Kind == IntakeKind.Proxied || lane.Circuit.State != CircuitState.Closed ? 1 : AttemptsPerFlush;
        for (int attempt = 1; ; attempt++)
        {
            SendResult result = await SendOnceAsync(lane, payload, payload.OwnKey ?? key, cancellation, isLast: attempt == attempts);
            bool isFinal = result.Outcome != SendOutcome.Failed || attempt == attempts || lane.Circuit.State != CircuitState.Closed
                || cancellation.IsCancellationRequested;
            if (isFinal)
            {
                return result;
            }

            if (!budget.TrySpend(payload.Body.Length))
            {
                lane.Circuit.Fail(result.RetryAfter);
                return result;
            }

            try
            {
                await Task.Delay(ShortestPause + (jitter.Next() * (LongestPause - ShortestPause)), time, cancellation);
            }
            catch (OperationCanceledException)
            {
                lane.Circuit.Fail(result.RetryAfter);
                return result;
            }
        }
    }

    /// <param name="isLast">A failure opens the circuit; else only one that another attempt at once would not change.</param>
    private async Task<SendResult> SendOnceAsync(DeliveryLane lane, IntakePayload payload, string key, CancellationToken cancellation, bool isLast = true)
    {
        long start = time.GetTimestamp();
        SendResult result = await intake.SendAsync(payload, key, cancellation);
        if (result.IsKeyRefused && payload.OwnKey is null)
        {
            ApiKeyView replaced = await apiKey.ReplaceAsync(key, cancellation);
            result = replaced.State switch
            {
                ApiKeyState.Known => await intake.SendAsync(payload, replaced.Key!, cancellation),
                ApiKeyState.Awaited => result with { Outcome = SendOutcome.Failed },
                _ => result,
            };
        }

        if (result.Outcome != SendOutcome.Failed)
        {
            lane.Circuit.Succeed();
            return result;
        }

        payload.FailedAttempts++;
        counters[payload.Signal].Retry(payload.Units);
        bool isCut = cancellation.IsCancellationRequested;
        TimeSpan took = time.GetElapsedTime(start);
        bool isTelling = !isCut || (took >= ShortestVerdict && took <= LongestVerdict);
        if (isTelling && (isLast || !result.IsAnswered && isCut || result.RetryAfter is not null))
        {
            lane.Circuit.Fail(result.RetryAfter);
        }

        return result;
    }

    private static int MostAttemptsOf(IntakePayload payload) => payload.Kind == IntakeKind.Proxied ? MostAttemptsOfProxied : MostAttempts;

    private FlushReport Settle(IntakePayload payload, SendResult result)
    {
        long units = payload.Units;
        using (payload)
        {
            if (result.Outcome == SendOutcome.Delivered)
            {
                counters[payload.Signal].Deliver(units);
                return new FlushReport(units, 0, 0);
            }

            DeliveryLog.Rejected(log, payload, result, apiKey.Title);
            counters[payload.Signal].Drop(DropReason.Rejected, units);
            return new FlushReport(0, units, 0);
        }
    }
}
