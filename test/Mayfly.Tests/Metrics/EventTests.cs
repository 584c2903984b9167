using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Mayfly.Diagnostics;
using Mayfly.Intake;
using Mayfly.Local.Intake;
using Mayfly.Metrics;
using Mayfly.Tags;
using Xunit;

namespace Mayfly.Tests.Metrics;

/// <summary>docs/spec/04-metrics-logs.md A.6 and B.8, row by row: line in, decoded payload out. <c>err</c> = nothing comes out and one line is counted.</summary>
public class EventTests
{
    private const string Time = "@1656581409";

    [Theory]
    [InlineData("_e{1,1}:a|b|d:1700000000", "a|b EVENT api info normal @1700000000")]
    [InlineData("_e{1,1}:a|b|h:web-1|k:deploy", $"a|b EVENT api info normal {Time} k:deploy h:web-1")]
    [InlineData("_e{1,1}:a|b|p:low|s:jenkins|t:success|#z,a", $"a|b EVENT jenkins success low {Time} a,z")]
    [InlineData("_e{1,1}:a|b|t:warning|p:normal", $"a|b EVENT api warning normal {Time}")]
    [InlineData("_e{1,1}:a|b|c:in-1|e:ext|card:low|x:unknown|", $"a|b EVENT api info normal {Time}")]
    [InlineData("_e{1,1}:a|b|t:error|t:info|#a|#b", $"a|b EVENT api info normal {Time} b")]
    [InlineData("_e{1,0}:a|", $"a| EVENT api info normal {Time}")]
    [InlineData("_e{1,0}:a||#x", $"a| EVENT api info normal {Time} x")]
    [InlineData("_e{3,5}:a|b|c|d|e|#x", $"a|b|c|d|e EVENT api info normal {Time} x")]
    [InlineData("_e{4,6}:a\\nb|c\\n\\nd", $"a⏎b|c⏎⏎d EVENT api info normal {Time}")]
    [InlineData("_e{2,3}:a\\|b\\t", $"a\\|b\\t EVENT api info normal {Time}")]
    [InlineData("_e{4,2}:über|ok", $"über|ok EVENT api info normal {Time}")]
    [InlineData("_e{5,2}:über|ok", $"über|ok EVENT api info normal {Time}")]
    [InlineData("_e{2,2}:🎉|ok|#x", $"🎉|ok EVENT api info normal {Time} x")]
    [InlineData("_e{1,2}:🎉|ok", "err InvalidEvent")]
    [InlineData("_e{0,1}:|b", "err InvalidEvent")]
    [InlineData("_e{,1}:a|b", "err InvalidEvent")]
    [InlineData("_e{1}:a|b", "err InvalidEvent")]
    [InlineData("_e{1,1:a|b", "err InvalidEvent")]
    [InlineData("_e{1,1}a|b", "err InvalidEvent")]
    [InlineData("_e{1,1}:", "err InvalidEvent")]
    [InlineData("_e{-1,1}:a|b", "err InvalidEvent")]
    [InlineData("_e{1,99999999999}:a|b", "err InvalidEvent")]
    [InlineData("_e{", "err InvalidEvent")]
    public void A6_event(string line, string expected) => Check(line, expected);

