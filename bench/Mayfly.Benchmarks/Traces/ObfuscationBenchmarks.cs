using BenchmarkDotNet.Attributes;
using Mayfly.Config;
using Mayfly.Patterns;
using Mayfly.Traces;
using Mayfly.Traces.Obfuscation;
using Mayfly.Wire;

namespace Mayfly.Benchmarks.Traces;

/// <summary>
/// One span with 12 tags through step 11 (or 13) of the pipeline. <see cref="None"/> is what a span costs that needs nothing: it has to be nearly nothing.
/// All of them allocate nothing.
/// </summary>
[MemoryDiagnoser]
public class ObfuscationBenchmarks
{
    private const string Query =
        "SELECT o.id, o.total, c.name AS customer FROM orders o LEFT JOIN customers c ON c.id = o.customer_id "
        + "WHERE o.state IN ('open', 'paid', 'sent') AND o.created_at > '2026-01-01' AND o.total >= 100.50 ORDER BY o.created_at DESC LIMIT 50 OFFSET 100";

    private readonly TextArena _arena = new();
    private readonly Obfuscator _obfuscator = new(ObfuscationSettings.Default);
    private readonly Obfuscator _withoutDigits = new(new ObfuscationSettings { RemovesPathsWithDigits = true });
    private readonly TagReplacer _oneTag = new([Rule("http.url", "(token)=[^&]+", "$1=?")]);
    private readonly TagReplacer _literal = new([Rule("*", "[\\w.+-]+@[\\w-]+\\.[\\w.-]+", "<mail>")]);
    private readonly TagReplacer _class = new([Rule("*", "\\b\\d{13,16}\\b", "?")]);

    private Case _none = null!;
    private Case _sql = null!;
    private Case _sqlDone = null!;
    private Case _redis = null!;
    private Case _http = null!;
    private Case _httpUser = null!;
    private Case _mongo = null!;
    private Case _card = null!;

    [GlobalSetup]
    public void SetUp()
    {
        _none = new Case("rpc", "GET /api/v1/orders/?", "rpc.method", "ListOrders");
        _sql = new Case("sql", Query, "db.type", "postgresql");
        Span span = _sql.Fresh();
        _obfuscator.Obfuscate([span], _arena);
        _sqlDone = new Case("sql", span.Resource.ToString(), "db.type", "postgresql");
        _arena.Clear();
        _redis = new Case("redis", "SET", "redis.raw_command", "SET session:6e95bd47 \"{some session of sixty-four bytes, more or less, in JSON}\" EX 3600");
        _http = new Case("http", "GET", "http.url", "https://orders.example.com/api/v1/orders/4711/items?token=abcdef&page=2");
        _httpUser = new Case("http", "GET", "http.url", "https://joe:secret@orders.example.com/api/v1/orders/4711/items?token=abcdef&page=2");
        _mongo = new Case("mongodb", "find", "mongodb.query", "{\"find\":\"orders\",\"filter\":{\"state\":{\"$in\":[\"open\",\"paid\"]},\"total\":{\"$gt\":100}},\"limit\":50}");
        _card = new Case("web", "POST /pay", "card", "4111 1111 1111 1111");
    }

    [Benchmark]
    public void None() => Run(_obfuscator, _none);

    [Benchmark]
    public void Sql() => Run(_obfuscator, _sql);

    [Benchmark]
    public void SqlThatIsObfuscated() => Run(_obfuscator, _sqlDone);

    [Benchmark]
    public void Redis() => Run(_obfuscator, _redis);

    [Benchmark]
    public void Http() => Run(_obfuscator, _http);

    [Benchmark]
    public void HttpWithUser() => Run(_obfuscator, _httpUser);

    [Benchmark]
    public void HttpWithoutDigits() => Run(_withoutDigits, _http);

    [Benchmark]
    public void MongoDb() => Run(_obfuscator, _mongo);

    [Benchmark]
    public void Card() => Run(_obfuscator, _card);

    /// <summary>A rule for one tag, which it changes.</summary>
    [Benchmark]
    public void ReplaceOneTag() => Run(_oneTag, _http);

    /// <summary>A rule for all tags that no tag matches, with a literal that most of them do not have.</summary>
    [Benchmark]
    public void ReplaceAllByLiteral() => Run(_literal, _http);

    /// <summary>A rule for all tags that no tag matches, without a literal.</summary>
    [Benchmark]
    public void ReplaceAllByClass() => Run(_class, _http);

    private void Run(Obfuscator obfuscator, Case one)
    {
        obfuscator.Obfuscate([one.Fresh()], _arena);
        _arena.Clear();
    }

    private void Run(TagReplacer replacer, Case one)
    {
        replacer.Replace([one.Fresh()], _arena);
        _arena.Clear();
    }

    private static ReplaceRule Rule(string name, string expression, string replacement)
    {
        return Pattern.TryParse(expression, out Pattern? pattern, out string? error)
            ? new ReplaceRule { Name = name, Pattern = pattern, Replacement = Replacement.Parse(replacement, pattern) }
            : throw new ArgumentException(error, nameof(expression));
    }

    /// <summary>A span, and what it was before it was obfuscated.</summary>
    private sealed class Case
    {
        private static readonly string[] Common =
        [
            "env=prod", "version=1.2.3", "language=javascript", "span.kind=client", "component=orders", "out.host=orders.example.com", "_dd.p.tid=68f1a2b300000000",
            "runtime-id=6e95bd47-cd28-41b2-9d2b-24beb1de8503", "http.method=GET", "http.status_code=200", "_dd.base_service=checkout",
        ];

        private readonly Span _span = new();
        private readonly List<SpanMapEntry<Utf8Slice>> _tags = [];
        private readonly Utf8Slice _resource;

        public Case(string type, string resource, string tag, string value)
        {
            _span.Type = Utf8Slice.From(type);
            _span.Metrics.Add(Utf8Slice.From("process_id"), 17);
            _resource = Utf8Slice.From(resource);
            foreach (string common in Common)
            {
                int equals = common.IndexOf('=', StringComparison.Ordinal);
                _tags.Add(new SpanMapEntry<Utf8Slice>(Utf8Slice.From(common[..equals]), Utf8Slice.From(common[(equals + 1)..])));
            }

            _tags.Add(new SpanMapEntry<Utf8Slice>(Utf8Slice.From(tag), Utf8Slice.From(value)));
        }

        public Span Fresh()
        {
            _span.Resource = _resource;
            _span.Meta.Clear();
            foreach (SpanMapEntry<Utf8Slice> tag in _tags)
            {
                _span.Meta.Add(tag.Key, tag.Value);
            }

            return _span;
        }
    }
}
