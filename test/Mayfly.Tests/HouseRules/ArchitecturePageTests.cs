using System.Text.RegularExpressions;
using Xunit;

namespace Mayfly.Tests.HouseRules;

public partial class ArchitecturePageTests
{
    public static TheoryData<string> Pages => ["ARCHITECTURE.md", "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "bench/README.md"];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Every_path_that_a_page_names_exists(string page)
    {
        string root = RepositoryRoot();
        string text = File.ReadAllText(Path.Combine(root, page));

        string[] missing =
        [
            .. NamedPath().Matches(text).Select(static match => match.Groups["path"].Value)
                .Concat(Link().Matches(text).Select(static match => match.Groups["path"].Value))
                .Where(static path => !path.StartsWith("http", StringComparison.Ordinal))
                .Distinct()
                .Where(path => !Exists(root, page, path)),
        ];

        Assert.Empty(missing);
    }

    [Fact]
    public void The_architecture_page_names_every_folder_of_the_library()
    {
        string root = RepositoryRoot();
        string text = File.ReadAllText(Path.Combine(root, "ARCHITECTURE.md"));

        string[] unnamed =
        [
            .. Directory.GetDirectories(Path.Combine(root, "src/Mayfly"))
                .Select(static directory => "src/Mayfly/" + Path.GetFileName(directory))
                .Where(static folder => !folder.EndsWith("/bin", StringComparison.Ordinal) && !folder.EndsWith("/obj", StringComparison.Ordinal))
                .Where(folder => !text.Contains($"`{folder}`", StringComparison.Ordinal)),
        ];

        Assert.Empty(unnamed);
    }

    private static bool Exists(string root, string page, string path)
    {
        string beside = Path.Combine(root, Path.GetDirectoryName(page)!, path);
        return new[] { Path.Combine(root, path), beside }.Any(static candidate => File.Exists(candidate) || Directory.Exists(candidate));
    }

    private static string RepositoryRoot()
    {
        DirectoryInfo? directory = new(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "Mayfly.slnx")))
        {
            directory = directory.Parent;
        }

        return directory?.FullName ?? throw new InvalidOperationException("Mayfly.slnx is not above the test's folder.");
    }

    /// <summary>`src/…`, `test/…` and so on, in backticks and without an argument behind it.</summary>
    [GeneratedRegex(@"`(?<path>(?:src|test|bench|docs|samples|layer)(?:/[A-Za-z0-9_.\-/]+)?)`")]
    private static partial Regex NamedPath();

    /// <summary>The target of a link, without its anchor.</summary>
    [GeneratedRegex(@"\]\((?<path>[^)#]+)(?:#[^)]*)?\)")]
    private static partial Regex Link();
}
