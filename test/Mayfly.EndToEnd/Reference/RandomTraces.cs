using System.Text.Json.Nodes;

namespace Mayfly.EndToEnd.Reference;

/// <summary>Requests of whole traces that a seed stands for: texts that are not normal, parents that are missing, every field of v0.4.</summary>
internal sealed class RandomTraces
{
    private static readonly string[] Services =
    [
        "web", "Web Shop", "2fa-service", "--a", "", "é-É", "日本", "a__b", "x!!y", "DB.Main", "s:1", "_", "™Ö™", "a🐶b", "web_", "１a",
        "aⅧb", "½a½", "İstanbul",
    ];

    private static readonly string[] Names =
    [
        "http.request", "a--b", "x///y", "trace-api.request", "bad-name", "", "&***", "/", "a.b_c", "a_.b", "é.b", "1a", "日本", "a b", "_x_", "a..b", "aws.s3",
        "aé",
    ];

    private static readonly string[] Envs = ["prod", "Prod EU", "1prod", "", "é", "-x", "none", "a_", "::"];
    private static readonly string[] Codes = ["200", "99", "600", "abc", "", "404", "0200", "5xx", "+200", " 200", "2147483648"];
    private static readonly string[] Types = ["web", "", "custom", "http", "worker", "日本"];
    private static readonly string[] Resources = ["GET /", "", "resource", "日本 é", "a\nb"];
    private static readonly string[] Languages = ["nodejs", "python", "go", "", "C++"];

    /// <summary>Spans of types, sizes and kinds that programs do not send; each spoils a request, so that it has one of its own.</summary>
    private static readonly string[] OddSpans =
    [
        """{"duration":"5"}""", """{"error":true}""", """{"error":1.0}""", """{"error":3000000000}""", """{"start":1700000000000000000.0}""",
        """{"duration":5000000.5}""",
        """{"meta":{"a":1}}""", """{"meta":{"a":false}}""", """{"meta":{"a":null}}""", """{"meta":{"a":"h'ff'"}}""",
        """{"meta":{"a":"h'61'"}}""", """{"meta":{"a":{}}}""",
        """{"meta":null,"parent_id":1}""", """{"metrics":null}""", """{"metrics":{"a":null}}""", """{"metrics":{"a":"1"}}""", """{"metrics":{"a":1e400}}""",
        """{"metrics":{"a":18446744073709551615}}""", """{"meta_struct":null}""", """{"meta_struct":{"a":"text"}}""", """{"meta_struct":{"a":[1,2]}}""",
        """{"span_links":null}""", """{"span_links":[{"trace_id":1,"span_id":2,"attributes":{"n":1}}]}""",
        """{"span_links":[{"trace_id":1,"span_id":2,"unknown":1}]}""",
        """{"span_events":[{"time_unix_nano":1.7e18,"name":"e"}]}""", """{"span_events":[{"time_unix_nano":1,"name":"e","attributes":{"l":"x"}}]}""",
        """{"span_events":[{"time_unix_nano":1,"name":"e","attributes":{"l":{"type":9,"string_value":"x"}}}]}""",
        """{"unknown":{"a":[1]}}""", """{"service":null}""",
        """{"service":"h'616263'"}""", """{"parent_id":null}""", """{"parent_id":-5}""",
        """{"start":-5}""", """{"service":"200 times a"}""", """{"name":"200 times a"}""",
        """{"type":"200 times a"}""", """{"resource":"5001 times a"}""", """{"resource":"5000 times é"}""", """{"meta":{"a":"30000 times b"}}""",
        """{"meta":{"env":"300 times b"}}""", """{"resource":"dd-tracer-serverless-span"}""", """{"name":"dns.lookup"}""", """{"resource":"127.0.0.1"}""",
        """{"span_id":1}""", """{"meta":{"_inferred_span.tag_source":"self"}}""", """{"trace_id":null}""",
    ];

    private readonly Random _random;
    private int _odd;

