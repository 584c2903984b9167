using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using FsCheck;
using FsCheck.Fluent;
using Mayfly.Patterns;
using Mayfly.Wire;
using Xunit;

namespace Mayfly.Tests.Patterns;

/// <summary>
/// Random expressions over random texts find what .NET's backtracking engine finds: another implementation, another algorithm. Only what both read alike is generated
/// (no repetition of something that may be empty, no <c>$</c> before a last line feed).
/// </summary>
public class PatternOracleTests
{
    private static readonly Gen<string> Atom = Gen.Elements(
        "a", "b", "c", "é", "1", " ", "\n", ".", "[ab]", "[^a]", "[^b1]", "[a-cé]", "\\d", "\\D", "\\w", "\\W", "\\s", "\\S", "\\p{L}", "[\\d_a]", "[^\\s]", "(?s:.)", "(?i:É)");

    private static readonly Gen<string> Anchor = Gen.Elements("^", "\\A", "\\z", "\\b", "\\B", "(?m:^)", "(?m:$)");

    private static readonly Gen<string> Text = Gen.Elements("a", "b", "c", "é", "É", "1", " ", "\n", "_", "ab", "日").ListOf().Select(string.Concat);

    [Fact]
    public void Finds_and_captures_what_another_engine_finds()
    {
        var cases = Gen.Zip(Gen.Sized(static size => Expression(Math.Min(size, 12))), Text);
        Prop.ForAll(cases.ToArbitrary(), static pair => AssertSame(pair.Item1, pair.Item2)).Check(FsCheck.Config.QuickThrowOnFailure.WithMaxTest(3000).WithReplay(20261128, 5));
    }

    private static Gen<string> Expression(int size)
    {
        if (size <= 1)
        {
            return Gen.Frequency((6, Atom), (1, Anchor));
        }

        Gen<string> half = Expression(size / 2);
        return Gen.Frequency(
            (2, Atom),
            (6, Gen.Zip(half, half).Select(static parts => parts.Item1 + parts.Item2)),
            (2, Gen.Zip(half, half).Select(static parts => $"(?:{parts.Item1}|{parts.Item2})")),
            (2, Gen.Zip(half, half).Select(static parts => $"({parts.Item1}|{parts.Item2})")),
            (1, half.Select(static part => $"({part})")),
            (4, Gen.Zip(half, Gen.Elements("*", "+", "?", "*?", "+?", "??", "{2}", "{1,3}", "{0,2}?", "{2,}")).Select(static parts => $"(?:(?:{parts.Item1})[a-c]){parts.Item2}")));
    }

    private static void AssertSame(string expression, string text)
    {
        Assert.True(Pattern.TryParse(expression, out Pattern? pattern, out string? error), $"{expression}: {error}");
        var oracle = new Regex(expression, RegexOptions.CultureInvariant, TimeSpan.FromSeconds(5));
        Match match = oracle.Match(text);
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        Assert.Equal(match.Success, pattern.IsMatch(bytes));

        // The first match with its groups; those after it follow another rule where a match is empty.
        string template = string.Concat(Enumerable.Range(0, pattern.GroupCount + 1).Select(static group => string.Create(CultureInfo.InvariantCulture, $"<${{{group}}}>")));
        using PooledBuffer output = PooledBuffer.Rent();
        pattern.Replace(bytes, Replacement.Parse(template, pattern), output);
        if (match.Success)
        {
            string first = text[..match.Index] + string.Concat(match.Groups.Values.Select(static group => $"<{group.Value}>"));
            Assert.StartsWith(first, Encoding.UTF8.GetString(output.WrittenSpan), StringComparison.Ordinal);
        }
    }
}
