using Mayfly.Config;
using Mayfly.Testing;
using Mayfly.Tests.Config;
using Xunit;
using Pb = Mayfly.Local.Intake.Protos;

namespace Mayfly.Tests.Traces.Obfuscation;

/// <summary>docs/spec/03-traces.md 9, the entries about what is hidden in spans: what the references get wrong and Mayfly does right.</summary>
public class KnownDefectTests
{
    /// <summary>LIB: * rewrites internal tags too and skips resource, metrics and events; one broken rule disables all.</summary>
    [Fact]
    public void D18_A_star_rule_reaches_everything_but_internal_tags_whatever_rule_is_broken_beside_it()
    {
        const string Rules = """[{"name":"*","pattern":"(","repl":""},{"name":"*","pattern":"secret","repl":"x"},{"name":"*","pattern":"^42$","repl":"43"}]""";
        byte[] body = new MsgPackWriter().Array(1).Array(1).Map(6).Str("trace_id").Int(1).Str("span_id").Int(2).Str("resource").Str("a secret")
            .Str("meta").Map(2).Str("k").Str("secret").Str("_dd.k").Str("secret")
            .Str("metrics").Map(2).Str("m").Int(42).Str("_m").Int(42)
            .Str("span_events").Array(1).Map(2).Str("name").Str("e").Str("attributes").Map(1).Str("k").Map(2).Str("type").Int(0).Str("string_value").Str("secret")
            .ToArray();
        Pb.Span span = Send(body, (Keys.ReplaceTags, Rules));
        Assert.Equal(("a x", "x", "secret"), (span.Resource, span.Meta["k"], span.Meta["_dd.k"]));
        Assert.Equal((43.0, 42.0), (span.Metrics["m"], span.Metrics["_m"]));
        Assert.Equal("x", span.SpanEvents[0].Attributes["k"].StringValue);
    }

    /// <summary>BC: SQL, redis resources and URLs only; MA: card numbers in the tag card.number only.</summary>
    [Theory]
    [InlineData("sql", "sql.query", "SELECT 42", "SELECT ?")]
    [InlineData("redis", "redis.raw_command", "SET k 42", "SET k ?")]
    [InlineData("valkey", "valkey.raw_command", "SET k 42", "SET k ?")]
    [InlineData("memcached", "memcached.command", "set k 0 0 2\r\n42", "")]
    [InlineData("mongodb", "mongodb.query", "{\"a\":42}", "{\"a\":\"?\"}")]
    [InlineData("elasticsearch", "elasticsearch.body", "{\"a\":42}", "{\"a\":\"?\"}")]
    [InlineData("opensearch", "opensearch.body", "{\"a\":42}", "{\"a\":\"?\"}")]
    [InlineData("web", "http.url", "http://user:42@h/", "http://h/")]
    [InlineData("custom", "any.tag", "4532123456789010", "?")]
    public void D24_Values_are_hidden_wherever_they_stand_without_a_setting(string type, string tag, string value, string expected)
    {
        var span = new SampleSpan { Type = type, Resource = tag == "sql.query" ? value : "r", Meta = new Dictionary<string, string> { [tag] = value } };
        Assert.Equal(expected, Send(SampleSpan.V04([span])).Meta[tag]);
    }

    /// <summary>BC and the others have different names for the same.</summary>
    [Theory]
    [InlineData("DD_APM_OBFUSCATION_HTTP_REMOVE_QUERY_STRING", "http://h/1/a?")]
    [InlineData("DD_APM_CONFIG_OBFUSCATION_HTTP_REMOVE_QUERY_STRING", "http://h/1/a?")]
    [InlineData("DD_APM_OBFUSCATION_HTTP_REMOVE_PATHS_WITH_DIGITS", "http://h/?/a?q")]
    [InlineData("DD_APM_CONFIG_OBFUSCATION_HTTP_REMOVE_PATHS_WITH_DIGITS", "http://h/?/a?q")]
    public void D25_The_names_of_all_agents_work(string variable, string expected)
    {
        var span = new SampleSpan { Type = "web", Meta = new Dictionary<string, string> { ["http.url"] = "http://h/1/a?q" } };
        Assert.Equal(expected, Send(SampleSpan.V04([span]), (variable, "true")).Meta["http.url"]);
    }

    private static Pb.Span Send(byte[] body, params (string, string)[] variables) =>
        new TraceRig(TraceRig.Settings with { Obfuscation = Environments.Read(variables).Obfuscation }).SendOne(body);
}
