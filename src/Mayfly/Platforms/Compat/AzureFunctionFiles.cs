namespace Mayfly.Platforms.Compat;

/// <summary>Looks whether a folder is one of Azure Functions (docs/spec/06-compat-and-init.md#a41-azure-functions).</summary>
public static class AzureFunctionFiles
{
    /// <summary>
    /// True: <paramref name="root"/> or a folder in it holds <c>host.json</c> or <c>function.json</c>. <c>node_modules</c> does not count, and a folder that
    /// cannot be read holds nothing.
    /// </summary>
    public static bool AreIn(string root) =>
        IsMarked(root) || FoldersIn(root).Any(static folder => Path.GetFileName(folder) != "node_modules" && IsMarked(folder));

    private static bool IsMarked(string folder) => File.Exists(Path.Combine(folder, "host.json")) || File.Exists(Path.Combine(folder, "function.json"));

    private static string[] FoldersIn(string root)
    {
        try
        {
            return Directory.GetDirectories(root);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
