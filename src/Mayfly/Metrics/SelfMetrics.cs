using Mayfly.Diagnostics;
using Mayfly.Intake;
using Mayfly.Tags;

namespace Mayfly.Metrics;

/// <summary>
/// The counters of <c>/debug/mayfly</c> as metrics: what came and went since the last report as counts, what waits as gauges, with the tags <c>signal</c> and
/// <c>reason</c>. It is the first source of a flush: a report becomes samples of the metrics that this flush takes. Thread-safe.
/// Names: docs/spec/05-config.md#mayflys-own-variables.
/// </summary>
/// <remarks>
/// The samples of a report are metrics too, accepted and delivered like others, and are part of the next report, so that its sums hold. They are no reason for
/// one: a flush for which nothing has arrived but the last report says nothing, and so none follows from another. What was delivered last is in the next
/// report that has a reason, or in the one at the end of the process.
/// </remarks>
/// <param name="counters">Of everything.</param>
/// <param name="metrics">Where the samples go.</param>
public sealed class SelfMetrics(Counters counters, MetricAggregator metrics) : IPayloadSource
{
    private const int Accepted = 0;
    private const int Delivered = 1;
    private const int Retried = 2;
    private const int Recovered = 3;
    private const int Buffered = 4;
    private const int Stored = 5;

    /// <summary>From here on one for each <see cref="DropReason"/>.</summary>
    private const int FirstReason = 6;

    private static readonly string[] Names =
        ["mayfly.accepted", "mayfly.delivered", "mayfly.retried", "mayfly.recovered", "mayfly.buffered", "mayfly.stored", "mayfly.dropped"];

    private readonly Lock _gate = new();
    private readonly long[][] _read = [.. DebugPage.Signals.Select(static _ => new long[FirstReason + DebugPage.Reasons.Length])];
    private readonly long[][] _reported = [.. DebugPage.Signals.Select(static _ => new long[FirstReason + DebugPage.Reasons.Length])];
    private long _ownSamples;
    private long _arrived;
    private bool _isOver;

    /// <inheritdoc/>
    public void TakePayloads(List<IntakePayload> payloads) => Report(isLast: false);

    /// <inheritdoc/>
    /// <remarks>The first time, whatever has arrived; what is taken after it may be lost with the process.</remarks>
    public void TakeLastPayloads(List<IntakePayload> payloads) => Report(isLast: true);

    private void Report(bool isLast)
    {
        lock (_gate)
        {
            long arrived = -_ownSamples;
            foreach (Signal signal in DebugPage.Signals)
            {
                arrived += counters[signal].Accepted + counters[signal].DroppedFor(DropReason.Malformed);
            }

            if (arrived == _arrived && (!isLast || _isOver))
            {
                return;
            }

            _arrived = arrived;
            _isOver |= isLast;
            foreach (Signal signal in DebugPage.Signals)
            {
                Read(counters[signal], _read[(int)signal]);
            }

            // Once everything is read: a report does not count its own samples.
            long now = metrics.Now();
            foreach (Signal signal in DebugPage.Signals)
            {
                Send(signal, now);
            }
        }
    }

    private static void Read(SignalCounters counted, long[] values)
    {
        // What has left is read before what came, so that the sum holds while units come and go.
        values[Delivered] = counted.Delivered;
        values[Stored] = counted.Stored;
        long gone = values[Delivered] + values[Stored];
        foreach (DropReason reason in DebugPage.Reasons)
        {
            values[FirstReason + (int)reason] = counted.DroppedFor(reason);
            gone += reason == DropReason.Malformed ? 0 : values[FirstReason + (int)reason];
        }

        values[Retried] = counted.Retried;
        values[Recovered] = counted.Recovered;
        values[Accepted] = counted.Accepted;
        values[Buffered] = values[Accepted] - gone;
    }

    /// <summary>Counts that have changed, and gauges that are not 0, or were not the last time.</summary>
    private void Send(Signal signal, long now)
    {
        long[] values = _read[(int)signal];
        long[] reported = _reported[(int)signal];
        TagSet tags = TagSet.Empty.With("signal", DebugPage.NameOf(signal));
        for (int i = 0; i < values.Length; i++)
        {
            (long before, reported[i]) = (reported[i], values[i]);
            bool isGauge = i is Buffered or Stored;
            if (isGauge ? (values[i] | before) == 0 : values[i] == before)
            {
                continue;
            }

            string name = Names[Math.Min(i, FirstReason)];
            if (isGauge)
            {
                metrics.AddGauge(name, values[i], now, tags);
            }
            else
            {
                TagSet all = i < FirstReason ? tags : tags.With("reason", DebugPage.NameOf(DebugPage.Reasons[i - FirstReason]));
                metrics.AddCount(name, values[i] - before, now, all);
            }

            _ownSamples++;
        }
    }
}
