using FsCheck;
using FsCheck.Fluent;
using Mayfly.Config;
using Mayfly.Traces.Obfuscation;
using Xunit;

namespace Mayfly.Tests.Traces.Obfuscation;

/// <summary>docs/spec/03-traces.md §3.8 JSON.</summary>
public class JsonTests
{
    public static TheoryData<string, string> Rows => new()
    {
        // The table.
        {
            "{\"query\":{\"multi_match\":{\"query\":\"guide\",\"fields\":[\"_all\",{\"key\":\"v\",\"other\":[\"1\",2]}]}}}",
            "{\"query\":{\"multi_match\":{\"query\":\"?\",\"fields\":[\"?\",{\"key\":\"?\",\"other\":[\"?\",\"?\"]}]}}}"
        },
        { "{\"a\":true,\"b\":null,\"c\":{}}", "{\"a\":\"?\",\"b\":\"?\",\"c\":{}}" },
        { "{\"index\":{\"_index\":\"t\"}} {\"value\":1}", "{\"index\":{\"_index\":\"?\"}} {\"value\":\"?\"}" },
        { "{\"query\":\"", "{\"query\":\"?\"..." },
        { "INVALID", "..." },
        { "", "" },

        // White space.
        { " { \"a\" : [ 1 , 2 ] } ", "{\"a\":[\"?\",\"?\"]} " },
        { "{}\n{}\r\n\t[]", "{}\n{}\r\n\t[]" },
        { "   ", "..." },
        { "\n1", "\"?\"" },

        // Scalars on their own, and after another document.
        { "\"secret\"", "\"?\"" },
        { "12", "\"?\"" },
        { "1 2", "\"?\" \"?\"" },
        { "{\"a\":1} \"secret\"", "{\"a\":\"?\"} \"?\"" },
        { "[1]true", "[\"?\"]\"?\"" },
        { "1\"a\"null", "\"?\"\"?\"\"?\"" },

        // Numbers and words.
        { "[0,-0,1.5,-1e5,1E+5,2e-3]", "[\"?\",\"?\",\"?\",\"?\",\"?\",\"?\"]" },
        { "[true,false,null]", "[\"?\",\"?\",\"?\"]" },
        { "[01]", "[\"?\"..." },
        { "[-]", "[\"?\"..." },
        { "[1.]", "[\"?\"..." },
        { "[1e]", "[\"?\"..." },
        { "[1e+]", "[\"?\"..." },
        { "[tru]", "[\"?\"..." },
        { "[trueish]", "[\"?\"..." },
        { "[nul", "[\"?\"..." },
        { "[x]", "[..." },
        { "[+1]", "[..." },

        // Strings and names.
        { "[\"a\\\"b\\\\\"]", "[\"?\"]" },
        { "[\"\\u00e9\\ud83c\"]", "[\"?\"]" },
        { "[\"\\x\"]", "[\"?\"..." },
        { "[\"\\u12g4\"]", "[\"?\"..." },
        { "[\"\\u12", "[\"?\"..." },
        { "[\"\\", "[\"?\"..." },
        { "[\"a\nb\"]", "[\"?\"..." },
        { "{\"é\\\"x\":1}", "{\"é\\\"x\":\"?\"}" },
        { "{\"a\\x\":1}", "{\"a..." },
        { "{\"na", "{\"na..." },
        { "{\"a\"", "{\"a\"..." },
        { "{\"a\" 1}", "{\"a\"..." },
        { "{\"a\":", "{\"a\":..." },
        { "{\"a\":}", "{\"a\":..." },
        { "{a:1}", "{..." },
        { "{1:2}", "{..." },

        // Structure.
        { "[]", "[]" },
        { "[[],[[]],{}]", "[[],[[]],{}]" },
        { "[1,]", "[\"?\",..." },
        { "[,1]", "[..." },
        { "{\"a\":1,}", "{\"a\":\"?\",..." },
        { "{,}", "{..." },
        { "[1}", "[\"?\"..." },
        { "{\"a\":1]", "{\"a\":\"?\"..." },
        { "[1 2]", "[\"?\"..." },
        { "]", "..." },
        { "{}}", "{}..." },
        { "[", "[..." },
        { "[1", "[\"?\"..." },
        { "{", "{..." },
        { "{\"$match\":{\"_id\":{\"$in\":[1,2]}}}", "{\"$match\":{\"_id\":{\"$in\":[\"?\",\"?\"]}}}" },
    };

