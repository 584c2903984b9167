using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Mayfly.Platforms.Lambda.Propagation;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.Propagation;

/// <summary>What a tracer of each style writes is read back as it was meant. The writers here know nothing of the readers.</summary>
public class RoundTripTests
{
    private static readonly Gen<ulong> Id = ArbMap.Default.GeneratorFor<ulong>()
        .Zip(Gen.Choose(0, 63))
        .Select(static pair => Math.Max(1, pair.Item1 * 0x9E3779B97F4A7C15 >> pair.Item2));
    private static readonly Gen<ulong> High = Gen.OneOf(Gen.Constant(0ul), Id);
    private static readonly Gen<string> Word = Gen.Elements("abcXYZ019-_./~".ToCharArray()).ArrayOf()
        .Select(static letters => new string(letters))
        .Where(static s => s.Length is > 0 and < 40);

    private static readonly Gen<Position> Positions =
        from high in High
        from low in Id
        from span in Id
        from priority in Gen.Choose(-1, 2)
        from origin in Gen.OneOf(Gen.Constant<string?>(null), Word.Select(static word => (string?)word.Replace('~', '.')))
        from maker in Gen.Choose(0, 12)
        from tag in Word
        select new Position(high, low, span, priority, origin, $"-{maker}", tag.Replace('~', '='));

    [Fact]
    public void Datadog() => Check("datadog", static p => Lines(
        ("x-datadog-trace-id", Text(p.Low)),
        ("x-datadog-parent-id", Text(p.Span)),
        ("x-datadog-sampling-priority", Text(p.Priority)),
        ("x-datadog-origin", p.Origin),
        ("x-datadog-tags", $"_dd.p.dm={p.Maker},_dd.p.x={p.Tag}{(p.High == 0 ? "" : $",_dd.p.tid={p.High:x16}")}")), static p => p.Expected(p.Origin,
            ("_dd.p.dm", p.Maker), ("_dd.p.x", p.Tag)));

    [Fact]
    public void TraceContext() => Check("tracecontext", static p => Lines(
        ("traceparent", $"00-{p.High:x16}{p.Low:x16}-{p.Span:x16}-{(p.Priority > 0 ? "01" : "00")}"),
        ("tracestate", State(p))), static p => p.Expected(p.Origin,
            ("_dd.p.dm", p.Maker),
            ("_dd.p.x", p.Tag),
            ("_dd.parent_id", $"{p.Span:x16}"),
            ("traceparent", $"00-{p.High:x16}{p.Low:x16}-{p.Span:x16}-{(p.Priority > 0 ? "01" : "00")}"),
            ("tracestate", State(p))));

    [Fact]
    public void B3Multi() => Check("b3multi", static p => Lines(
        ("x-b3-traceid", p.High == 0 ? $"{p.Low:x16}" : $"{p.High:x16}{p.Low:x16}"),
        ("x-b3-spanid", $"{p.Span:x16}"),
        ("x-b3-sampled", p.Priority == 2 ? null : p.Priority > 0 ? "1" : "0"),
        ("x-b3-flags", p.Priority == 2 ? "1" : null)), static p => (p with { Priority = Math.Max(p.Priority, 0) }).Expected(null));

    [Fact]
    public void B3() => Check("b3", static p => Lines(
        ("b3", $"{(p.High == 0 ? "" : $"{p.High:x16}")}{p.Low:x16}-{p.Span:x16}-{(p.Priority == 2 ? "d" : p.Priority > 0 ? "1" : "0")}-{p.Span:x16}")),
        static p => (p with { Priority = Math.Max(p.Priority, 0) }).Expected(null));

    [Fact]
    public void XRay() => Check("", static p => Lines(
        ("X-Amzn-Trace-Id", $"Root=1-65530000-00000000{p.Low:x16};Parent={p.Span:x16};Sampled={(p.Priority > 0 ? 1 : 0)}")),
        static p => (p with { High = 0, Priority = p.Priority > 0 ? 1 : 0 }).Expected(null));

    /// <summary>The default: a tracer writes both, and they agree.</summary>
    [Fact]
    public void DatadogAndTraceContext() => Check("", static p => Lines(
        ("x-datadog-trace-id", Text(p.Low)),
        ("x-datadog-parent-id", Text(p.Span)),
        ("x-datadog-sampling-priority", Text(p.Priority)),
        ("x-datadog-origin", p.Origin),
        ("x-datadog-tags", $"_dd.p.dm={p.Maker}{(p.High == 0 ? "" : $",_dd.p.tid={p.High:x16}")}"),
        ("traceparent", $"00-{p.High:x16}{p.Low:x16}-{p.Span:x16}-{(p.Priority > 0 ? "01" : "00")}"),
        ("tracestate", State(p))), static p => p.Expected(p.Origin, ("_dd.p.dm", p.Maker), ("tracestate", State(p))));

    private static void Check(string style, Func<Position, string> inject, Func<Position, string> expected)
    {
        Propagator propagator = Contexts.Propagator(style);
        Prop.ForAll(Positions.ToArbitrary(), position =>
        {
            SpanContext? context = propagator.Extract(Contexts.Carrier(inject(position)));
            Assert.Equal(expected(position), Contexts.Describe(context));
        }).Check(FsCheck.Config.QuickThrowOnFailure.WithMaxTest(500));
    }

    private static string State(Position p) =>
        $"dd=s:{Text(p.Priority)};{(p.Origin is null ? "" : $"o:{p.Origin};")}p:{p.Span:x16};t.dm:{p.Maker};t.x:{p.Tag.Replace('=', '~')},other=1";

    private static string Text<T>(T number)
        where T : IFormattable => number.ToString(null, CultureInfo.InvariantCulture);

    private static string Lines(params (string Name, string? Value)[] headers) =>
        string.Join('\n', headers.Where(static h => h.Value is not null).Select(static h => $"{h.Name}: {h.Value}"));

    private sealed record Position(ulong High, ulong Low, ulong Span, int Priority, string? Origin, string Maker, string Tag)
    {
        public string Expected(string? origin, params (string Key, string Value)[] tags)
        {
            (string Key, string Value)[] all = High == 0 ? tags : [.. tags, ("_dd.p.tid", $"{High:x16}")];
            return $"{(High == 0 ? "" : $"{High:x16}:")}{Text(Low)}/{Text(Span)} p={Text(Priority)}{(origin is null ? "" : $" o={origin}")}"
                + string.Concat(all.OrderBy(static tag => tag.Key, StringComparer.Ordinal).Select(static tag => $" {tag.Key}={tag.Value}"));
        }
    }
}
