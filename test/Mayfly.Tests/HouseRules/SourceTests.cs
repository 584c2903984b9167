using System.Reflection;
using System.Xml.Linq;
using Mayfly.Config;
using Xunit;

namespace Mayfly.Tests.HouseRules;

/// <summary>Rules about the sources that no analyzer checks.</summary>
public class SourceTests
{
    /// <summary>Explain yourself above this.</summary>
    private const int LongestFileLines = 500;

    private const int LongestLineCharacters = 160;

    [Fact]
    public void Every_public_type_says_what_it_is()
    {
        Assembly assembly = typeof(Settings).Assembly;
        var documentation = XDocument.Load(Path.ChangeExtension(assembly.Location, ".xml"));
        var summaries = documentation.Descendants("member")
            .Where(static member => member.Element("summary") is { } summary && (summary.Value.Trim().Length > 0 || summary.HasElements))
            .Select(static member => (string)member.Attribute("name")!)
            .ToHashSet();
        Type[] types = [.. assembly.GetExportedTypes()];
        Assert.NotEmpty(types);
        Assert.All(types, type => Assert.Contains("T:" + type.FullName!.Replace('+', '.'), summaries));
    }

    [Fact]
    public void The_build_knows_its_version()
    {
        var properties = XDocument.Load(Path.Combine(SourceTree.Root, "Directory.Build.props"));
        Assert.Equal(BuildInfo.Version, properties.Descendants("Version").Single().Value);
    }

    [Fact]
    public void No_file_is_too_long_or_too_wide()
    {
        foreach (string file in SourceTree.Files("src"))
        {
            string[] lines = File.ReadAllLines(file);
            Assert.True(lines.Length <= LongestFileLines, $"{SourceTree.Name(file)} has {lines.Length} lines.");
            int wide = Array.FindIndex(lines, static line => line.Length > LongestLineCharacters);
            Assert.True(wide < 0, $"{SourceTree.Name(file)}:{wide + 1} is wider than {LongestLineCharacters} characters.");
        }
    }

    [Fact]
    public void Nothing_is_left_to_do_later()
    {
        string[] signs = ["TODO", "FIXME", "HACK", "NotImplementedException", "#region", "pragma warning disable IL"];
        foreach (string file in SourceTree.Files("src"))
        {
            string text = File.ReadAllText(file);
            Assert.All(signs, sign => Assert.False(text.Contains(sign, StringComparison.Ordinal), $"{SourceTree.Name(file)} contains {sign}."));
        }
    }
}
