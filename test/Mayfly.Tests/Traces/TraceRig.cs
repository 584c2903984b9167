using Mayfly.Diagnostics;
using Mayfly.Intake;
using Mayfly.Tags;
using Mayfly.Testing;
using Mayfly.Traces;
using Xunit;
using Pb = Mayfly.Local.Intake.Protos;

namespace Mayfly.Tests.Traces;

/// <summary>A pipeline, its counters, and an independent decoder of what it gives to the intake.</summary>
internal sealed class TraceRig
{
    public TraceRig(TraceSettings? settings = null, ISpanInspector? inspector = null)
    {
        Pipeline = new TracePipeline(settings ?? Settings, Counters, inspector ?? new KeepsAll(), Clock);
    }

    /// <summary>No environment and no version: what the agent adds of its own is left out.</summary>
    public static TraceSettings Settings { get; } = new() { Env = "", AgentVersion = "" };

    public FakeClock Clock { get; } = new();

    public SignalCounters Counters { get; } = new();

    public TracePipeline Pipeline { get; }

    public static byte[] Hex(string text) => Convert.FromHexString(string.Concat(text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)));

    public static PlatformTags Platform(string origin, params (string Key, string Value)[] tags) =>
        new(TagSet.From(tags.Select(static tag => KeyValuePair.Create(tag.Key, tag.Value))), origin);

    public TraceDecodeResult Send<TDecoder>(byte[] body, TraceHeaders headers = default)
        where TDecoder : struct, ITraceDecoder => Pipeline.Accept<TDecoder>(body, body.Length, headers);

    /// <summary>Everything that waits for a flush, as raw bodies.</summary>
    public List<(byte[] Body, long Units)> TakeRaw()
    {
        var payloads = new List<IntakePayload>();
        Pipeline.TakePayloads(payloads);
        var bodies = payloads.Select(static payload => (payload.Body.WrittenSpan.ToArray(), payload.Units)).ToList();
        payloads.ForEach(static payload => payload.Dispose());
        return bodies;
    }

    public List<Pb.AgentPayload> Take()
    {
        var decoded = new List<Pb.AgentPayload>();
        foreach ((byte[] body, long units) in TakeRaw())
        {
            Pb.AgentPayload payload = Pb.AgentPayload.Parser.ParseFrom(body);
            Assert.Equal(units, payload.TracerPayloads.Sum(static tracer => tracer.Chunks.Sum(static chunk => chunk.Spans.Count)));
            decoded.Add(payload);
        }

        return decoded;
    }

    /// <summary>The only TracerPayload there is.</summary>
    public Pb.TracerPayload TakeOne() => Assert.Single(Assert.Single(Take()).TracerPayloads);

    /// <summary>The only span there is, after a v0.4 body was accepted.</summary>
    public Pb.Span SendOne(byte[] body)
    {
        Assert.Equal(TraceOutcome.Accepted, Send<TraceV04>(body).Outcome);
        return Assert.Single(Assert.Single(TakeOne().Chunks).Spans);
    }

    /// <summary>An inspector without interest.</summary>
    internal sealed class KeepsAll : ISpanInspector
    {
        public SpanVerdict Inspect(Span span, in TraceHeaders headers) => SpanVerdict.Keep;
    }
}
