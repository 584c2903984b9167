using FsCheck;
using FsCheck.Fluent;
using Mayfly.Testing;
using Mayfly.Traces;
using Xunit;
using Pb = Mayfly.Local.Intake.Protos;

namespace Mayfly.Tests.Traces;

/// <summary>Random traces, written by the tests' own msgpack writer and read back by Google.Protobuf, are the same.</summary>
public class RoundTripTests
{
    private static readonly Gen<string> Text = Gen.OneOf(
        Gen.Elements("", "web", "GET /", "café", "日本語", "🐶", new string('x', 31), new string('y', 32), new string('z', 300), new string('w', 70_000)),
        ArbMap.Default.GeneratorFor<NonNull<string>>().Select(static text => Wellformed(text.Get)));

    private static readonly Gen<ulong> Id =
        from low in Gen.Choose(1, int.MaxValue)
        from high in Gen.Choose(0, int.MaxValue)
        select (ulong)high << 33 | (uint)low;

    private static readonly Gen<long> Time = ArbMap.Default.GeneratorFor<long>();

    private static readonly Gen<IReadOnlyDictionary<string, string>> Meta =
        Gen.Zip(Text, Text).ListOf().Select(static pairs => ToMap(pairs.Select(static pair => (pair.Item1, pair.Item2))));

    private static readonly Gen<IReadOnlyDictionary<string, double>> Metrics =
        Gen.Zip(Text, ArbMap.Default.GeneratorFor<NormalFloat>()).ListOf().Select(static pairs => ToMap(pairs.Select(static pair => (pair.Item1, pair.Item2.Get))));

    private static readonly Gen<SampleSpan> AnySpan =
        from texts in Text.ArrayOf(4)
        from ids in Id.ArrayOf(3)
        from start in Time
        from duration in Time
        from error in ArbMap.Default.GeneratorFor<int>()
        from meta in Meta
        from metrics in Metrics
        select new SampleSpan
        {
            Service = texts[0],
            Name = texts[1],
            Resource = texts[2],
            Type = texts[3],
            TraceId = ids[0],
            SpanId = ids[1],
            ParentId = ids[2] % 3 == 0 ? 0 : ids[2],
            Start = start,
            Duration = duration,
            Error = error,
            Meta = meta,
            Metrics = metrics,
        };

    private static readonly Gen<IReadOnlyList<SampleSpan>[]> Traces =
        AnySpan.ListOf().Select(static spans => (IReadOnlyList<SampleSpan>)spans.ToArray()).ArrayOf();

    [Fact]
    public void V04() => Check(static (rig, traces) => rig.Send<TraceV04>(SampleSpan.V04(traces)));

    [Fact]
    public void V05() => Check(static (rig, traces) => rig.Send<TraceV05>(SampleSpan.V05(traces)));

    private static void Check(Func<TraceRig, IReadOnlyList<SampleSpan>[], TraceDecodeResult> send) =>
        Prop.ForAll(Traces.ToArbitrary(), traces =>
        {
            var rig = new TraceRig();
            Assert.Equal(TraceOutcome.Accepted, send(rig, traces).Outcome);
            Pb.Span[] expected = [.. traces.SelectMany(static trace => trace).Select(Expected)];
            Pb.Span[] actual = [.. rig.Take().SelectMany(static p => p.TracerPayloads).SelectMany(static p => p.Chunks).SelectMany(static c => c.Spans)];
            foreach (Pb.Span span in actual)
            {
                span.Metrics.Remove("_top_level");
            }

            Assert.Equal(expected, actual);
        }).Check(FsCheck.Config.QuickThrowOnFailure.WithMaxTest(100).WithReplay(20261121, 7));

    private static Pb.Span Expected(SampleSpan sample)
    {
        var span = new Pb.Span
        {
            Service = sample.Service,
            Name = sample.Name,
            Resource = sample.Resource,
            Type = sample.Type,
            TraceId = sample.TraceId,
            SpanId = sample.SpanId,
            ParentId = sample.ParentId,
            Start = sample.Start,
            Duration = sample.Duration,
            Error = sample.Error,
        };
        span.Meta.Add(sample.Meta.ToDictionary());
        span.Metrics.Add(sample.Metrics.ToDictionary());
        return span;
    }

    /// <summary>Names with an underscore in front are the agent's own.</summary>
    private static IReadOnlyDictionary<string, T> ToMap<T>(IEnumerable<(string Key, T Value)> pairs) =>
        pairs.Where(static pair => !pair.Key.StartsWith('_')).DistinctBy(static pair => pair.Key).ToDictionary(static pair => pair.Key, static pair => pair.Value);

    /// <summary>Without lone surrogates, which UTF-8 cannot carry.</summary>
    private static string Wellformed(string text) => string.Concat(text.EnumerateRunes().Select(static rune => rune.ToString()));
}
