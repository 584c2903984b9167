using Mayfly.Config;
using Mayfly.Diagnostics;
using Mayfly.Intake;
using Mayfly.Local.Intake;
using Mayfly.Testing;
using Mayfly.Traces;
using Mayfly.Traces.Stats;
using Xunit;

namespace Mayfly.Tests.Traces.Stats;

/// <summary>A pipeline that computes statistics, at 1,700,000,000 s, and an independent decoder of what it gives to the intake.</summary>
internal sealed class StatsRig : IDisposable
{
    public const long Second = 1_000_000_000;

    /// <summary>When the concentrator was made, ns: the start of a bucket.</summary>
    public const long Begin = 1_700_000_000 * Second;

    public StatsRig(StatsSettings? settings = null, TraceSettings? traces = null)
    {
        Concentrator = new Concentrator(settings ?? Settings, Counters[Signal.Stats], Clock);
        TraceSettings computing = (traces ?? TraceRig.Settings) with { Sampling = new SamplingSettings { ComputesStats = true } };
        Pipeline = new TracePipeline(computing, Counters[Signal.Traces], new TraceRig.KeepsAll(), Clock, Concentrator);
    }

    public static StatsSettings Settings { get; } = new() { AgentVersion = "7.1" };

    public FakeClock Clock { get; } = new(DateTimeOffset.FromUnixTimeSeconds(1_700_000_000));

    public Counters Counters { get; } = new();

    public SignalCounters Hits => Counters[Signal.Stats];

    public Concentrator Concentrator { get; }

    public TracePipeline Pipeline { get; }

    public void Send(params IReadOnlyList<SampleSpan>[] traces) => Send(default, traces);

    public void Send(TraceHeaders headers, params IReadOnlyList<SampleSpan>[] traces)
    {
        byte[] body = SampleSpan.V04(traces);
        Assert.Equal(TraceOutcome.Accepted, Pipeline.Accept<TraceV04>(body, body.Length, headers).Outcome);
    }

    /// <summary>What a flush gives: every group, and the bodies' units are what the counters will say.</summary>
    public List<ReceivedStats> Take(bool isLast = false) => Read(TakeRaw(isLast).Select(static body => body.Body));

    /// <summary>What the last flush gives.</summary>
    public List<ReceivedStats> TakeLast() => Take(isLast: true);

    public List<(byte[] Body, long Units, string Languages)> TakeRaw(bool isLast = false)
    {
        var payloads = new List<IntakePayload>();
        if (isLast)
        {
            Concentrator.TakeLastPayloads(payloads);
        }
        else
        {
            Concentrator.TakePayloads(payloads);
        }

        Assert.All(payloads, static payload => Assert.Equal((Signal.Stats, IntakeKind.Stats), (payload.Signal, payload.Kind)));
        var taken = payloads.Select(static one => (one.Body.WrittenSpan.ToArray(), one.Units, string.Concat(one.Headers.Select(static h => $"{h.Key}={h.Value}")))).ToList();
        payloads.ForEach(payload =>
        {
            Hits.Deliver(payload.Units);
            payload.Dispose();
        });
        return taken;
    }

    /// <summary>The only group of the last flush after one trace was sent.</summary>
    public ReceivedStats GroupOf(params SampleSpan[] trace)
    {
        Send(trace);
        return Assert.Single(TakeLast());
    }

    public static List<ReceivedStats> Read(IEnumerable<byte[]> bodies) => [.. bodies.SelectMany(static body => StatsDecoder.Decode(body))];

    /// <summary>A span that counts: an entry of its service.</summary>
    public static SampleSpan Entry(params (string Key, string Value)[] meta) =>
        new() { Start = Begin, Duration = 1, Meta = meta.ToDictionary(static tag => tag.Key, static tag => tag.Value) };

    public void Dispose() => Concentrator.Dispose();
}
