using System.Reflection;
using Mayfly.Local.Cli;
using Mayfly.Local.Emulator;
using Xunit;

namespace Mayfly.EndToEnd.Agents;

/// <summary>
/// The builds of the agent that every test runs against, by the names that the tests show: <c>jit</c> always, <c>native</c> where one was built.
/// </summary>
internal static class AgentUnderTest
{
    private const string Jit = "jit";
    private const string Native = "native";

    /// <summary>Names a native binary (or a .dll) to test in place of the one that <c>./build.sh agent</c> leaves.</summary>
    private const string NativeVariable = "MAYFLY_AGENT";

    /// <summary>Root of the source tree.</summary>
    public static string Root { get; } = Repository.Find().Root;

    /// <summary>Debug or Release, as these tests were built; their programs lie in folders of that name.</summary>
    public static string Configuration { get; } =
        typeof(AgentUnderTest).Assembly.GetCustomAttribute<AssemblyConfigurationAttribute>()?.Configuration ?? "Debug";

    public static TheoryData<string> Names { get; } = NativePath is null ? [Jit] : [Jit, Native];

    /// <summary>Every name with every one of <paramref name="cases"/>.</summary>
    public static TheoryData<string, T> With<T>(params IEnumerable<T> cases)
    {
        var rows = new TheoryData<string, T>();
        foreach (string name in Names)
        {
            foreach (T one in cases)
            {
                rows.Add(name, one);
            }
        }

        return rows;
    }

    public static ProcessCommand Command(string name)
    {
        string path = Path(name);
        return path.EndsWith(".dll", StringComparison.Ordinal) ? new ProcessCommand(Repository.DotnetPath, path) : new ProcessCommand(path);
    }

    /// <summary>The agent's file, a value for <c>--agent</c>.</summary>
    public static string Path(string name) => name == Native ? NativePath! : Built("src/Mayfly.Agent", "Mayfly.Agent.dll");

    /// <summary>A program of this repository, built together with the tests.</summary>
    public static string Built(string project, string file) => System.IO.Path.Combine(Root, project, "bin", Configuration, "net10.0", file);

    private static string? NativePath
    {
        get
        {
            if (Environment.GetEnvironmentVariable(NativeVariable) is { Length: > 0 } named)
            {
                // Tests run in a folder of their own; a relative path is meant from the top of the source tree.
                string path = System.IO.Path.GetFullPath(named, Root);
                return File.Exists(path) ? path : throw new FileNotFoundException($"{NativeVariable} names {path}, which does not exist.");
            }

            string built = System.IO.Path.Combine(Root, "artifacts", "agent", "linux-x64", "mayfly");
            return OperatingSystem.IsLinux() && File.Exists(built) ? built : null;
        }
    }
}
