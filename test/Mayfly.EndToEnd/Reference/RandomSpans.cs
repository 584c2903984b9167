using System.Globalization;
using System.Text;
using Mayfly.Testing;

namespace Mayfly.EndToEnd.Reference;

/// <summary>Spans of every type whose texts are hidden, that a seed stands for; one trace each.</summary>
/// <remarks>Names and services are normal already: the reference hides but does not normalize.</remarks>
internal sealed class RandomSpans
{
    private static readonly string[] Types = ["sql", "cassandra", "redis", "valkey", "memcached", "web", "http", "mongodb", "elasticsearch", "opensearch", "custom", ""];
    private static readonly string[] Databases = ["", "mysql", "postgresql", "mssql", "oracle", "sqlite"];

    private static readonly string[] Commands =
    [
        "GET", "SET", "MSET", "HSET", "HMSET", "AUTH", "HELLO", "ACL", "GEOADD", "LPUSH", "RPUSH", "SADD", "ZREM", "APPEND", "GETSET", "SETNX", "ZSCORE", "HSETNX", "LSET",
        "SETEX", "RESTORE", "LINSERT", "CONFIG", "BITFIELD", "ZADD", "DEL", "EVAL", "CLIENT", "SCRIPT", "PING", "get", "config", "zadd", "hmset", "INFO", "MIGRATE",
    ];

    private static readonly string[] Words =
    [
        "key", "k:1", "value", "GET", "SET", "u8", "#0", "NX", "XX", "CH", "INCR", "1", "-2.5", "\"a b\"", "\"a \\\" b\"", "\"unclosed", "é", "RESETSTAT", "AUTH", "x\\y", "\"\"",
        "BEFORE", "long-word...", "日本",
    ];

    private static readonly string[] Schemes = ["http", "https", "HTTP", "ftp", "custom"];
    private static readonly string[] Hosts = ["foo.com", "foo.com:8080", "[::1]:80", "10.0.0.1", "Foo.COM", "localhost", "xn--e1afmkfd.example"];
    private static readonly string[] Segments = ["id", "123", "page1", "a%20b", "%31", "nam%3Fe", "é", "", "a-b", "1%3F3", "a;b=1", ".", "a,b", "a@b", "q:5"];
    private static readonly string[] Queries = ["", "?", "?a=b", "?a=1&b=2", "?q=a b", "?a#b?c", "?a?b", "?token=é"];
    private static readonly string[] Fragments = ["", "", "#", "#part", "#a#b", "#9"];

    private readonly Random _random;

    public RandomSpans(int seed)
    {
#pragma warning disable CA5394 // Chance that is the same in each run.
        _random = new Random(seed);
#pragma warning restore CA5394
    }

    /// <summary>As many spans; their ids count from <paramref name="firstId"/>.</summary>
    public IReadOnlyList<SampleSpan> Take(int count, ulong firstId) => [.. Enumerable.Range(0, count).Select(i => Span(firstId + (ulong)i, Types[i % Types.Length]))];

