using System.Text;
using System.Text.RegularExpressions;
using Mayfly.Patterns;
using Mayfly.Wire;
using Xunit;

namespace Mayfly.Tests.Patterns;

/// <summary>docs/decisions/0005-own-regular-expressions.md: the automaton that looks before the machine does, and its limits.</summary>
public class PatternAutomatonTests
{
    /// <summary>Patterns that take exponential or quadratic time in engines that go back, beside the characters that provoke it.</summary>
    public static readonly string[] Catastrophic =
    [
        "(a+)+$", "([a-zA-Z]+)*$", "(a|aa)+$", "(a|a?)+$", "(.*a){25}b", "^(([a-z])+.)+[A-Z]([a-z])+$", "(x+x+)+y", "(.*)*=.*;", "\\s+$", "(\\w+\\s?)*\\x01",
    ];

    public static TheoryData<string> HostileTexts => new(
        new string('a', 200_000) + "!",
        new string('a', 199_990) + "b!\u0001é",
        new string(' ', 200_000) + "x",
        new string('x', 199_000) + "yb=;",
        string.Concat(Enumerable.Repeat("ax y=b", 33_000)),
        string.Concat(Enumerable.Repeat("é日", 33_000)) + "!");

    /// <summary>
    /// Measured against a plain loop over the same bytes in the same build: 100 ms of an optimized build are some thousand such loops, and bench/ measures those.
    /// </summary>
    [Theory]
    [MemberData(nameof(HostileTexts))]
    public void C9_a_hostile_line_of_200_KB_against_ten_catastrophic_patterns_costs_some_loops_over_it(string text)
    {
        byte[] line = Encoding.UTF8.GetBytes(text);
        Pattern[] patterns = [.. Catastrophic.Select(Parse)];
        int sum = 0;
        TimeSpan loop = Timing.BestOf(() =>
        {
            foreach (byte value in line)
            {
                sum += value;
            }
        });
        int matches = 0;
        TimeSpan all = Timing.BestOf(() => matches += patterns.Count(pattern => pattern.IsMatch(line)));
        Assert.True(all < loop * 1000, $"{all.TotalMilliseconds} ms, and {loop.TotalMilliseconds} ms for one loop ({sum}, {matches})");
    }

    /// <summary>2^13 states would be needed: the automaton gives up, and the answer is the machine's.</summary>
    [Theory]
    [InlineData("(?:a|b)*a(?:a|b){12}c")]
    [InlineData("a[ab]{14}c")]
    [InlineData("(?:a|b)*a(?:a|b){12}\\b")]
    public void Patterns_of_too_many_states_find_the_same(string expression)
    {
        var random = new Random(20261128);
        Pattern pattern = Parse(expression);
        var oracle = new Regex(expression, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        for (int round = 0; round < 20; round++)
        {
            string text = string.Concat(Enumerable.Range(0, 3000).Select(_ => random.Next(200) == 0 ? "c" : random.Next(2) == 0 ? "a" : "b"));
            Assert.Equal(oracle.IsMatch(text), pattern.IsMatch(Encoding.UTF8.GetBytes(text)));
            Assert.Equal(oracle.Replace(text, "-"), Replaced(pattern, "-", text));
        }
    }

    /// <summary>Each letter is a class of its own: more than there are numbers for.</summary>
    [Fact]
    public void Patterns_of_too_many_classes_find_the_same()
    {
        string letters = string.Concat(Enumerable.Range(0x4e00, 400).Select(static c => (char)c));
        string expression = string.Join('|', letters.Select(static c => $"{c}{c}"));
        Pattern pattern = Parse(expression);
        for (int i = 0; i < letters.Length; i += 7)
        {
            string text = letters[..i] + letters[i] + letters[i] + letters;
            Assert.True(pattern.IsMatch(Encoding.UTF8.GetBytes(text)));
            Assert.Equal(new Regex(expression).Replace(text, "-"), Replaced(pattern, "-", text));
        }

        Assert.False(pattern.IsMatch(Encoding.UTF8.GetBytes(letters)));
    }

    [Fact]
    public void Programs_of_many_steps_find_the_same()
    {
        Pattern pattern = Parse("(?:[0-9a-f]{60}){20}");
        Assert.False(pattern.IsMatch(Encoding.UTF8.GetBytes(new string('a', 1199) + "g" + new string('a', 1199))));
        Assert.Equal("g-", Replaced(pattern, "-", "g" + new string('a', 1200)));
    }

    [Theory]
    [InlineData("\\bé\\b", "é aé é!", "- aé -!")]
    [InlineData("\\b\\d{4}\\b", "1234é 1234 x1234 1234", "1234é - x1234 -")]
    [InlineData("(?m)^a|b$", "a\nab\nb", "-\n--\n-")]
    [InlineData("^a", "aa", "-a")]
    [InlineData("a*b", "xaaab", "x-")]
    [InlineData("日+本", "日日x日日本", "日日x-")]
    public void What_stands_before_counts_where_a_search_goes_on(string expression, string text, string expected) =>
        Assert.Equal(expected, Replaced(Parse(expression), "-", text));

    /// <summary>A pattern whose states fill the table on every text is left to the machine for good; one that fits is not.</summary>
    [Fact]
    public void Known_texts_cost_no_object()
    {
        Pattern pattern = Parse("\\b\\d{4}-\\d{4}\\b");
        var replacement = Replacement.Parse("<card>", pattern);
        byte[] text = "order 4711-08 of 2023-01-07 paid with 4111-1111, thanks"u8.ToArray();
        using PooledBuffer output = PooledBuffer.Rent();
        long allocated = Timing.LeastAllocated(() =>
        {
            for (int i = 0; i < 100; i++)
            {
                output.Clear();
                pattern.Replace(text, replacement, output);
            }
        });
        Assert.Equal("order 4711-08 of 2023-01-07 paid with <card>, thanks", Encoding.UTF8.GetString(output.WrittenSpan));
        Assert.Equal(0, allocated);
    }

    private static Pattern Parse(string expression)
    {
        Assert.True(Pattern.TryParse(expression, out Pattern? pattern, out string? error), $"{expression}: {error}");
        return pattern;
    }

    private static string Replaced(Pattern pattern, string template, string text)
    {
        using PooledBuffer output = PooledBuffer.Rent();
        PatternOutcome outcome = pattern.Replace(Encoding.UTF8.GetBytes(text), Replacement.Parse(template, pattern), output);
        Assert.NotEqual(PatternOutcome.GaveUp, outcome);
        return outcome == PatternOutcome.Replaced ? Encoding.UTF8.GetString(output.WrittenSpan) : text;
    }
}
