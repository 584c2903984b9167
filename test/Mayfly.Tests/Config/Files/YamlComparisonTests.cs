using System.Buffers;
using System.Text;
using Mayfly.Config.Files;
using Xunit;

namespace Mayfly.Tests.Config.Files;

/// <summary>The reader beside YamlDotNet's parser, over texts that a generator writes in every style and over broken ones.</summary>
public class YamlComparisonTests
{
    private const int Limit = 1_000_000;
    private const int MostDifferences = 3;

    private static readonly SearchValues<string> ColonBeforeSign = SearchValues.Create([":}", ":]", ":,", ":{", ":["], StringComparison.Ordinal);

    private static readonly string[] Words =
    [
        "a", "b c", "1.10", "007", "true", "null", "~", "", " ", "x: y", "x:y", "http://h:80/p?q=1#f", "a #b", "#c", "- d", "-e", "[f", "{g}", "h, i", "'j'", "\"k\"",
        "l\nm", "n\n\no\n", "  p", "q  ", "\tr", "é🙂", "\\d+", "100%", "%d", "@t", "`u`", "&v", "*w", "!x", "|", ">", "?", "? y", "z:", ":", "::", "a\\\"b", "\u0001", "\u0085", "\u00a0",
    ];

    /// <summary>What is written in any style is read as it was meant, by both.</summary>
    [Fact]
    public void What_is_written_is_read()
    {
        var random = new Random(11);
        int crashes = 0;
        for (int i = 0; i < 5_000; i++)
        {
            var text = new StringBuilder();
            string expected = new YamlScribe(random, Words).Map(text);
            string yaml = text.ToString();
            if (Oracle(yaml).EndsWith("(InvalidOperationException)", StringComparison.Ordinal))
            {
                crashes++;
                continue;
            }

            Assert.True(expected == Oracle(yaml), $"the test writes what it does not mean:\n{yaml}\n{expected}\n{Oracle(yaml)}");
            Assert.True(expected == Own(yaml), $"{yaml}\nmeant: {expected}\nread:  {Own(yaml)}");
        }

        // The other reader ends so on some texts that are none the less right.
        Assert.InRange(crashes, 0, 250);
    }

    /// <summary>A text with random changes: where both understand it, they understand the same.</summary>
    [Fact]
    public void Broken_texts_are_refused_or_read_alike()
    {
        var random = new Random(12);
        var differences = new List<string>();
        int refused = 0;
        int alike = 0;
        int strict = 0;
        for (int i = 0; i < 10_000; i++)
        {
            var text = new StringBuilder();
            new YamlScribe(random, Words).Map(text);
            for (int changes = random.Next(1, 3); changes > 0; changes--)
            {
                int at = random.Next(text.Length + 1);
                switch (random.Next(3))
                {
                    case 0 when at < text.Length:
                        text.Remove(at, Math.Min(random.Next(1, 5), text.Length - at));
                        break;
                    case 1:
                        text.Insert(at, " \n-:#[]{},'\"&*|>"[random.Next(16)]);
                        break;
                    default:
                        text.Length = at;
                        break;
                }
            }

            string yaml = text.ToString();
            if (yaml.AsSpan().ContainsAny(ColonBeforeSign))
            {
                // Version 1.2 ends a plain text there, the other reader does not.
                continue;
            }

            (string own, string other) = (Own(yaml), Oracle(yaml));
            bool isRefused = own.StartsWith("cannot", StringComparison.Ordinal) || other.StartsWith("cannot", StringComparison.Ordinal);
            refused += isRefused ? 1 : 0;
            strict += own.StartsWith("cannot", StringComparison.Ordinal) && !other.StartsWith("cannot", StringComparison.Ordinal) ? 1 : 0;
            alike += own == other ? 1 : 0;
            if (!isRefused && own != other)
            {
                differences.Add($"{yaml}\nown:   {own}\nother: {other}\n");
            }
        }

        // Both are wrong now and then about what is no YAML at all, such as {,:"k":'v}.
        Assert.True(differences.Count <= MostDifferences, string.Join("\n=====\n", differences));
        Assert.True(refused > 500 && alike > 4000 && strict < 300, $"{refused} refused, {strict} only here, {alike} alike");
    }

    private static string Own(string yaml) => Shown(() => YamlTree.Read(yaml, Limit));

    private static string Oracle(string yaml) => Shown(() => YamlOracle.Read(new StringReader(yaml), Limit));

    private static string Shown(Func<ConfigNode?> read)
    {
        try
        {
            return read()?.ToJson() ?? "nothing";
        }
        catch (FormatException e)
        {
            return e.Message;
        }
    }
}