    private SampleSpan Span(ulong id, string type)
    {
        var meta = new Dictionary<string, string> { ["plain"] = Pick(Words), ["card"] = Card(), [Pick(["account", "_card", "http.method", "card.number", "out.port"])] = Card() };
        string resource = Pick(["GET /", "some resource", "日本", Card()]);
        switch (type)
        {
            case "sql" or "cassandra":
                resource = RandomSql.Of(Next(int.MaxValue)).Text;
                meta["db.type"] = Pick(Databases);
                break;
            case "redis" or "valkey":
                resource = Redis();
                meta[type + ".raw_command"] = Redis();
                break;
            case "memcached":
                meta["memcached.command"] = Pick(["get k", "set k 0 0 5\r\nvalue", " set k 0 0 1 \r\nv\r\nmore", "\r\nx", "", "delete k\nx"]);
                break;
            case "web" or "http":
                meta["http.url"] = Url();
                break;
            case "mongodb" or "elasticsearch" or "opensearch":
                string json = Json(3);
                meta[type == "mongodb" ? "mongodb.query" : type + ".body"] = Next(6) switch
                {
                    0 => json[..Next(json.Length + 1)],
                    1 => $"{json}\n{Json(1)}",
                    2 => Pick(["", "INVALID", "{", "[1,", "nul", "{\"a\" 1}", "\"", "{\"a\":}"]),
                    _ => json,
                };
                break;
            default:
                meta["http.url"] = Url();
                meta["redis.raw_command"] = Redis();
                break;
        }

        return new SampleSpan
        {
            TraceId = id,
            SpanId = id,
            Service = "web",
            Type = type,
            Resource = resource.Length == 0 ? "empty" : resource,
            Start = 1_700_000_000_000_000_000 + Next(1_000_000),
            Duration = Next(1_000_000),
            Error = Next(2),
            Meta = meta,
            Metrics = new Dictionary<string, double> { ["number"] = Next(1000) / 4.0, ["_sampling_priority_v1"] = 1 },
        };
    }

    private string Redis()
    {
        var text = new StringBuilder();
        for (int commands = 1 + Next(4); commands > 0; commands--)
        {
            text.Append(Pick(["", "", " "])).Append(Pick(Commands));
            for (int arguments = Next(7); arguments > 0; arguments--)
            {
                text.Append(Pick([" ", " ", "  "])).Append(Pick(Words));
            }

            text.Append(commands > 1 ? Pick(["\n", " \n", "\n\n"]) : Pick(["", "", "\n", " "]));
        }

        return text.ToString();
    }

    private string Url()
    {
        string user = Pick(["", "", "user:pass@", "user@", ":pass@"]);
        string path = string.Concat(Enumerable.Range(0, Next(5)).Select(_ => "/" + Pick(Segments)));
        return Next(8) switch
        {
            0 => path + Pick(Queries) + Pick(Fragments),
            1 => Pick(["%", "", "http://", "://", "http://a b/", "//h/1", "mailto:a@b.c", "http://u:p@[::1", "http://[::1", "1"]),
            _ => $"{Pick(Schemes)}://{user}{Pick(Hosts)}{path}{Pick(Queries)}{Pick(Fragments)}",
        };
    }

    private string Json(int depth) => Next(depth > 0 ? 8 : 5) switch
    {
        0 => Pick(["\"text\"", "\"a \\\" b\"", "\"\\u00e9é\"", "\"\""]),
        1 => Pick(["1", "-2.5e3", "0", "12345678901234567890"]),
        2 => Pick(["true", "false", "null"]),
        3 => "[]",
        4 => "{}",
        5 => $"[{string.Join(Pick([",", " , "]), Enumerable.Range(0, 1 + Next(3)).Select(_ => Json(depth - 1)))}]",
        _ => $"{{{string.Join(Pick([",", ",\n "]), Enumerable.Range(0, 1 + Next(3)).Select(i => $"\"{Pick(["query", "_id", "a b", "é"])}{i}\"{Pick([":", ": "])}{Json(depth - 1)}"))}}}",
    };

    private string Card()
    {
        string digits = Pick(["4", "51", "34", "6011", "3528", "9", "1", "62", "2221", "0", ""])
            + string.Concat(Enumerable.Range(0, 8 + Next(9)).Select(_ => Next(10).ToString(CultureInfo.InvariantCulture)));
        return Next(4) switch
        {
            0 => string.Join(Pick([" ", "-"]), digits.Chunk(4).Select(static part => new string(part))),
            1 => Pick(["", " "]) + digits + Pick(["", " ", "x"]),
            _ => digits,
        };
    }

    private string Pick(string[] choices) => choices[Next(choices.Length)];

    private int Next(int end)
    {
#pragma warning disable CA5394
        return _random.Next(end);
#pragma warning restore CA5394
    }
}
