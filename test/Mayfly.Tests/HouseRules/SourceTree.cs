using Xunit;

namespace Mayfly.Tests.HouseRules;

/// <summary>The project's own files, found from where the tests run.</summary>
internal static class SourceTree
{
    public static string Root { get; } = FindRoot();

    /// <summary>Source files of a folder, relative to <see cref="Root"/>, build output left out.</summary>
    public static IReadOnlyList<string> Files(string folder, string pattern = "*.cs")
    {
        char slash = Path.DirectorySeparatorChar;
        string[] files = [.. Directory.EnumerateFiles(Path.Combine(Root, folder), pattern, SearchOption.AllDirectories)
            .Where(file => !file.Contains($"{slash}obj{slash}", StringComparison.Ordinal) && !file.Contains($"{slash}bin{slash}", StringComparison.Ordinal))];
        Assert.NotEmpty(files);
        return files;
    }

    public static string Name(string file) => Path.GetRelativePath(Root, file).Replace('\\', '/');

    private static string FindRoot()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "Mayfly.slnx")))
            {
                return at.FullName;
            }
        }

        throw new DirectoryNotFoundException("The tests do not run inside the repository.");
    }
}
