using System.Text.RegularExpressions;
using Mayfly.Diagnostics;
using Mayfly.Intake;
using Mayfly.Metrics;
using Xunit;

namespace Mayfly.Tests.Metrics;

/// <summary>docs/spec/05-config.md#mayflys-own-variables: the table of self metrics.</summary>
public sealed partial class SelfMetricsTests : IDisposable
{
    private readonly Counters _counters = new();
    private readonly MetricAggregator _metrics;
    private readonly SelfMetrics _self;

    public SelfMetricsTests()
    {
        var clock = new StandingClock { UnixSeconds = MetricRig.Now };
        _metrics = new MetricAggregator(new MetricSettings(), _counters[Signal.Metrics], clock);
        _self = new SelfMetrics(_counters, _metrics);
    }

    [Fact]
    public void What_came_and_went_is_a_count_and_what_waits_a_gauge()
    {
        SignalCounters traces = _counters[Signal.Traces];
        traces.Accept(10);
        traces.Deliver(3);
        traces.Retry(2);
        traces.Store(1);
        traces.Drop(DropReason.Filtered, 2);
        traces.Drop(DropReason.Malformed, 7);
        _counters[Signal.Logs].Recover(4);
        Assert.Equal(
            [
                "mayfly.accepted COUNT 10 signal:traces", "mayfly.accepted COUNT 4 signal:logs",
                "mayfly.buffered GAUGE 4 signal:logs", "mayfly.buffered GAUGE 4 signal:traces",
                "mayfly.delivered COUNT 3 signal:traces",
                "mayfly.dropped COUNT 2 reason:filtered,signal:traces", "mayfly.dropped COUNT 7 reason:malformed,signal:traces",
                "mayfly.recovered COUNT 4 signal:logs", "mayfly.retried COUNT 2 signal:traces", "mayfly.stored GAUGE 1 signal:traces",
            ],
            Flush());
    }

    [Fact]
    public void The_next_report_is_about_what_came_since_and_what_waits_no_more_is_0_once()
    {
        _counters[Signal.Logs].Accept(5);
        Flush();
        _counters[Signal.Logs].Deliver(5);
        _counters[Signal.Logs].Accept(1);
        _counters[Signal.Logs].Deliver(1);
        Assert.Equal(
            ["mayfly.accepted COUNT 1 signal:logs", "mayfly.buffered GAUGE 0 signal:logs", "mayfly.delivered COUNT 6 signal:logs"],
            OfSignal("logs", Flush()));
        _counters[Signal.Logs].Accept(1);
        _counters[Signal.Logs].Deliver(1);
        Assert.Equal(["mayfly.accepted COUNT 1 signal:logs", "mayfly.delivered COUNT 1 signal:logs"], OfSignal("logs", Flush()));
    }

    /// <summary>They do not grow out of themselves: a report follows what arrives, and is part of the one after it.</summary>
    [Fact]
    public void A_report_is_no_reason_for_another()
    {
        _counters[Signal.Logs].Accept(5);
        int samples = Flush().Length;
        Assert.Equal(2, samples);
        for (int flush = 0; flush < 10; flush++)
        {
            Assert.Empty(Flush());
        }

        _metrics.AcceptPacket("x:1|c"u8);
        string[] next = Flush();
        Assert.Contains($"mayfly.accepted COUNT {samples + 1} signal:metrics", next);
        Assert.Contains($"mayfly.delivered COUNT {samples} signal:metrics", next);
        Assert.Contains("mayfly.buffered GAUGE 1 signal:metrics", next);
        Assert.Empty(Flush());
    }

    [Fact]
    public void Nothing_has_arrived_nothing_is_reported()
    {
        Assert.Empty(Flush());
        Assert.Empty(Flush(isLast: true));
    }

    /// <summary>The last flush tells what was delivered since; what is taken after it is not told.</summary>
    [Fact]
    public void The_end_has_one_report()
    {
        _counters[Signal.Logs].Accept(5);
        Flush();
        _counters[Signal.Logs].Deliver(5);
        Assert.Equal(["mayfly.buffered GAUGE 0 signal:logs", "mayfly.delivered COUNT 5 signal:logs"], OfSignal("logs", Flush(isLast: true)));
        Assert.Empty(Flush(isLast: true));
    }

    public void Dispose() => _metrics.Dispose();

    private static string[] OfSignal(string signal, string[] lines) => [.. lines.Where(line => line.EndsWith($"signal:{signal}", StringComparison.Ordinal))];

    [GeneratedRegex(" @[0-9]+")]
    private static partial Regex Time();

    /// <summary>Takes as a flush does, first the report, and delivers the metrics; what arrived, sorted, without its time.</summary>
    private string[] Flush(bool isLast = false)
    {
        var payloads = new List<IntakePayload>();
        foreach (IPayloadSource source in new IPayloadSource[] { _self, _metrics })
        {
            if (isLast)
            {
                source.TakeLastPayloads(payloads);
            }
            else
            {
                source.TakePayloads(payloads);
            }
        }

        var decoded = new Decoded();
        foreach (IntakePayload payload in payloads)
        {
            using (payload)
            {
                decoded.Add(payload);
                _counters[Signal.Metrics].Deliver(payload.Units);
            }
        }

        return [.. decoded.Describe().Select(static line => Time().Replace(line, ""))];
    }
}
