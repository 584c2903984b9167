using Mayfly.Config;

namespace Mayfly.Tests.Config;

/// <summary>Settings from an environment that a test writes down.</summary>
internal static class Environments
{
    public static Settings Read(params (string Name, string Value)[] variables) => Settings.Read(Reader(variables));

    /// <summary>All that is said to be wrong, errors first.</summary>
    public static IReadOnlyList<string> Complaints(this Settings settings) => [.. settings.Errors, .. settings.Warnings];

    public static EnvReader Reader(params (string Name, string Value)[] variables) =>
        new(name => variables.LastOrDefault(variable => variable.Name == name).Value);

    /// <summary>From <c>NAME=value NAME=value</c>.</summary>
    public static EnvReader Parse(string text) =>
        Reader([.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(static one => (one.Split('=', 2)[0], one.Split('=', 2)[1]))]);
}
