using System.Text;
using Mayfly.Patterns;
using Mayfly.Wire;
using Xunit;

namespace Mayfly.Tests.Patterns;

/// <summary>docs/spec/03-traces.md §3.7 and docs/spec/04-metrics-logs.md C.9: the dialect of users' regular expressions and of what they are replaced by.</summary>
public class PatternTests
{
    /// <summary>Pattern, replacement, text, expected.</summary>
    public static TheoryData<string, string, string, string> Replacements => new()
    {
        // 3.7: the vectors.
        { "(token/)([^/]*)", "${1}?", "some/guid/token/abcdef/abc", "some/guid/token/?/abc" },
        { "guid", "[REDACTED]", "some/guid/token", "some/[REDACTED]/token" },
        { "(/foo/bar/).*", "${1}extra", "/foo/bar/foo", "/foo/bar/extra" },

        // 3.7 TRAP: $1x is the group named 1x.
        { "(a)b", "$1x", "ab", "" },
        { "(a)b", "${1}x", "ab", "ax" },
        { "(?P<who>a)b", "$who!", "ab", "a!" },
        { "(?<who>a)b", "${who}x", "ab", "ax" },
        { "(a)b", "$nobody", "ab", "" },
        { "(a)b", "$0-$1-$2", "ab", "ab-a-" },
        { "(a)|(b)", "[$2]", "ab", "[][b]" },
        { "a", "$$1", "a", "$1" },
        { "a", "$", "a", "$" },
        { "a", "$-", "a", "$-" },
        { "a", "${1", "a", "${1" },
        { "a", "$&$`$'$+$_x", "a", "$&$`$'$+" }, // $_x is a name, and nobody has it
        { "a", "\\n\\1", "a", "\\n\\1" },
        { "a", "é🎉", "bab", "bé🎉b" },

        // Empty matches, as in Go and Rust.
        { "x*", "-", "abc", "-a-b-c-" },
        { "a*", "-", "baac", "-b-c-" },
        { "", "-", "é🎉", "-é-🎉-" },
        { "$", "!", "abc", "abc!" },
        { "^", "!", "abc", "!abc" },
        { "x*", "-", "", "-" },

        // Where lines and texts end.
        { "a$", "!", "a\n", "a\n" },
        { "(?m)a$", "!", "a\na", "!\n!" },
        { "(?m)^a", "!", "a\na", "!\n!" },
        { "\\Aa", "!", "aa", "!a" },
        { "a\\z", "!", "aa", "a!" },
        { "a.c", "!", "a\nc abc", "a\nc !" },
        { "(?s)a.c", "!", "a\nc", "!" },

        // Greed, alternatives, repetitions.
        { "a.*b", "!", "xaxbxb", "x!" },
        { "a.*?b", "!", "axbxb", "!xb" },
        { "(?U)a.*b", "!", "axbxb", "!xb" },
        { "(?U)a.*?b", "!", "axbxb", "!" },
        { "a|ab", "!", "ab", "!b" },
        { "(?:a|ab)c", "!", "abc", "!" },
        { "a{2}", "!", "aaaaa", "!!a" },
        { "a{2,}", "!", "a aa aaaa", "a ! !" },
        { "a{1,2}", "!", "aaaaa", "!!!" },
        { "a{,2}", "!", "a{,2}", "!" },
        { "a{x", "!", "a{x", "!" },
        { "(a|b)*c", "$1", "abac", "a" },
        { "(?:a*)*b", "!", "aab", "!" },
        { "(|a)+", "!", "aa", "!a!a!" },

        // Classes and letter case.
        { "[0-9]{4}-?", "#", "4111-1111", "##" },
        { "[^a-c]", "!", "abcdé", "abc!!" },
        { "[]a]", "!", "]ab", "!!b" },
        { "[^]a]", "!", "]ab", "]a!" },
        { "[a-]", "!", "a-b", "!!b" },
        { "[\\]\\-x]", "!", "]-xa", "!!!a" },
        { "[[:alpha:]_]+", "!", "ab_1é", "!1é" },
        { "[[:^digit:]]", "!", "1a", "1!" },
        { "[\\d\\s]", "!", "1 a", "!!a" },
        { "[^\\d]", "!", "1a", "1!" },
        { "[\\D]", "!", "1a", "1!" },
        { "\\d", "!", "1٣a", "!!a" },
        { "\\w+", "!", "é_1-ü", "!-!" },
        { "\\W", "!", "é-", "é!" },
        { "\\s", "!", "a\u00a0\u2003b", "a!!b" },
        { "\\S", "!", "a b", "! !" },
        { "\\pL", "!", "aé1", "!!1" },
        { "\\p{Lu}", "!", "aÉA", "a!!" },
        { "\\p{^Lu}", "!", "aA", "!A" },
        { "\\PL", "!", "a1", "a!" },
        { "[^\\pL]", "!", "a1", "a!" },
        { "\\p{Any}", "!", "a\n", "!!" },
        { "(?i)passWORD", "!", "PASSword", "!" },
        { "(?i)É", "!", "éÉ", "!!" },
        { "(?i)[a-c]+", "!", "ABCd", "!d" },
        { "(?i)[^a]", "!", "aAb", "aA!" },
        { "a(?i)b", "!", "aB AB", "! AB" },
        { "(?i:a)b", "!", "Ab AB", "! AB" },
        { "(?i)a(?-i)b", "!", "Ab AB", "! AB" },
        { "(?x) a # comment\n b ", "!", "ab", "!" },
        { "(?ims-U:a)", "!", "A", "!" },
        { "(?u)a", "!", "a", "!" },

        // Escapes.
        { "\\.\\*\\/\\\"", "!", ".*/\"", "!" },
        { "\\x41\\x{1F389}\\u00e9\\U0001F389", "!", "A🎉é🎉", "!" },
        { "\\t\\n\\r\\f\\v\\a", "!", "\t\n\r\f\v\a", "!" },
        { "\\Qa.b*\\E+", "!", "a.b*** a.b*", "! !" },
        { "\\Qa.b", "!", "a.b", "!" },
        { "\\bfoo\\b", "!", "foo food éfoo foo", "! food éfoo !" },
        { "\\Boo", "!", "foo oo", "f! oo" },
        { "日+", "!", "日日本", "!本" },
        { "a}b]", "!", "a}b]", "!" },

        // What users write.
        { "(token)=[^&]+", "$1=?", "/x?token=abc&y=1", "/x?token=?&y=1" },
        { "[\\w.+-]+@[\\w-]+\\.[\\w.-]+", "<mail>", "to: joe.doe+x@example.co.uk!", "to: <mail>!" },
        { "\\b(?:\\d[ -]*?){13,16}\\b", "?", "card 4111 1111 1111 1111.", "card ?." },
        { "(?i)(password|secret)([\"':= ]+)[^\"'&, ]+", "$1$2***", "Password=hunter2 SECRET: x", "Password=*** SECRET: ***" },
        { "[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", "UUID", "/u/6e95bd47-cd28-41b2-9d2b-24beb1de8503/x", "/u/UUID/x" },
        { "/users/\\d+(/|$)", "/users/?$1", "/users/17", "/users/?" },
        { "\\d{1,3}(?:\\.\\d{1,3}){3}", "IP", "from 10.0.0.5:80", "from IP:80" },
    };

