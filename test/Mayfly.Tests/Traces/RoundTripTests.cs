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
    public void V04() => Check(static traces => Decoding.Of<TraceV04>(SampleSpan.V04(traces)));

    [Fact]
    public void V05() => Check(static traces => Decoding.Of<TraceV05>(SampleSpan.V05(traces)));

    private static void Check(Func<IReadOnlyList<SampleSpan>[], Decoding> decode) =>
        Prop.ForAll(Traces.ToArbitrary(), traces =>
        {
            Pb.Span[] expected = [.. traces.SelectMany(static trace => trace).Select(Expected)];
            Assert.Equal(expected, decode(traces).Good.Spans);
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

    private static IReadOnlyDictionary<string, T> ToMap<T>(IEnumerable<(string Key, T Value)> pairs) =>
        pairs.DistinctBy(static pair => pair.Key).ToDictionary(static pair => pair.Key, static pair => pair.Value);

    /// <summary>Without lone surrogates, which UTF-8 cannot carry.</summary>
    private static string Wellformed(string text) => string.Concat(text.EnumerateRunes().Select(static rune => rune.ToString()));
}