    public RandomTraces(int seed)
    {
#pragma warning disable CA5394 // Chance that is the same in each run.
        _random = new Random(seed);
#pragma warning restore CA5394
    }

    public IReadOnlyList<TraceRequest> Take(int count) => [.. Enumerable.Range(0, count).Select(_ => Request())];

    private TraceRequest Request()
    {
        if (Next(4) == 0)
        {
            return TraceRequest.Parse($"[[{{}},{OddSpans[_odd++ % OddSpans.Length]}]]");
        }

        var headers = new Dictionary<string, string>(TraceRequest.Node) { ["Datadog-Meta-Lang"] = Pick(Languages) };
        if (Next(4) == 0)
        {
            headers["Datadog-Container-ID"] = Pick(["cid-1", "ci-2"]);
        }

        if (Next(4) == 0)
        {
            headers["Datadog-Client-Computed-Top-Level"] = Pick(["true", "yes", "1", "false", ""]);
        }

        if (Next(4) == 0)
        {
            headers["Datadog-Client-Computed-Stats"] = Pick(["true", "false", "yes"]);
        }

        return new TraceRequest([.. Enumerable.Range(0, 1 + Next(3)).Select(trace => Trace(trace, 1 + Next(8)))], headers);
    }

    private JsonArray Trace(int trace, int count)
    {
        var spans = new JsonArray();
        for (int i = 0; i < count; i++)
        {
            var span = new JsonObject { ["service"] = Pick(Services), ["name"] = Pick(Names), ["resource"] = Pick(Resources), ["type"] = Pick(Types) };
            int parent = Next(6) switch
            {
                0 => 0,
                1 => 900,
                2 => (trace * 100) + i + 1,
                _ => (trace * 100) + 1 + Next(count),
            };
            if (i > 0 || Next(3) == 0)
            {
                span["parent_id"] = parent;
            }

            if (Next(200) == 0)
            {
                span[Pick(["trace_id", "span_id"])] = 0;
            }

            if (Next(200) == 0)
            {
                span["trace_id"] = 999;
            }

            AddNumbers(span);
            span["meta"] = Meta();
            span["metrics"] = Metrics();
            AddValues(span);
            AddExtra(span);
            spans.Add(span);
        }

        return spans;
    }

    private void AddNumbers(JsonObject span)
    {
        span["error"] = Next(8) == 0 ? Next(3) : 0;
        span["start"] = Next(10) switch
        {
            0 => 0,
            1 => 946_684_799_999_999_999,
            2 => long.MaxValue - 10,
            _ => 1_700_000_000_000_000_000 + Next(1_000_000),
        };
        span["duration"] = Next(12) switch
        {
            0 => 0,
            1 => -1,
            2 => long.MaxValue - 5,
            _ => Next(100_000_000),
        };
    }

    private JsonObject Meta()
    {
        var meta = new JsonObject { ["text"] = Pick(["a", "", "é", "日本"]) };
        AddSome(meta, 4, ("env", Envs), ("version", ["1.2", "", "V 3"]), ("_dd.hostname", ["host", "h2"]), ("runtime-id", ["rid", "rid2", ""]));
        AddSome(meta, 4, ("http.status_code", Codes));
        AddSome(meta, 6, ("_dd.origin", ["rum", "synthetics", ""]), ("_dd.p.dm", ["-4", "-1"]), ("_dd.p.tid", ["640cfd8d00000000"]), ("_dd.p.usr.id", ["x"]));
        AddSome(meta, 8, ("peer.service", ["Other One", "2fa", ""]), ("_dd.base_service", ["Base Svc", "9x"]), ("span.kind", ["Server", "client"]));
        AddSome(meta, 8, ("origin", ["own"]));
        return meta;
    }

