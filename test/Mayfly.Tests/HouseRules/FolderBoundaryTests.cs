using System.Text.RegularExpressions;
using Xunit;

namespace Mayfly.Tests.HouseRules;

/// <summary>
/// Which folder of <c>src/Mayfly</c> may know which: the bottom knows nothing above it, signals know neither platforms nor each other.
/// </summary>
public partial class FolderBoundaryTests
{
    private static readonly string[] ForSignals = ["Wire", "Patterns", "Diagnostics", "Tags", "Http", "Intake", "Lifecycle", "Config"];

    /// <summary>Folder → the folders it may name. Only Platforms may know everything.</summary>
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Wire"] = [],
        ["Diagnostics"] = ["Wire"],
        ["Tags"] = ["Wire"],
        ["Patterns"] = ["Wire"],
        ["Config"] = ["Patterns", "Diagnostics"],
        ["Compression"] = ["Wire", "Config"],
        ["Http"] = ["Wire", "Diagnostics"],
        ["Outbound"] = ["Diagnostics", "Config"],
        ["Secrets"] = ["Diagnostics", "Config", "Outbound"],
        ["Intake"] = ["Wire", "Compression", "Diagnostics", "Config", "Outbound"],
        ["Delivery"] = ["Wire", "Diagnostics", "Config", "Intake", "Secrets"],
        ["Lifecycle"] = ["Wire", "Diagnostics", "Config", "Intake", "Secrets", "Delivery"],
        ["Traces"] = ForSignals,
        ["Metrics"] = ForSignals,
        ["Logs"] = ForSignals,
        ["Proxies"] = [.. ForSignals, "Secrets"],
    };

    public static TheoryData<string> Folders => [.. Allowed.Keys];

    [Theory]
    [MemberData(nameof(Folders))]
    public void A_folder_names_only_what_it_may_know(string folder)
    {
        foreach (string file in SourceTree.Files($"src/Mayfly/{folder}"))
        {
            string text = File.ReadAllText(file);
            Assert.Contains($"namespace Mayfly.{folder}", text, StringComparison.Ordinal);
            foreach (Match match in MayflyName().Matches(text))
            {
                string named = match.Groups[1].Value;
                Assert.True(named == folder || Allowed[folder].Contains(named), $"{SourceTree.Name(file)} names Mayfly.{named}.");
            }
        }
    }

    /// <summary>Signals know of the life of the process only that there are deadlines.</summary>
    [Theory]
    [InlineData("Traces")]
    [InlineData("Metrics")]
    [InlineData("Logs")]
    [InlineData("Proxies")]
    public void Of_Lifecycle_signals_know_the_deadline_only(string folder)
    {
        string[] others = [.. SourceTree.Files("src/Mayfly/Lifecycle").Select(Path.GetFileNameWithoutExtension).OfType<string>().Where(static name => name != "Deadline")];
        Assert.NotEmpty(others);
        foreach (string file in SourceTree.Files($"src/Mayfly/{folder}"))
        {
            string text = File.ReadAllText(file);
            Assert.All(others, name => Assert.DoesNotContain(name, text, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Every_folder_has_a_row()
    {
        string[] folders = [.. SourceTree.Files("src/Mayfly").Select(static file => SourceTree.Name(file).Split('/')).Where(static parts => parts.Length > 3).Select(static parts => parts[2]).Distinct()];
        Assert.Empty(folders.Except(Allowed.Keys).Except(["Platforms"]));
    }

    [GeneratedRegex(@"\bMayfly\.([A-Z]\w+)")]
    private static partial Regex MayflyName();
}
