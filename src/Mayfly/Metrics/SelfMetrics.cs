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
    private readonly Lock _gate = new();
    private readonly Dictionary<(Signal Signal, string Name, string Reason), long> _reported = [];
    private readonly List<Sample> _report = [];
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
            long arrived = DebugPage.Signals.Sum(signal => counters[signal].Accepted + counters[signal].DroppedFor(DropReason.Malformed)) - _ownSamples;
            if (arrived == _arrived && (!isLast || _isOver))
            {
                return;
            }

            _arrived = arrived;
            _isOver |= isLast;
            foreach (Signal signal in DebugPage.Signals)
            {
                Read(signal);
            }

            // Once everything is read: a report does not count its own samples.
            Send(metrics.Now());
        }
    }

    private void Read(Signal signal)
    {
        // What has left is read before what came, so that the sum holds while units come and go.
        SignalCounters counted = counters[signal];
        TagSet tags = TagSet.Empty.With("signal", DebugPage.NameOf(signal));
        long delivered = counted.Delivered;
        long stored = counted.Stored;
        long[] dropped = [.. DebugPage.Reasons.Select(counted.DroppedFor)];
        long accepted = counted.Accepted;
        NoteCount(signal, "mayfly.accepted", accepted, tags);
        NoteCount(signal, "mayfly.delivered", delivered, tags);
        NoteCount(signal, "mayfly.retried", counted.Retried, tags);
        NoteCount(signal, "mayfly.recovered", counted.Recovered, tags);
        foreach (DropReason reason in DebugPage.Reasons.Where(reason => dropped[(int)reason] > 0))
        {
            NoteCount(signal, "mayfly.dropped", dropped[(int)reason], tags, DebugPage.NameOf(reason));
        }

        NoteGauge(signal, "mayfly.buffered", accepted - delivered - stored - dropped.Sum() + dropped[(int)DropReason.Malformed], tags);
        NoteGauge(signal, "mayfly.stored", stored, tags);
    }

    private void NoteCount(Signal signal, string name, long total, TagSet tags, string reason = "")
    {
        long before = _reported.GetValueOrDefault((signal, name, reason));
        if (total != before)
        {
            _reported[(signal, name, reason)] = total;
            _report.Add(new Sample(name, total - before, reason.Length == 0 ? tags : tags.With("reason", reason), IsGauge: false));
        }
    }

    /// <summary>Also where it is 0, if it was not the last time.</summary>
    private void NoteGauge(Signal signal, string name, long value, TagSet tags)
    {
        if (value != 0 || _reported.GetValueOrDefault((signal, name, "")) != 0)
        {
            _reported[(signal, name, "")] = value;
            _report.Add(new Sample(name, value, tags, IsGauge: true));
        }
    }

    private void Send(long now)
    {
        foreach (Sample sample in _report)
        {
            if (sample.IsGauge)
            {
                metrics.AddGauge(sample.Name, sample.Value, now, sample.Tags);
            }
            else
            {
                metrics.AddCount(sample.Name, sample.Value, now, sample.Tags);
            }
        }

        _ownSamples += _report.Count;
        _report.Clear();
    }

    private readonly record struct Sample(string Name, long Value, TagSet Tags, bool IsGauge);
}