    public static TheoryData<string> Wrong =>
    [
        "(", ")", "a)", "(a", "[a", "[]", "[z-a]", "*a", "+", "?", "a{2,1}", "a{1001}", "(?=a)", "(?!a)", "(?<=a)", "(?<!a)", "(?>a)", "(?(1)a)", "(a)\\1", "\\", "\\y",
        "\\p{Greek}", "\\pX", "[[:nope:]]", "[a&&b]", "(?P<>a)", "(?P<a>x)(?P<a>y)", "(?<1a>x)", "(?z)", "(?i", "\\x{110000}", "\\xZZ", "((((a{1000}){1000}){1000}){1000}){1000}",
        "[\\y]", "(?P=a)", "(?#comment)", "(?i-m-s)a",
    ];

    [Theory]
    [MemberData(nameof(Replacements))]
    public void Replaces(string pattern, string replacement, string text, string expected) => Assert.Equal(expected, Replace(pattern, replacement, text));

    [Theory]
    [MemberData(nameof(Replacements))]
    public void Matches_where_it_replaces(string pattern, string replacement, string text, string expected)
    {
        Assert.True(Pattern.TryParse(pattern, out Pattern? parsed, out _));
        Assert.Equal(pattern, parsed.Text);
        bool isMatch = parsed.IsMatch(Encoding.UTF8.GetBytes(text));
        Assert.True(isMatch || (text == expected && replacement.Length > 0));
    }

