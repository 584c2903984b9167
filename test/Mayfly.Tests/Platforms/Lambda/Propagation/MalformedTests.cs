using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Mayfly.Platforms.Lambda.Propagation;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.Propagation;

/// <summary>Whatever bytes a header holds, it is read or it is no context, in time.</summary>
public class MalformedTests
{
    private const string AllStyles = "datadog,tracecontext,b3multi,b3,baggage DD_TRACE_PROPAGATION_HTTP_BAGGAGE_ENABLED=true";

    private static readonly string[] Names =
    [
        "x-datadog-trace-id", "x-datadog-parent-id", "x-datadog-sampling-priority", "x-datadog-origin", "x-datadog-tags",
        "traceparent", "tracestate", "x-b3-traceid", "x-b3-spanid", "x-b3-sampled", "x-b3-flags", "b3", "ot-baggage-a", "baggage", "x-amzn-trace-id", "AWSTraceHeader",
    ];

    /// <summary>One good carrier per style.</summary>
    public static TheoryData<string> Good =>
    [
        "x-datadog-trace-id: 1001\nx-datadog-parent-id: 2002\nx-datadog-sampling-priority: -1\n" +
        "x-datadog-tags: _dd.p.tid=65530000deadbeef,_dd.p.dm=-4,_dd.p.x=y",
        "traceparent: 00-65530000deadbeef00000000000003e9-00000000000007d2-01\n" +
        "tracestate: dd=s:2;o:rum;p:00000000000007d3;t.dm:-4;t.usr.id:baz64~,congo=t61,a@b=c",
        "x-b3-traceid: 65530000deadbeef00000000000003e9\nx-b3-spanid: 00000000000007d2\nx-b3-sampled: 1\nx-b3-flags: 0",
        "b3: 65530000deadbeef00000000000003e9-00000000000007d2-d-0000000000000001",
        "x-amzn-trace-id: Root=1-65530000-0000000000000000000003e9;Parent=00000000000007d2;Sampled=1",
    ];

    [Fact]
    public void Random_header_bytes_never_throw()
    {
        Propagator propagator = Contexts.Propagator(AllStyles);
        Gen<(string Name, string Value)> header = Gen.Elements(Names)
            .Zip(ArbMap.Default.GeneratorFor<byte[]>())
            .Select(static pair => (pair.Item1, Encoding.Latin1.GetString(pair.Item2)));
        Prop.ForAll(header.ListOf().ToArbitrary(), headers =>
        {
            var carrier = new Carrier();
            foreach ((string name, string value) in headers)
            {
                carrier.Add(name, value);
            }

            return IsSound(propagator.Extract(carrier));
        }).Check(FsCheck.Config.QuickThrowOnFailure.WithMaxTest(2_000));
    }

    [Theory]
    [MemberData(nameof(Good))]
    public void Headers_changed_in_any_way_are_read_or_refused(string headers)
    {
        const int Seed = 20260305;
        Propagator propagator = Contexts.Propagator(AllStyles);
        var random = new Random(Seed);
        for (int round = 0; round < 5_000; round++)
        {
            var carrier = new Carrier();
            foreach ((string name, string value) in Contexts.Carrier(headers).Entries)
            {
                carrier.Add(name, random.Next(2) == 0 ? value : Mutate(value, random));
            }

            Assert.True(IsSound(propagator.Extract(carrier)), $"seed {Seed}, round {round}: {string.Join('\n', carrier.Entries)}");
        }
    }

    [Theory]
    [MemberData(nameof(Good))]
    public void Headers_cut_anywhere_are_read_or_refused(string headers)
    {
        Propagator propagator = Contexts.Propagator(AllStyles);
        Carrier whole = Contexts.Carrier(headers);
        foreach ((string name, string value) in whole.Entries)
        {
            for (int length = 0; length <= value.Length; length++)
            {
                var carrier = new Carrier();
                carrier.Add(name, value[..length]);
                foreach ((string otherName, string otherValue) in whole.Entries)
                {
                    carrier.Add(otherName, otherValue);
                }

                Assert.True(IsSound(propagator.Extract(carrier)), $"{name} cut at {length}");
            }
        }
    }

    /// <summary>Five times what the worst of them takes when nothing else runs: one that is not linear takes seconds.</summary>
    private static readonly TimeSpan LongestRead = TimeSpan.FromMilliseconds(25);

    /// <summary>Each header in turn is a megabyte of what is worst for its format.</summary>
    [Fact]
    public void A_header_of_a_megabyte_costs_little()
    {
        const int Size = 1_000_000;
        string[] fills = ["0", "f", ",", ";", "-", " ", "=,", "dd=s:1,", "t.a:b;", "_dd.p.a=b,", "Root=1-;", "\0", "~"];
        Propagator propagator = Contexts.Propagator(AllStyles);
        Carrier good = Contexts.Carrier(string.Join('\n', Good.Select(static row => row.Data)));
        foreach (string name in Names)
        {
            foreach (string fill in fills)
            {
                var carrier = new Carrier();
                carrier.Add(name, string.Concat(Enumerable.Repeat(fill, Size / fill.Length)));
                foreach ((string otherName, string otherValue) in good.Entries)
                {
                    carrier.Add(otherName, otherValue);
                }

                Timing.AssertBestUnder(LongestRead, () => propagator.Extract(carrier), $"{name} of {fill}");
            }
        }
    }

    /// <summary>What every context promises, however it came about.</summary>
    private static bool IsSound(SpanContext? context) => context is null
        || (context.TraceId != 0
            && context.Priority is null or (>= -128 and <= 127)
            && (context.TraceIdHigh == 0 || context.HighBits is { Length: 16 })
            && context.Tags.DistinctBy(static tag => tag.Key).Count() == context.Tags.Count
            && context.Links.All(link => link.SpanId != 0 && (link.TraceId, link.TraceIdHigh) != (context.TraceId, context.TraceIdHigh)));

    private static string Mutate(string value, Random random)
    {
        const string Alphabet = "0123456789abcdefABCDEFzst.:;,=-~@ +\0\u00e9\uD800";
        var text = new StringBuilder(value);
        for (int change = random.Next(1, 4); change > 0; change--)
        {
            int at = random.Next(text.Length + 1);
            char letter = Alphabet[random.Next(Alphabet.Length)];
            switch (random.Next(3))
            {
                case 0:
                    text.Insert(at, letter);
                    break;
                case 1 when at < text.Length:
                    text[at] = letter;
                    break;
                case 2 when at < text.Length:
                    text.Remove(at, random.Next(1, Math.Min(4, text.Length - at + 1)));
                    break;
            }
        }

        return text.ToString();
    }
}
