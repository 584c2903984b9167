using Mayfly.Config;
using Mayfly.Testing;
using Mayfly.Tests.Config;
using Mayfly.Traces;
using Xunit;
using Pb = Mayfly.Local.Intake.Protos;

namespace Mayfly.Tests.Traces.Obfuscation;

/// <summary>docs/spec/03-traces.md §3.7: rules from the environment, spans through the pipeline.</summary>
public class TagReplacerTests
{
    private const string Vectors = """
        [{"name":"http.url","pattern":"(token/)([^/]*)","repl":"${1}?"},{"name":"http.url","pattern":"guid","repl":"[REDACTED]"},
         {"name":"custom.tag","pattern":"(/foo/bar/).*","repl":"${1}extra"}]
        """;

    [Fact]
    public void The_vectors()
    {
        Pb.Span span = Send(Vectors, new SampleSpan { Type = "custom", Meta = Meta(("http.url", "some/guid/token/abcdef/abc"), ("custom.tag", "/foo/bar/foo"), ("other", "guid")) });
        Assert.Equal(("some/[REDACTED]/token/?/abc", "/foo/bar/extra", "guid"), (span.Meta["http.url"], span.Meta["custom.tag"], span.Meta["other"]));
    }

    [Fact]
    public void Rules_apply_in_order()
    {
        const string Rules = """[{"name":"t","pattern":"a","repl":"b"},{"name":"t","pattern":"b","repl":"c"},{"name":"t","pattern":"a","repl":"x"}]""";
        Assert.Equal("cc", Send(Rules, new SampleSpan { Meta = Meta(("t", "ab")) }).Meta["t"]);
    }

    [Fact]
    public void The_resource_has_a_name_of_its_own()
    {
        const string Rules = """[{"name":"resource.name","pattern":"\\d+","repl":"N"}]""";
        Pb.Span span = Send(Rules, new SampleSpan { Resource = "GET /users/17", Meta = Meta(("resource.name", "17"), ("a", "17")) });
        Assert.Equal(("GET /users/N", "17", "17"), (span.Resource, span.Meta["resource.name"], span.Meta["a"]));
    }

    /// <summary>* in GO's way: tags and metrics without an underscore in front, resource, attributes of events.</summary>
    [Fact]
    public void A_star_is_for_all_but_internal_tags()
    {
        const string Rules = """[{"name":"*","pattern":"17","repl":"N"}]""";
        var span = new SampleSpan
        {
            Service = "s17",
            Name = "n17",
            Resource = "r17",
            Type = "t17",
            Meta = Meta(("a", "x17"), ("_dd.b", "x17"), ("k17", "y")),
            Metrics = new Dictionary<string, double> { ["m"] = 17, ["_m"] = 17, ["other"] = 18 },
        };
        Pb.Span sent = Send(Rules, span);
        Assert.Equal(("s17", "n17", "rN", "t17"), (sent.Service, sent.Name, sent.Resource, sent.Type));
        Assert.Equal(Meta(("a", "xN"), ("_dd.b", "x17"), ("k17", "y"), ("m", "N")), sent.Meta);
        Assert.Equal((17.0, 18.0), (sent.Metrics["_m"], sent.Metrics["other"]));
        Assert.False(sent.Metrics.ContainsKey("m"));
    }

    [Fact]
    public void A_named_internal_tag_is_replaced()
    {
        Assert.Equal("?", Send("""[{"name":"_dd.x","pattern":".+","repl":"?"}]""", new SampleSpan { Meta = Meta(("_dd.x", "abc")) }).Meta["_dd.x"]);
    }

    /// <summary>Number, expression, replacement, the metric after it or the tag it has become.</summary>
    [Theory]
    [InlineData(200, "200", "404", "404", true)]
    [InlineData(200, "2(\\d)0", "$1", "0", true)]
    [InlineData(1.5, "\\.", ",", "1,5", false)]
    [InlineData(1e21, "^1000000000000000000000$", "big", "big", false)]
    [InlineData(-1.25e-7, "^-0\\.000000125$", "small", "small", false)]
    [InlineData(123456789012345680000.0, "^123456789012345680000$", "7", "7", true)]
    [InlineData(1, ".*", "", "", false)]
    [InlineData(1, "1", "1e3", "1000", true)]
    [InlineData(1, "1", "NaN", "NaN", false)]
    [InlineData(1, "1", "1e999", "1e999", false)]
    [InlineData(1, "2", "3", "1", true)]
    public void A_metric_stays_a_number_as_long_as_it_is_one(double value, string pattern, string replacement, string expected, bool isNumber)
    {
        string rules = System.Text.Json.JsonSerializer.Serialize(new[] { new { name = "m", pattern, repl = replacement } });
        Pb.Span span = Send(rules, new SampleSpan { Metrics = new Dictionary<string, double> { ["a"] = 1, ["m"] = value, ["z"] = 2 } });
        if (isNumber)
        {
            Assert.Equal(double.Parse(expected, System.Globalization.CultureInfo.InvariantCulture), span.Metrics["m"]);
            Assert.False(span.Meta.ContainsKey("m"));
        }
        else
        {
            Assert.Equal(expected, span.Meta["m"]);
            Assert.False(span.Metrics.ContainsKey("m"));
        }

        Assert.Equal((1.0, 2.0), (span.Metrics["a"], span.Metrics["z"]));
    }