    private JsonObject Metrics()
    {
        var metrics = new JsonObject { ["n"] = Next(1000) / 4.0 };
        foreach ((string name, double[] values) in new (string, double[])[]
        {
            ("_sampling_priority_v1", [0, 1, 2, -1, 1.5, 200]), ("_top_level", [1, 0]), ("_dd.top_level", [1, 0]), ("_dd.measured", [1]),
            ("http.status_code", [200, 99]), ("_sample_rate", [0.5]), ("_dd.partial_version", [0, 1]), ("_dd.agent_psr", [1]),
        })
        {
            if (Next(5) == 0)
            {
                double value = values[Next(values.Length)];
                metrics[name] = double.IsInteger(value) ? (JsonNode)(long)value : value;
            }
        }

        return metrics;
    }

    private void AddExtra(JsonObject span)
    {
        if (Next(6) == 0)
        {
            span["meta_struct"] = new JsonObject { ["s"] = Pick(["h'010203'", "h''", "h'80'"]) };
        }

        if (Next(6) == 0)
        {
            span["span_links"] = JsonNode.Parse(Pick(
            [
                """[{"trace_id":5,"trace_id_high":6,"span_id":7,"attributes":{"link.name":"a--b"},"tracestate":"dd=s:1","flags":2147483649}]""",
                """[{"trace_id":5,"span_id":7},{"trace_id":8,"span_id":9,"attributes":{}}]""", "[]",
            ]));
        }

        if (Next(6) == 0)
        {
            span["span_events"] = JsonNode.Parse(Pick(
            [
                """[{"time_unix_nano":1700000000000000000,"name":"e","attributes":{"s":{"type":0,"string_value":"v"},"b":{"type":1,"bool_value":true}}}]""",
                """[{"time_unix_nano":1,"name":"","attributes":{"i":{"type":2,"int_value":-3},"d":{"type":3,"double_value":0.25}}}]""",
                """[{"time_unix_nano":2,"name":"l","attributes":{"l":{"type":4,"array_value":{"values":[{"type":2,"int_value":1},{"type":2,"int_value":2}]}}}}]""",
                """[{"time_unix_nano":3,"name":"none"}]""",
            ]));
        }
    }

    private void AddSome(JsonObject meta, int oneOf, params (string Tag, string[] Values)[] tags)
    {
        foreach ((string tag, string[] values) in tags)
        {
            if (Next(oneOf) == 0)
            {
                meta[tag] = Pick(values);
            }
        }
    }

    /// <summary>A text that may hold values, of the kinds that are known; all of them are in docs/differences-libdatadog.md in detail.</summary>
    private void AddValues(JsonObject span)
    {
        JsonNode meta = span["meta"]!;
        switch (Next(20))
        {
            case 0:
                span["type"] = "sql";
                span["resource"] = Pick(["SELECT a FROM t WHERE b = 'secret' AND c IN (1, 2)", "INSERT INTO t VALUES (1, 'x')"]);
                break;
            case 1:
                span["type"] = "redis";
                span["resource"] = "SET k secret\nGET k";
                meta["redis.raw_command"] = Pick(["SET k secret", "AUTH me secret"]);
                break;
            case 2:
                span["type"] = "http";
                meta["http.url"] = Pick(["http://u:p@h/a?token=x", "http://h/a/1?b=c", "https://h"]);
                break;
            case 3:
                span["type"] = "memcached";
                meta["memcached.command"] = "set k 0 0 5\r\nvalue";
                break;
            case 4:
                span["type"] = Pick(["mongodb", "elasticsearch", "opensearch"]);
                meta["mongodb.query"] = "{\"a\":1}";
                meta["elasticsearch.body"] = "{\"a\":[1,\"b\"]}";
                meta["opensearch.body"] = "{\"a\":null}";
                break;
            case 5:
                meta["card.number"] = "4532123456789010";
                break;
            case 6:
                meta[Pick(["some.tag", "_dd.card"])] = "4532123456789010";
                break;
        }
    }

    private string Pick(string[] choices) => choices[Next(choices.Length)];

    private int Next(int end)
    {
#pragma warning disable CA5394
        return _random.Next(end);
#pragma warning restore CA5394
    }
}