    [Theory]
    [MemberData(nameof(Wrong))]
    public void What_is_not_understood_is_an_error_with_a_reason(string pattern)
    {
        Assert.False(Pattern.TryParse(pattern, out Pattern? parsed, out string? error));
        Assert.Null(parsed);
        Assert.NotEmpty(error);
    }

    [Fact]
    public void Deep_nesting_and_many_groups_are_errors()
    {
        Assert.False(Pattern.TryParse(new string('(', 100_000), out _, out _));
        Assert.False(Pattern.TryParse(string.Concat(Enumerable.Repeat("(a)", 101)), out _, out string? error));
        Assert.Contains("100 groups", error, StringComparison.Ordinal);
        Assert.True(Pattern.TryParse(string.Concat(Enumerable.Repeat("(a)", 100)), out _, out _));
    }

    [Fact]
    public void Without_a_match_nothing_is_written()
    {
        Assert.True(Pattern.TryParse("b", out Pattern? pattern, out _));
        using PooledBuffer output = PooledBuffer.Rent();
        output.Write("kept"u8);
        Assert.Equal(PatternOutcome.NoMatch, pattern.Replace("aaa"u8, Replacement.Parse("x", pattern), output));
        Assert.Equal("kept"u8, output.WrittenSpan);
    }

    [Fact]
    public void Invalid_text_is_read_as_replacement_characters()
    {
        Assert.True(Pattern.TryParse("\ufffd", out Pattern? pattern, out _));
        using PooledBuffer output = PooledBuffer.Rent();
        Assert.Equal(PatternOutcome.NoMatch, pattern.Replace([0x61, 0xff, 0x62], Replacement.Parse("x", pattern), output));
        Assert.True(Pattern.TryParse("[\ufffd]", out pattern, out _));
        Assert.Equal(PatternOutcome.Replaced, pattern.Replace([0x61, 0xff, 0x62], Replacement.Parse("x", pattern), output));
        Assert.Equal("axb"u8, output.WrittenSpan);
    }

    /// <summary>Each of these takes a backtracking engine years; the last ones take a linear engine quadratic time over all matches.</summary>
    [Theory]
    [InlineData("(a+)+$", "a", "!")]
    [InlineData("(a|a)*b", "a", "")]
    [InlineData("(.*)(.*)(.*)(.*)(.*)[^a]", "a", "")]
    [InlineData("a*b|a", "a", "")]
    [InlineData("(?:a?){20}a{20}b|a", "a", "")]
    [InlineData("\\w+\\d|\\w", "é", "")]
    public void Hostile_texts_take_linear_time(string pattern, string unit, string tail)
    {
        Assert.True(Pattern.TryParse(pattern, out Pattern? parsed, out _));
        using PooledBuffer output = PooledBuffer.Rent();
        var replacement = Replacement.Parse("-", parsed);
        Timing.AssertLinear(length => Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(unit, length / Encoding.UTF8.GetByteCount(unit))) + tail), text =>
        {
            output.Clear();
            parsed.Replace(text, replacement, output);
        });
    }

    internal static string Replace(string pattern, string replacement, string text)
    {
        Assert.True(Pattern.TryParse(pattern, out Pattern? parsed, out string? error), error);
        using PooledBuffer output = PooledBuffer.Rent();
        PatternOutcome outcome = parsed.Replace(Encoding.UTF8.GetBytes(text), Replacement.Parse(replacement, parsed), output);
        Assert.NotEqual(PatternOutcome.GaveUp, outcome);
        return outcome == PatternOutcome.NoMatch ? text : Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