    /// <summary>A bad optional value is left out and said; the event is shipped.</summary>
    [Theory]
    [InlineData("_e{1,1}:a|b|d:soon", "d:soon")]
    [InlineData("_e{1,1}:a|b|d:0", "d:0")]
    [InlineData("_e{1,1}:a|b|p:high", "p:high")]
    [InlineData("_e{1,1}:a|b|t:fatal", "t:fatal")]
    public void A6_event_with_a_bad_optional_value(string line, string field)
    {
        string said = Check(line, $"a|b EVENT api info normal {Time}");
        Assert.Contains($"WARN | DogStatsD: the field {field} of an event or a service check has no meaning", said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("_sc|db|0", $"db CHECK 0 {Time}")]
    [InlineData("_sc|db|1|d:1700000000|h:web-1|#b,a|m:slow", "db CHECK 1 @1700000000 h:web-1 slow a,b")]
    [InlineData("_sc|db|2|m:a\\nb", $"db CHECK 2 {Time} a⏎b")]
    [InlineData("_sc|db|3|m:see m\\: there", $"db CHECK 3 {Time} see m: there")]
    [InlineData("_sc|db|0|m:late|c:in-1|e:x|card:low|#a", $"db CHECK 0 {Time} late a")]
    [InlineData("_sc|naïve.check|0", $"naïve.check CHECK 0 {Time}")]
    [InlineData("_sc|db|4", "err InvalidServiceCheck")]
    [InlineData("_sc|db|10", "err InvalidServiceCheck")]
    [InlineData("_sc|db|-1", "err InvalidServiceCheck")]
    [InlineData("_sc|db|ok", "err InvalidServiceCheck")]
    [InlineData("_sc|db|", "err InvalidServiceCheck")]
    [InlineData("_sc|db", "err InvalidServiceCheck")]
    [InlineData("_sc||0", "err InvalidServiceCheck")]
    [InlineData("_sc|", "err InvalidServiceCheck")]
    public void A6_service_check(string line, string expected) => Check(line, expected);

    [Fact]
    public void A6_service_check_with_a_bad_time_is_shipped_without() =>
        Assert.Contains("d:x", Check("_sc|db|0|d:x", $"db CHECK 0 {Time}"), StringComparison.Ordinal);

    /// <summary>A name that only begins like one is a metric, or nothing.</summary>
    [Theory]
    [InlineData("_scx:1|c", "_scx COUNT 1 @1656581400")]
    [InlineData("_e:1|c", "_e COUNT 1 @1656581400")]
    [InlineData("_sc:1|c", "_sc COUNT 1 @1656581400")]
    [InlineData("_e|c", "err NoSeparator")]
    public void What_only_begins_alike(string line, string expected) => Check(line, expected);

    [Fact]
    public void Neighbours_of_a_bad_line_arrive()
    {
        using var rig = new MetricRig();
        rig.Send("x:1|c\n_e{9,9}:a|b\n_sc|db|7\n_e{1,1}:a|b\r\n_sc|db|0\r\ny:2|g");
        Assert.Equal([$"a|b EVENT api info normal {Time}", $"db CHECK 0 {Time}", "x COUNT 1 @1656581400", "y GAUGE 2 @1656581400"], rig.Take().Describe());
        Assert.Equal((4, 2), (rig.Counters.Accepted, rig.Counters.DroppedFor(DropReason.Malformed)));
    }

    /// <summary>The lengths count the bytes that were sent, so a broken character must not move the cut.</summary>
    [Fact]
    public void A2_invalid_utf8_in_an_event_becomes_a_replacement_character()
    {
        using var rig = new MetricRig();
        rig.Aggregator.AcceptPacket([.. "_e{3,2}:a"u8, 0xFF, .. "b|c"u8, 0xC3, .. "|#t:"u8, 0xFE, .. "\n_sc|n"u8, 0x80, .. "|0\nx:1|c"u8]);
        Assert.Equal(
            [$"a\uFFFDb|c\uFFFD EVENT api info normal {Time} t:\uFFFD", $"n\uFFFD CHECK 0 {Time}", "x COUNT 1 @1656581400"],
            rig.Take().Describe().Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Tags_are_those_of_metrics()
    {
        using var rig = new MetricRig(new MetricSettings { ClientTags = ["client:c"] });
        rig.Aggregator.DefaultTags = TagSet.From([KeyValuePair.Create("env", "prod")]);
        rig.Send("_e{1,1}:a|b|#x,dd.internal.card:low,,x\n_sc|db|0|#env:prod");
        Assert.Equal([$"a|b EVENT api info normal {Time} client:c,env:prod,x", $"db CHECK 0 {Time} client:c,env:prod"], rig.Take().Describe());
    }

    /// <summary>B.8: one list per source type, in one request; the order within a source stays.</summary>
    [Fact]
    public void B8_events_are_grouped_by_their_source()
    {
        using var rig = new MetricRig();
        rig.Send("_e{1,1}:1|a|s:z\n_e{1,1}:2|a\n_e{1,1}:3|a|s:z\n_sc|db|0\n_e{1,1}:4|a");
        Decoded decoded = rig.Take();
        Assert.Equal([("api", "2"), ("api", "4"), ("z", "1"), ("z", "3")], decoded.Events.Select(static one => (one.Source, one.Title)));
        Assert.Equal([(IntakeKind.Events, 4, 4L), (IntakeKind.ServiceChecks, 1, 1L)], decoded.Payloads.Select(static one => (one.Kind, one.Items, one.Units)));
    }

    [Fact]
    public void B8_the_exact_bodies()
    {
        using var rig = new MetricRig();
        rig.Send("_e{5,4}:title|a\"\\n|t:error|k:key|s:src|h:h|#env:test\n_sc|db|2|h:h|m:down|#env:test");
        Decoded decoded = rig.Take();
        Assert.Equal(
            """{"apiKey":"","events":{"src":[{"msg_title":"title","msg_text":"a\"\n","timestamp":1656581409,"priority":"normal","host":"h","tags":["env:test"]"""
            + ""","alert_type":"error","aggregation_key":"key","source_type_name":"src"}]},"internalHostname":""}""",
            Encoding.UTF8.GetString(decoded.Payloads[0].Body));
        Assert.Equal(
            """[{"check":"db","host_name":"h","timestamp":1656581409,"status":2,"message":"down","tags":["env:test"]}]""",
            Encoding.UTF8.GetString(decoded.Payloads[1].Body));
    }

    [Fact]
    public void Payloads_of_events_and_checks_are_split_by_items_and_bytes()
    {
        using var rig = new MetricRig(new MetricSettings { Events = new PayloadLimits(10, 2000) });
        for (int i = 0; i < 25; i++)
        {
            rig.Send($"_e{{2,1}}:{i:00}|b\n_sc|{i:00}|0");
        }

        rig.Send($"_e{{2,3000}}:zz|{new string('x', 3000)}\n_e{{2,1}}:zz|b");
        Decoded decoded = rig.Take();
        Assert.Equal((27, 25), (decoded.Events.Count, decoded.Checks.Count));
        Assert.All(decoded.Payloads, static payload => Assert.True(payload.Items <= 10 && (payload.Body.Length <= 2000 + 3200 || payload.Items == 1)));
        Assert.Equal(27 + 25, decoded.Payloads.Sum(static payload => payload.Units));
        Assert.Equal(25, decoded.Events.Where(static one => one.Title != "zz").Select(static one => one.Title).Distinct().Count());
    }

    [Fact]
    public void R3_events_beyond_the_limit_are_dropped_and_counted_once_said()
    {
        using var output = new MemoryStream();
        using var rig = new MetricRig(new MetricSettings { EventBytes = 10_000 }, new Log(LogLevel.Warn, output));
        for (int i = 0; i < 200; i++)
        {
            rig.Send("_e{5,4}:title|text\n_sc|db|0|m:message");
        }

        long dropped = rig.Counters.DroppedFor(DropReason.BufferFull);
        Assert.Equal(400, rig.Counters.Accepted);
        Assert.InRange(dropped, 300, 399);
        Assert.Equal(400 - dropped, rig.Take().Payloads.Sum(static payload => payload.Units));
        Assert.Single(Encoding.UTF8.GetString(output.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries));

        rig.Send("_sc|db|0");
        Assert.Single(rig.Take().Checks);
    }

    /// <summary>Whatever a client prints with byte or UTF-16 lengths is read back.</summary>
    [Fact]
    public void What_is_printed_is_parsed_back()
    {
        Gen<string> text = Gen.Elements("abc|:#\\ é🎉,\n".EnumerateRunes().Select(static rune => rune.ToString()).ToArray())
            .NonEmptyListOf().Select(static runes => string.Concat(runes));
        Gen<(string Title, string Text, bool CountsBytes)> events =
            from title in text
            from body in text
            from countsBytes in Gen.Elements(true, false)
            select (title, body, countsBytes);
        Prop.ForAll(events.ToArbitrary(), static expected =>
        {
            string title = expected.Title.Replace("\n", "\\n", StringComparison.Ordinal);
            string body = expected.Text.Replace("\n", "\\n", StringComparison.Ordinal);
            int titleLength = expected.CountsBytes ? Encoding.UTF8.GetByteCount(title) : title.Length;
            int bodyLength = expected.CountsBytes ? Encoding.UTF8.GetByteCount(body) : body.Length;
            using var rig = new MetricRig();
            rig.Send($"_e{{{titleLength},{bodyLength}}}:{title}|{body}|p:low");
            ReceivedEvent found = Assert.Single(rig.Take().Events);

            // Counted in UTF-16 units, a text that holds bars can also be cut by bytes: then that is how it is read.
            if (expected.CountsBytes || !expected.Title.Contains('|', StringComparison.Ordinal) && !expected.Text.Contains('|', StringComparison.Ordinal))
            {
                Assert.Equal(
                    (expected.Title.Replace("\\n", "\n", StringComparison.Ordinal), expected.Text.Replace("\\n", "\n", StringComparison.Ordinal), "low"),
                    (found.Title, found.Text, found.Priority));
            }
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void A_printed_service_check_is_parsed_back()
    {
        Gen<string> text = Gen.Elements("abc:# é🎉,\n".EnumerateRunes().Select(static rune => rune.ToString()).ToArray())
            .NonEmptyListOf().Select(static runes => string.Concat(runes));
        Gen<(string Name, int Status, string Message, int Seconds)> checks =
            from name in Gen.Elements("db", "naïve.check", "a b")
            from status in Gen.Choose(0, 3)
            from message in text
            from seconds in Gen.Choose(1, int.MaxValue)
            select (name, status, message, seconds);
        Prop.ForAll(checks.ToArbitrary(), static expected =>
        {
            using var rig = new MetricRig();
            string message = expected.Message.Replace("\n", "\\n", StringComparison.Ordinal).Replace("m:", "m\\:", StringComparison.Ordinal);
            rig.Send($"_sc|{expected.Name}|{expected.Status}|d:{expected.Seconds}|#a:b|m:{message}");
            ReceivedServiceCheck found = Assert.Single(rig.Take().Checks);
            Assert.Equal(expected, (found.Name, found.Status, found.Message, (int)found.TimestampSeconds));
            Assert.Equal(["a:b"], found.Tags);
        }).QuickCheckThrowOnFailure();
    }

    private static string Check(string line, string expected)
    {
        using var output = new MemoryStream();
        using var rig = new MetricRig(log: new Log(LogLevel.Warn, output));
        rig.Send(line);
        bool isError = expected.StartsWith("err ", StringComparison.Ordinal);
        Assert.Equal(isError ? [] : [expected], rig.Take().Describe());
        Assert.Equal(isError ? 1 : 0, rig.Counters.DroppedFor(DropReason.Malformed));
        if (isError)
        {
            Assert.Equal(1, rig.Aggregator.Refused(Enum.Parse<DogStatsdStatus>(expected[4..])));
        }

        return Encoding.UTF8.GetString(output.ToArray());
    }
}
