using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Mayfly.Config;
using Mayfly.Traces;
using Mayfly.Traces.Obfuscation;
using Mayfly.Wire;
using Xunit;

namespace Mayfly.Tests.Traces.Obfuscation;

/// <summary>Texts that somebody made to cost time, and bytes that are no text.</summary>
public class HostileTextTests
{
    private const int LengthBytes = 200 * 1024;

    /// <summary>Ten times what is promised, as this may run on two cores that many others use: what is not linear takes minutes.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(1);

    private static readonly string[] Types = ["sql", "cassandra", "redis", "valkey", "memcached", "mongodb", "elasticsearch", "opensearch", "web", "http", "other"];

    private static readonly string[] Tags =
    [
        "http.url", "redis.raw_command", "valkey.raw_command", "memcached.command", "mongodb.query", "elasticsearch.body", "opensearch.body", "card", "error.stack",
    ];

    /// <summary>Everything on.</summary>
    private static readonly Obfuscator All = new(new ObfuscationSettings
    {
        RemovesPathsWithDigits = true,
        RemovesQueryString = true,
        KeepsMemcachedCommand = true,
        RemovesStackTraces = true,
        ChecksLuhn = true,
        Sql = new SqlObfuscation { CollectsTableNames = true, ReplacesDigits = true, KeepsAliases = true, ReadsDollarQuotedFunctions = true },
        MongoDb = new JsonObfuscation { KeptMembers = ["k"], SqlMembers = ["s"] },
    });

    private static readonly Obfuscator Default = new(ObfuscationSettings.Default);

    /// <summary>Type, tag, what the text repeats, what it begins with.</summary>
    public static TheoryData<string, string, string, string> Texts => new()
    {
        { "sql", "resource", "'", "" },
        { "sql", "resource", "''", "'" },
        { "sql", "resource", "\\'", "'" },
        { "sql", "resource", "'\\", "" },
        { "sql", "resource", "\\", "'" },
        { "sql", "resource", "\"", "x" },
        { "sql", "resource", "`a``", "`" },
        { "sql", "resource", "(", "" },
        { "sql", "resource", "(1,", "" },
        { "sql", "resource", "(1),", "VALUES " },
        { "sql", "resource", "((1)),(select 1),", "" },
        { "sql", "resource", "$", "" },
        { "sql", "resource", "$a ", "" },
        { "sql", "resource", "$a b $c", "" },
        { "sql", "resource", "$aaaaaaaaaaaaaaaa$", "" },
        { "sql", "resource", "$$ $a$ $b", "" },
        { "sql", "resource", "$func$SELECT 1", "" },
        { "sql", "resource", "a", "$func$" },
        { "sql", "resource", "{", "" },
        { "sql", "resource", "{x}", "" },
        { "sql", "resource", "}", "{" },
        { "sql", "resource", "[", "AS " },
        { "sql", "resource", "AS [a ", "" },
        { "sql", "resource", "--", "" },
        { "sql", "resource", "--\n", "" },
        { "sql", "resource", "/*", "" },
        { "sql", "resource", "/**/", "" },
        { "sql", "resource", "%(", "" },
        { "sql", "resource", "%(a)s", "" },
        { "sql", "resource", ":", "" },
        { "sql", "resource", ":a", "" },
        { "sql", "resource", "0x", "" },
        { "sql", "resource", "9", "0" },
        { "sql", "resource", "1e", "" },
        { "sql", "resource", "UPDATE a1 ", "" },
        { "sql", "resource", "é", "" },
        { "sql", "resource", "\u2003", "" },
        { "sql", "resource", "!", "" },
        { "redis", "resource", "A", "" },
        { "redis", "resource", "\n", "" },
        { "redis", "resource", " ", "" },
        { "redis", "resource", "...\n", "" },
        { "redis", "redis.raw_command", "\"", "" },
        { "redis", "redis.raw_command", "\\", "SET k " },
        { "redis", "redis.raw_command", "SET ", "BITFIELD k " },
        { "redis", "redis.raw_command", "NX ", "ZADD k " },
        { "redis", "redis.raw_command", "AUTH\n", "" },
        { "redis", "redis.raw_command", " \n", "SET" },
        { "memcached", "memcached.command", "\r", "" },
        { "memcached", "memcached.command", " ", "" },
        { "mongodb", "mongodb.query", "[", "" },
        { "mongodb", "mongodb.query", "{\"k\":", "" },
        { "mongodb", "mongodb.query", "{\"s\":\"SELECT '\"} ", "" },
        { "mongodb", "mongodb.query", "\\\"", "\"" },
        { "mongodb", "mongodb.query", "\\u00", "\"" },
        { "mongodb", "mongodb.query", "1 ", "" },
        { "mongodb", "mongodb.query", "\"k\":1,", "{" },
        { "web", "http.url", "@", "http://" },
        { "web", "http.url", "/1", "http://a" },
        { "web", "http.url", "%31", "http://a/" },
        { "web", "http.url", "?", "http://a/" },
        { "web", "http.url", ":", "" },
        { "web", "card", "4", "" },
        { "web", "card", "-", "4" },
    };

    [Theory]
    [MemberData(nameof(Texts))]
    public void A_long_text_takes_less_than_a_tenth_of_a_second(string type, string tag, string unit, string start)
    {
        string text = start + string.Concat(Enumerable.Repeat(unit, LengthBytes / Encoding.UTF8.GetByteCount(unit)));
        Utf8Slice value = Utf8Slice.From(text);
        Timing.AssertBestUnder(
            Limit,
            () =>
            {
                var arena = new TextArena();
                var span = new Span { Type = Utf8Slice.From(type), Resource = tag == "resource" ? value : default };
                span.Meta.Add(Utf8Slice.From(tag), value);
                All.Obfuscate([span], arena);
                arena.Clear();
            },
            $"{type}, {tag}");
    }

    [Fact]
    public void Any_bytes_in_any_span_are_taken()
    {
        Gen<byte[]> piece = Gen.OneOf(
            ArbMap.Default.GeneratorFor<byte[]>().Select(static bytes => bytes ?? []),
            Gen.Elements(Texts.Select(static row => Encoding.UTF8.GetBytes(row.Data.Item3 + row.Data.Item4)).ToArray()));
        Gen<byte[]> text = piece.ListOf().Select(static pieces => pieces.SelectMany(static bytes => bytes).ToArray());
        var cases = Gen.Zip(Gen.Zip(Gen.Elements(Types), Gen.Elements(Tags)), text);
        Prop.ForAll(cases.ToArbitrary(), static one =>
        {
            ((string type, string tag), byte[] bytes) = one;
            foreach (Obfuscator obfuscator in new[] { All, Default })
            {
                var arena = new TextArena();
                var span = new Span { Type = Utf8Slice.From(type), Resource = Utf8Slice.Copy(bytes) };
                span.Meta.Add(Utf8Slice.From(tag), Utf8Slice.Copy(bytes));
                span.Meta.Add(Utf8Slice.From("db.type"), Utf8Slice.From(bytes.Length % 2 == 0 ? "postgresql" : "mssql"));
                obfuscator.Obfuscate([span], arena);
                arena.Clear();
            }
        }).Check(FsCheck.Config.QuickThrowOnFailure.WithMaxTest(5000).WithReplay(20261130, 7));
    }
}
