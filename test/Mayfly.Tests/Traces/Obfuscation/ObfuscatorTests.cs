using Mayfly.Config;
using Mayfly.Testing;
using Mayfly.Tests.Config;
using Mayfly.Traces;
using Xunit;
using Pb = Mayfly.Local.Intake.Protos;

namespace Mayfly.Tests.Traces.Obfuscation;

/// <summary>docs/spec/03-traces.md §3.8 through the whole pipeline: environment and msgpack in, what the intake gets out.</summary>
public class ObfuscatorTests
{
    /// <summary>Variables, span type, tag, its value, expected value. A tag of <c>resource</c> is the resource.</summary>
    public static TheoryData<string, string, string, string, string> Rows => new()
    {
        // Dispatch on the type, defaults.
        { "", "sql", "resource", "SELECT 1", "SELECT ?" },
        { "", "cassandra", "resource", "SELECT 1", "SELECT ?" },
        { "", "sql", "resource", "SELECT '", "Non-parsable SQL query" },
        { "", "db", "resource", "SELECT 1", "SELECT 1" },
        { "", "SQL", "resource", "SELECT 1", "SELECT 1" },
        { "", "redis", "resource", "SET k v\nGET k", "SET GET" },
        { "", "valkey", "resource", "SET k v\nGET k", "SET GET" },
        { "", "redis", "redis.raw_command", "SET k v", "SET k ?" },
        { "", "redis", "valkey.raw_command", "SET k v", "SET k v" },
        { "", "valkey", "valkey.raw_command", "SET k v", "SET k ?" },
        { "", "valkey", "redis.raw_command", "SET k v", "SET k v" },
        { "", "memcached", "memcached.command", "set k 0 0 5\r\nvalue", "" },
        { "", "web", "http.url", "http://u:p@h/1?q", "http://h/1?q" },
        { "", "http", "http.url", "http://u:p@h/1?q", "http://h/1?q" },
        { "", "rpc", "http.url", "http://u:p@h/1?q", "http://u:p@h/1?q" },
        { "", "mongodb", "mongodb.query", "{\"a\":1}", "{\"a\":\"?\"}" },
        { "", "mongodb", "elasticsearch.body", "{\"a\":1}", "{\"a\":1}" },
        { "", "elasticsearch", "elasticsearch.body", "{\"a\":1}", "{\"a\":\"?\"}" },
        { "", "elasticsearch", "opensearch.body", "{\"a\":1}", "{\"a\":\"?\"}" },
        { "", "opensearch", "elasticsearch.body", "{\"a\":1}", "{\"a\":\"?\"}" },
        { "", "opensearch", "opensearch.body", "{\"a\":1}", "{\"a\":\"?\"}" },
        { "", "web", "card", "4532-1234-5678-9010", "?" },
        { "", "", "card", "4532123456789010", "?" },
        { "", "web", "_card", "4532123456789010", "4532123456789010" },
        { "", "web", "http.method", "4532123456789010", "4532123456789010" },
        { "", "web", "error.stack", "at x", "at x" },

        // Every switch.
        { "DD_APM_OBFUSCATION_HTTP_REMOVE_QUERY_STRING=true", "web", "http.url", "http://h/1?q#f", "http://h/1?#f" },
        { "DD_APM_CONFIG_OBFUSCATION_HTTP_REMOVE_QUERY_STRING=true", "web", "http.url", "http://h/1?q", "http://h/1?" },
        { "DD_APM_OBFUSCATION_HTTP_REMOVE_PATHS_WITH_DIGITS=true", "web", "http.url", "http://h/1?q", "http://h/??q" },
        { "DD_APM_CONFIG_OBFUSCATION_HTTP_REMOVE_PATHS_WITH_DIGITS=1", "web", "http.url", "http://h/1?q", "http://h/??q" },
        { "DD_APM_OBFUSCATION_REDIS_ENABLED=false", "redis", "redis.raw_command", "SET k v", "SET k v" },
        { "DD_APM_OBFUSCATION_REDIS_ENABLED=false", "redis", "resource", "SET k v", "SET" },
        { "DD_APM_OBFUSCATION_REDIS_REMOVE_ALL_ARGS=true", "redis", "redis.raw_command", "SET k v", "SET ?" },
        { "DD_APM_OBFUSCATION_REDIS_REMOVE_ALL_ARGS=true", "valkey", "valkey.raw_command", "SET k v", "SET k ?" },
        { "DD_APM_OBFUSCATION_VALKEY_ENABLED=no", "valkey", "valkey.raw_command", "SET k v", "SET k v" },
        { "DD_APM_OBFUSCATION_VALKEY_REMOVE_ALL_ARGS=true", "valkey", "valkey.raw_command", "SET k v", "SET ?" },
        { "DD_APM_OBFUSCATION_MEMCACHED_ENABLED=false", "memcached", "memcached.command", "set k\r\nv", "set k\r\nv" },
        { "DD_APM_OBFUSCATION_MEMCACHED_KEEP_COMMAND=true", "memcached", "memcached.command", " set k 0 0 5 \r\nvalue", "set k 0 0 5" },
        { "DD_APM_OBFUSCATION_MEMCACHED_KEEP_COMMAND=true", "memcached", "memcached.command", "get k", "get k" },
        { "DD_APM_OBFUSCATION_MONGODB_ENABLED=false", "mongodb", "mongodb.query", "{\"a\":1}", "{\"a\":1}" },
        { "DD_APM_OBFUSCATION_MONGODB_KEEP_VALUES=a,c", "mongodb", "mongodb.query", "{\"a\":1,\"b\":2,\"c\":3}", "{\"a\":1,\"b\":\"?\",\"c\":3}" },
        { "DD_APM_OBFUSCATION_MONGODB_OBFUSCATE_SQL_VALUES=[\"a\"]", "mongodb", "mongodb.query", "{\"a\":\"x = 1\"}", "{\"a\":\"x = ?\"}" },
        { "DD_APM_OBFUSCATION_ELASTICSEARCH_ENABLED=false", "opensearch", "elasticsearch.body", "[1]", "[1]" },
        { "DD_APM_OBFUSCATION_ELASTICSEARCH_ENABLED=false", "elasticsearch", "opensearch.body", "[1]", "[\"?\"]" },
        { "DD_APM_OBFUSCATION_ELASTICSEARCH_KEEP_VALUES=[\"a\"]", "elasticsearch", "elasticsearch.body", "{\"a\":1,\"b\":2}", "{\"a\":1,\"b\":\"?\"}" },
        { "DD_APM_OBFUSCATION_ELASTICSEARCH_OBFUSCATE_SQL_VALUES=a", "elasticsearch", "elasticsearch.body", "{\"a\":\"x = 1\"}", "{\"a\":\"x = ?\"}" },
        { "DD_APM_OBFUSCATION_OPENSEARCH_ENABLED=false", "opensearch", "opensearch.body", "[1]", "[1]" },
        { "DD_APM_OBFUSCATION_OPENSEARCH_KEEP_VALUES=a b", "opensearch", "opensearch.body", "{\"a\":1,\"b\":2}", "{\"a\":1,\"b\":2}" },
        { "DD_APM_OBFUSCATION_OPENSEARCH_OBFUSCATE_SQL_VALUES=a", "opensearch", "opensearch.body", "{\"a\":\"x = 1\"}", "{\"a\":\"x = ?\"}" },
        { "DD_APM_OBFUSCATION_CREDIT_CARDS_ENABLED=false", "web", "card", "4532123456789010", "4532123456789010" },
        { "DD_APM_OBFUSCATION_CREDIT_CARDS_LUHN=true", "web", "card", "4532123456789010", "4532123456789010" },
        { "DD_APM_OBFUSCATION_CREDIT_CARDS_LUHN=true", "web", "card", "4111111111111111", "?" },
        { "DD_APM_OBFUSCATION_CREDIT_CARDS_KEEP_VALUES=order id", "web", "order", "4111111111111111", "4111111111111111" },
        { "DD_APM_OBFUSCATION_REMOVE_STACK_TRACES=true", "web", "error.stack", "at x", "?" },
        { "DD_APM_OBFUSCATION_REMOVE_STACK_TRACES=true", "web", "error.stack.more", "at x", "at x" },
        { "DD_APM_FEATURES=replace_sql_digits", "sql", "resource", "SELECT a1 FROM t2", "SELECT a? FROM t?" },
        { "DD_APM_FEATURES=other,quantize_sql_tables", "sql", "resource", "SELECT a1", "SELECT a?" },
        { "DD_APM_FEATURES=keep_sql_alias table_names", "sql", "resource", "SELECT a AS b", "SELECT a AS b" },
        { "DD_APM_FEATURES=dollar_quoted_func", "sql", "resource", "SELECT $func$SELECT 1$func$", "SELECT $func$SELECT ?$func$" },
        { "DD_APM_SQL_OBFUSCATION_MODE=obfuscate_only", "sql", "resource", "SELECT 1", "SELECT ?" },
        { "DD_APM_FEATURES=sqllexer", "sql", "resource", "SELECT 1", "SELECT ?" },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public void Row(string variables, string type, string tag, string value, string expected)
    {
        bool isResource = tag == "resource";
        var span = new SampleSpan { Type = type, Resource = isResource ? value : "r", Meta = isResource ? Meta() : Meta((tag, value)) };
        Pb.Span sent = Send(variables, span);
        Assert.Equal(expected, isResource ? sent.Resource : sent.Meta[tag]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("SELECT 'other secret'")]
    public void The_tag_sql_query_is_the_resource(string before)
    {
        Pb.Span span = Send("", new SampleSpan { Type = "sql", Resource = "SELECT * FROM t WHERE a = 'x'", Meta = before.Length == 0 ? Meta() : Meta(("sql.query", before)) });
        Assert.Equal("SELECT * FROM t WHERE a = ?", span.Meta["sql.query"]);
        Assert.Equal(span.Resource, span.Meta["sql.query"]);
    }

    [Fact]
    public void What_is_no_SQL_stands_nowhere()
    {
        Pb.Span span = Send("", new SampleSpan { Type = "sql", Resource = "SELECT 'secret", Meta = Meta(("sql.query", "SELECT 'secret")) });
        Assert.Equal(("Non-parsable SQL query", "Non-parsable SQL query"), (span.Resource, span.Meta["sql.query"]));
    }

    [Fact]
    public void Names_of_tables_are_a_tag_on_request()
    {
        var span = new SampleSpan { Type = "sql", Resource = "SELECT a FROM t1 JOIN t2 ON 1 = 1" };
        Assert.Equal("t1,t2", Send("DD_APM_FEATURES=table_names", span).Meta["sql.tables"]);
        Assert.False(Send("DD_APM_FEATURES=table_names", span with { Resource = "SELECT 1" }).Meta.ContainsKey("sql.tables"));
        Assert.False(Send("", span).Meta.ContainsKey("sql.tables"));
    }

    [Theory]
    [InlineData("mssql", "SELECT id FROM t")]
    [InlineData("MSSQL", "SELECT id FROM t")]
    [InlineData("postgresql", "SELECT [ id ] FROM t")]
    [InlineData("mysql", "SELECT [ id ] FROM t")]
    [InlineData("oracle", "SELECT [ id ] FROM t")]
    [InlineData("", "SELECT [ id ] FROM t")]
    public void The_dialect_is_that_of_the_tag_db_type(string type, string expected) =>
        Assert.Equal(expected, Send("", new SampleSpan { Type = "sql", Resource = "SELECT [id] FROM t", Meta = Meta(("db.type", type)) }).Resource);

    /// <summary>A client may send a key twice; neither value leaves.</summary>
    [Fact]
    public void A_tag_that_is_there_twice_is_hidden_twice()
    {
        byte[] body = new MsgPackWriter().Array(1).Array(1).Map(6)
            .Str("type").Str("redis").Str("trace_id").UInt64(1).Str("span_id").UInt64(2).Str("name").Str("n").Str("resource").Str("r")
            .Str("meta").Map(4)
            .Str("redis.raw_command").Str("SET k first").Str("redis.raw_command").Str("SET k second").Str("c").Str("4111111111111111").Str("c").Str("378282246310005")
            .ToArray();
        var rig = new TraceRig();
        rig.Send<TraceV04>(body);
        string sent = System.Text.Encoding.Latin1.GetString(Assert.Single(rig.TakeRaw()).Body);
        Assert.Contains("SET k ?", sent, StringComparison.Ordinal);
        Assert.All(["first", "second", "4111", "3782"], secret => Assert.DoesNotContain(secret, sent, StringComparison.Ordinal));
    }

    [Fact]
    public void Cards_in_attributes_of_events_become_texts()
    {
        MsgPackWriter writer = new MsgPackWriter().Array(1).Array(1).Map(4)
            .Str("trace_id").UInt64(1).Str("span_id").UInt64(2).Str("name").Str("n")
            .Str("span_events").Array(1).Map(3).Str("time_unix_nano").UInt64(1).Str("name").Str("e").Str("attributes").Map(7);
        writer.Str("text").Map(2).Str("type").Int(0).Str("string_value").Str("4111-1111-1111-1111");
        writer.Str("integer").Map(2).Str("type").Int(2).Str("int_value").Int(4111111111111111);
        writer.Str("double").Map(2).Str("type").Int(3).Str("double_value").Float64(4111111111111111);
        writer.Str("half").Map(2).Str("type").Int(3).Str("double_value").Float64(411111111111.5);
        writer.Str("yes").Map(2).Str("type").Int(1).Str("bool_value").Bool(true);
        writer.Str("_own").Map(2).Str("type").Int(2).Str("int_value").Int(4111111111111111);
        writer.Str("array").Map(2).Str("type").Int(4).Str("array_value").Map(1).Str("values").Array(2)
            .Map(2).Str("type").Int(2).Str("int_value").Int(4111111111111111)
            .Map(2).Str("type").Int(2).Str("int_value").Int(7);
        Pb.Span span = new TraceRig().SendOne(writer.ToArray());

        var attributes = span.SpanEvents[0].Attributes;
        Assert.All(["text", "integer", "double"], key => Assert.Equal((Pb.AttributeValueType.AttributeString, "?"), (attributes[key].Type, attributes[key].StringValue)));
        Assert.Equal(411111111111.5, attributes["half"].DoubleValue);
        Assert.True(attributes["yes"].BoolValue);
        Assert.Equal(4111111111111111, attributes["_own"].IntValue);
        Assert.Equal("?", attributes["array"].ArrayValue.Values[0].StringValue);
        Assert.Equal(7, attributes["array"].ArrayValue.Values[1].IntValue);
    }

    /// <summary>3.8: metrics are not looked at.</summary>
    [Fact]
    public void Numbers_stay()
    {
        Pb.Span span = Send("", new SampleSpan { Metrics = new Dictionary<string, double> { ["id"] = 4111111111111111 } });
        Assert.Equal(4111111111111111, span.Metrics["id"]);
    }

    /// <summary>Where a request has used up its room for changed texts, what is not looked at is not sent.</summary>
    [Fact]
    public void Without_room_a_text_becomes_a_question_mark()
    {
        string query = "SELECT 'secret', a, " + new string('b', 900_000);
        SampleSpan[] spans = [.. Enumerable.Range(1, 24).Select(id => new SampleSpan { SpanId = (ulong)id, Type = "sql", Resource = query })];
        var rig = new TraceRig(TraceRig.Settings with { BufferBytes = 256 * 1024 * 1024 });
        rig.Send<TraceV04>(SampleSpan.V04(spans));
        string[] resources = [.. rig.Take().SelectMany(static payload => payload.TracerPayloads).SelectMany(static payload => payload.Chunks).SelectMany(static chunk => chunk.Spans).Select(static span => span.Resource)];
        Assert.Equal(24, resources.Length);
        Assert.Equal("?", resources[^1]);
        Assert.Contains(resources, static resource => resource.StartsWith("SELECT ? a, bbb", StringComparison.Ordinal));
        Assert.All(resources, static resource => Assert.DoesNotContain("secret", resource, StringComparison.Ordinal));
    }

    /// <summary>The room for hidden texts is not that of decoding: a text to be repaired in the last span still finds some.</summary>
    [Fact]
    public void Much_to_hide_does_not_reject_a_request()
    {
        MsgPackWriter writer = new MsgPackWriter().Array(20);
        for (int i = 1; i <= 20; i++)
        {
            writer.Array(1).Map(5).Str("type").Str("sql").Str("trace_id").UInt64((ulong)i).Str("span_id").UInt64(1)
                .Str("resource").Str("SELECT 1, " + new string('a', 900_000)).Str("name").Raw([0xa2, (byte)'n', 0xff]);
        }

        byte[] body = writer.ToArray();
        Assert.Equal(TraceOutcome.Accepted, new TraceRig().Send<TraceV04>(body).Outcome);
    }

    internal static Pb.Span Send(string variables, SampleSpan span)
    {
        (string, string)[] environment = [.. variables.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(static one => (one[..one.IndexOf('=')], one[(one.IndexOf('=') + 1)..]))];
        ObfuscationSettings settings = Environments.Read(environment).Obfuscation;
        return new TraceRig(TraceRig.Settings with { Obfuscation = settings }).SendOne(SampleSpan.V04([span]));
    }

    internal static Dictionary<string, string> Meta(params (string Key, string Value)[] tags) => tags.ToDictionary(static tag => tag.Key, static tag => tag.Value);
}