    public static TheoryData<string, string> Kept => new()
    {
        { "{\"fields\":[\"x\",{\"other\":[\"1\",{\"k\":\"v\"}]}]}", "{\"fields\":[\"?\",{\"other\":[\"1\",{\"k\":\"v\"}]}]}" },
        { "{\"other\":1,\"a\":2}", "{\"other\":1,\"a\":\"?\"}" },
        { "{\"other\":\"x\\\"y\",\"a\":2}", "{\"other\":\"x\\\"y\",\"a\":\"?\"}" },
        { "{\"other\":{\"a\":{\"other\":1},\"b\":2},\"c\":3}", "{\"other\":{\"a\":{\"other\":1},\"b\":2},\"c\":\"?\"}" },
        { "{\"other\":[],\"c\":3}", "{\"other\":[],\"c\":\"?\"}" },
        { "{\"other\":[1, 2]}{\"c\":3}", "{\"other\":[1,2]}{\"c\":\"?\"}" },
        { "{\"other\":tr", "{\"other\":tr..." },
        { "{\"another\":1}", "{\"another\":\"?\"}" },
        { "[\"other\"]", "[\"?\"]" },
    };

    public static TheoryData<string, string> WithSql => new()
    {
        { "{\"sql\":\"SELECT 1 FROM t\",\"a\":\"SELECT 1\"}", "{\"sql\":\"SELECT ? FROM t\",\"a\":\"?\"}" },
        { "{\"sql\":\"SELECT \\\"a\\u0062\\\" FROM t WHERE x = 'y\\nz'\"}", "{\"sql\":\"SELECT ab FROM t WHERE x = ?\"}" },
        { "{\"sql\":\"SELECT \\\" \\\" FROM t\"}", "{\"sql\":\"SELECT \\\"\\\" FROM t\"}" }, // what is SQL is still JSON
        { "{\"sql\":\"it's\"}", "{\"sql\":\"?\"}" },
        { "{\"sql\":\"\"}", "{\"sql\":\"?\"}" },
        { "{\"sql\":12}", "{\"sql\":\"?\"}" },
        { "{\"sql\":null,\"a\":\"x\"}", "{\"sql\":\"?\",\"a\":\"?\"}" },
        { "{\"sql\":{\"a\":\"SELECT a\"}}", "{\"sql\":{\"a\":\"?\"}}" },
        { "{\"sql\":[\"SELECT a\"]}", "{\"sql\":[\"?\"]}" },
        { "{\"sql\":\"SELECT", "{\"sql\":\"?\"..." },
    };

    private static readonly JsonObfuscator Plain = new(new JsonObfuscation(), new SqlObfuscation());

    [Theory]
    [MemberData(nameof(Rows))]
    public void Row(string json, string expected) => Assert.Equal(expected, Obfuscate(json, Plain));

    [Theory]
    [MemberData(nameof(Kept))]
    public void Row_of_keep_values(string json, string expected)
    {
        var obfuscator = new JsonObfuscator(new JsonObfuscation { KeptMembers = ["other"] }, new SqlObfuscation());
        Assert.Equal(expected, Obfuscate(json, obfuscator));
    }

    [Theory]
    [MemberData(nameof(WithSql))]
    public void Row_of_obfuscate_sql_values(string json, string expected)
    {
        var obfuscator = new JsonObfuscator(new JsonObfuscation { SqlMembers = ["sql"] }, new SqlObfuscation());
        Assert.Equal(expected, Obfuscate(json, obfuscator));
    }

    [Fact]
    public void Too_deep_is_an_error()
    {
        string open = new('[', 512);
        Assert.Equal(open + "\"?\"" + new string(']', 512), Obfuscate(open + "1" + new string(']', 512), Plain));
        Assert.Equal(open + "...", Obfuscate(open + "[1", Plain));
    }

    [Fact]
    public void Obfuscating_twice_changes_nothing_and_shows_no_value()
    {
        Gen<string> token = Gen.Elements("{", "}", "[", "]", ",", ":", " ", "\n", "\"name\"", "\"SECRET\"", "90210", "true", "null", "\"\\", "x", "{\"name\":", "[\"SECRET\",");
        Prop.ForAll(token.ListOf().Select(string.Concat).ToArbitrary(), static json =>
        {
            string once = Obfuscate(json, Plain);
            string twice = Obfuscate(once, Plain);

            // In a name that is broken off the three dots become part of the name.
            Assert.True(twice == once || (once.EndsWith("...", StringComparison.Ordinal) && twice == once + "..."), $"{once} -> {twice}");
            Assert.DoesNotContain("90210", once, StringComparison.Ordinal);
        }).Check(FsCheck.Config.QuickThrowOnFailure.WithMaxTest(3000).WithReplay(20261130, 3));
    }

    private static string Obfuscate(string json, JsonObfuscator obfuscator) => RedisTests.Write(json, obfuscator.Obfuscate);
}
