using System.Diagnostics;
using Mayfly.Config.Files;
using Xunit;

namespace Mayfly.Tests.Config.Files;

public class YamlTreeTests
{
    private const int Limit = 100_000;

    [Theory]
    [InlineData("a: 1.10", """{"a":"1.10"}""")] // 05, 2: no typing
    [InlineData("a: 007\nb: true\nc: yes", """{"a":"007","b":"true","c":"yes"}""")]
    [InlineData("a: 'x'\nb: \"y\\n\"", """{"a":"x","b":"y\n"}""")]
    [InlineData("a:\nb: ~\nc: null\nd: \"null\"\ne: ''", """{"a":null,"b":null,"c":null,"d":"null","e":""}""")]
    [InlineData("a:\n  - 1\n  - b: c\n    d: [e, {f: g}]", """{"a":["1",{"b":"c","d":["e",{"f":"g"}]}]}""")]
    [InlineData("a: |\n  two\n  lines\nb: >\n  one\n  line", """{"a":"two\nlines\n","b":"one line"}""")]
    [InlineData("a: |+\n  x\n\n\nb: >+\n\n  y\n\nc: |2-\n    z\n", """{"a":"x\n\n\n","b":"\ny\n\n","c":"  z"}""")]
    [InlineData("# comment\na: b # more", """{"a":"b"}""")]
    [InlineData("%YAML 1.1\n---\na: b\n...\n", """{"a":"b"}""")]
    [InlineData("---\na: b\n---\na: second document", """{"a":"b"}""")]
    [InlineData("a: &x [1, 2]\nb: *x\nc: [*x, *x]", """{"a":["1","2"],"b":["1","2"],"c":[["1","2"],["1","2"]]}""")]
    [InlineData("a: !!int 5\nb: !any {c: d}", """{"a":"5","b":{"c":"d"}}""")]
    [InlineData("""{"a": {"b": ["c"]}}""", """{"a":{"b":["c"]}}""")]
    [InlineData("a: é🙂", """{"a":"\u00E9\uD83D\uDE42"}""")]
    [InlineData("a: 1\na: 2", """{"a":"1","a":"2"}""")]
    public void A_text_becomes_a_tree(string yaml, string json) => Assert.Equal(json, Read(yaml)!.ToJson());

    [Theory]
    [InlineData("")]
    [InlineData("# only a comment")]
    [InlineData("---")]
    [InlineData("~")]
    public void Nothing_is_nothing(string yaml) => Assert.Null(Read(yaml));

    [Theory]
    [InlineData("a: b\nc: [d\n", "line 3")]
    [InlineData("a: b\n\tc: d", "line 2")]
    [InlineData("a: 'b", "line 1")]
    [InlineData("a: b: c", "line 1")]
    [InlineData("- a\n- b", "line 1: it holds no keys")]
    [InlineData("just text", "line 1: it holds no keys")]
    [InlineData("a: b\nc: *d", "line 2: *d stands for nothing")]
    [InlineData("a: b\n? [a, b]\n: c\nd: e", "line 2: keys that begin with a question mark")]
    [InlineData("a: &x [*x]", "line 1: *x stands for nothing")] // a value inside of itself
    public void A_broken_text_is_told_with_its_line(string yaml, string expected) =>
        Assert.Contains(expected, Assert.Throws<FormatException>(() => Read(yaml)).Message, StringComparison.Ordinal);

    /// <summary>Ten lines that stand for a billion texts, and one text a thousand times.</summary>
    [Fact]
    public void Aliases_cannot_make_a_file_larger_than_its_limit()
    {
        string laughs = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n" + string.Concat(
            Enumerable.Range(1, 9).Select(static i => $"a{i}: &a{i} [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 10))}]\n"));
        Assert.Contains("too large", Assert.Throws<FormatException>(() => Read(laughs)).Message, StringComparison.Ordinal);
        string repeated = $"a: &a {new string('x', 1000)}\nb: [{string.Join(", ", Enumerable.Repeat("*a", 1000))}]";
        Assert.Contains("line 2", Assert.Throws<FormatException>(() => Read(repeated)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[")]
    [InlineData("{a: ")]
    [InlineData("- ")]
    [InlineData("? ")]
    public void Depth_is_limited(string opening)
    {
        Assert.Throws<FormatException>(() => Read("a: " + string.Concat(Enumerable.Repeat(opening, 50_000))));
        Assert.Throws<FormatException>(() => Read(string.Concat(Enumerable.Repeat(opening, 50_000))));
    }

    /// <summary>No pattern makes the time grow with the square of the text.</summary>
    [Theory]
    [InlineData("&a ")]
    [InlineData("!t ")]
    [InlineData("- ")]
    [InlineData("a: ")]
    [InlineData("a: b\n")]
    [InlineData("a:\n")]
    [InlineData("\"a\" ")]
    [InlineData("\"")]
    [InlineData("'\n")]
    [InlineData("''")]
    [InlineData("\n ")]
    [InlineData(" \n#")]
    [InlineData("a\n ")]
    [InlineData("[]")]
    [InlineData("a, ")]
    [InlineData("{a: b}, ")]
    [InlineData("|\n  ")]
    [InlineData("\\")]
    [InlineData("---\n")]
    [InlineData("*a ")]
    public void Time_grows_with_the_text_only(string piece)
    {
        string many = string.Concat(Enumerable.Repeat(piece, 500_000 / piece.Length));
        long start = Stopwatch.GetTimestamp();
        foreach (string opening in (string[])["", "a: ", "- ", "a: [", "a: {", "a: \"", "a: '", "a: |\n  ", "a: >\n  ", "a: b\n  "])
        {
            try
            {
                YamlTree.Read(opening + many, weightLimit: 10_000_000);
            }
            catch (FormatException e)
            {
                Assert.StartsWith("cannot be parsed in line ", e.Message, StringComparison.Ordinal);
            }
        }

        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 0, 20);
    }

    [Fact]
    public void Values_know_their_line()
    {
        ConfigNode root = Read("a: 1\n\nb:\n  c: 2\n  d:\n    - e")!;
        ConfigNode map = root.Members![1].Value;
        Assert.Equal([1, 4, 4, 6], [root.Members[0].Value.Line, map.Line, map.Members![0].Value.Line, map.Members[1].Value.Line]);
    }

    private static ConfigNode? Read(string yaml) => YamlTree.Read(yaml, Limit);
}
