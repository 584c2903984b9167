using System.Diagnostics;
using System.Text.Json;
using Mayfly.EndToEnd.Agents;
using Xunit;

namespace Mayfly.EndToEnd.Functions;

/// <summary>A program of <c>Clients</c> that uses an unmodified DogStatsD client; what it says it sent, a JSON object per line.</summary>
internal static class ClientProgram
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private static string Directory { get; } = Path.Combine(AgentUnderTest.Root, "test", "Mayfly.EndToEnd", "Clients");

    /// <summary>Runs to the end.</summary>
    public static async Task<IReadOnlyList<JsonElement>> RunAsync(string program, string script, params string[] arguments)
    {
        (int exitCode, string output, string errors) = await StartAsync(program, [Path.Combine(Directory, script), .. arguments]);
        Assert.True(exitCode == 0, $"{script} ended with {exitCode}: {errors}");
        return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => JsonDocument.Parse(line).RootElement)];
    }

    /// <summary>The sample's packages have hot-shots; its optional part for Unix datagrams is C++ and has to be compiled.</summary>
    public static async Task RequireUnixDatagramsAsync()
    {
        string built = Path.Combine(NodeProgram.Directory, "node_modules", "unix-dgram", "build", "Release", "unix_dgram.node");
        if (!File.Exists(built))
        {
            await StartAsync("npm", ["rebuild", "unix-dgram", "--prefix", NodeProgram.Directory]);
        }

        Assert.SkipUnless(File.Exists(built), "hot-shots sends Unix datagrams with unix-dgram, which cannot be compiled here (npm rebuild unix-dgram).");
    }

    public static async Task RequirePythonAsync(string program)
    {
        bool isThere = File.Exists(program) && (await StartAsync(program, ["-c", "import aiodogstatsd"])).ExitCode == 0;
        Assert.SkipUnless(isThere, "aiodogstatsd is not installed (Debian: python3-aiodogstatsd).");
    }

    private static async Task<(int ExitCode, string Output, string Errors)> StartAsync(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["NODE_PATH"] = Path.Combine(NodeProgram.Directory, "node_modules");
        using Process process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start.");
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        using var deadline = new CancellationTokenSource(Limit);
        try
        {
            await process.WaitForExitAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
        }

        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await errors);
    }
}