    [Fact]
    public void Attributes_of_events_keep_the_type_that_they_read_as()
    {
        const string Rules = """[{"name":"*","pattern":"7","repl":"8"},{"name":"flag","pattern":"true","repl":"false"},{"name":"n","pattern":"8","repl":"eight"},{"name":"f","pattern":"\\.5","repl":""}]""";
        MsgPackWriter writer = new MsgPackWriter().Array(1).Array(1).Map(4)
            .Str("trace_id").UInt64(1).Str("span_id").UInt64(2).Str("name").Str("n")
            .Str("span_events").Array(1).Map(3).Str("time_unix_nano").UInt64(1).Str("name").Str("e7").Str("attributes").Map(7);
        writer.Str("text").Map(2).Str("type").Int(0).Str("string_value").Str("7");
        writer.Str("i").Map(2).Str("type").Int(2).Str("int_value").Int(17);
        writer.Str("n").Map(2).Str("type").Int(2).Str("int_value").Int(7);
        writer.Str("f").Map(2).Str("type").Int(3).Str("double_value").Float64(7.5);
        writer.Str("flag").Map(2).Str("type").Int(1).Str("bool_value").Bool(true);
        writer.Str("_own").Map(2).Str("type").Int(2).Str("int_value").Int(7);
        writer.Str("array").Map(2).Str("type").Int(4).Str("array_value").Map(1).Str("values").Array(2)
            .Map(2).Str("type").Int(3).Str("double_value").Float64(0.7).Map(2).Str("type").Int(0).Str("string_value").Str("x7");
        Pb.Span span = Rig(Rules).SendOne(writer.ToArray());

        var attributes = span.SpanEvents[0].Attributes;
        Assert.Equal("e7", span.SpanEvents[0].Name);
        Assert.Equal(("8", 18L, "eight", 8L), (attributes["text"].StringValue, attributes["i"].IntValue, attributes["n"].StringValue, attributes["f"].IntValue));
        Assert.Equal(Pb.AttributeValueType.AttributeBool, attributes["flag"].Type);
        Assert.False(attributes["flag"].BoolValue);
        Assert.Equal(7, attributes["_own"].IntValue);
        Assert.Equal((0.8, "x8"), (attributes["array"].ArrayValue.Values[0].DoubleValue, attributes["array"].ArrayValue.Values[1].StringValue));
    }

    [Fact]
    public void Rules_see_obfuscated_values()
    {
        const string Rules = """[{"name":"resource.name","pattern":"\\?","repl":"secret"},{"name":"sql.query","pattern":"WHERE.*","repl":""}]""";
        Pb.Span span = Send(Rules, new SampleSpan { Type = "sql", Resource = "SELECT a FROM t WHERE b = 1" });
        Assert.Equal(("SELECT a FROM t WHERE b = secret", "SELECT a FROM t "), (span.Resource, span.Meta["sql.query"]));
    }

    /// <summary>A text that takes too long is not sent.</summary>
    [Fact]
    public void A_text_that_takes_too_long_becomes_a_question_mark()
    {
        Pb.Span span = Send("""[{"name":"t","pattern":"a*b|a","repl":"x"}]""", new SampleSpan { Meta = Meta(("t", new string('a', 100_000)), ("u", "a")) });
        Assert.Equal(("?", "a"), (span.Meta["t"], span.Meta["u"]));
    }

    [Fact]
    public void A_tag_that_is_there_twice_is_replaced_twice()
    {
        byte[] body = new MsgPackWriter().Array(1).Array(1).Map(4)
            .Str("trace_id").UInt64(1).Str("span_id").UInt64(2).Str("name").Str("n")
            .Str("meta").Map(2).Str("t").Str("secret one").Str("t").Str("secret two").ToArray();
        TraceRig rig = Rig("""[{"name":"t","pattern":"secret","repl":"?"}]""");
        rig.Send<TraceV04>(body);
        Assert.DoesNotContain("secret", System.Text.Encoding.Latin1.GetString(Assert.Single(rig.TakeRaw()).Body), StringComparison.Ordinal);
    }

    internal static Pb.Span Send(string rules, SampleSpan span) => Rig(rules).SendOne(SampleSpan.V04([span]));

    private static TraceRig Rig(string rules)
    {
        Settings settings = Environments.Read((Keys.ReplaceTags, rules));
        Assert.Empty(settings.Warnings);
        return new TraceRig(TraceRig.Settings with { Obfuscation = settings.Obfuscation });
    }

    private static Dictionary<string, string> Meta(params (string Key, string Value)[] tags) => ObfuscatorTests.Meta(tags);
}
