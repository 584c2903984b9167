using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using Mayfly.EndToEnd.Agents;
using Xunit;

namespace Mayfly.EndToEnd.Functions;

/// <summary>
/// The Node sample and what it needs: node, its npm packages (installed when npm is there) and a sandbox that can be given its own <c>/opt</c>. Other
/// programs in Node need the first two.
/// </summary>
internal static class NodeProgram
{
    private static readonly TimeSpan InstallLimit = TimeSpan.FromMinutes(3);
    private static readonly ConcurrentDictionary<(string Directory, string Package), Lazy<Task<string?>>> Missing = [];

    public static string Directory { get; } = Path.Combine(AgentUnderTest.Root, "samples", "function-node");

    /// <summary>Skips the test where something is missing; in CI, where nothing may be, it fails.</summary>
    public static async Task RequireAsync()
    {
        if (!OperatingSystem.IsLinux())
        {
            SkipOrFail("The Node libraries look for /opt/extensions, which only Linux lets a sandbox have for itself.");
        }

        await RequireAsync(Directory, "dd-trace");
    }

    /// <summary>Skips the test, or fails in CI, where node or the packages of a program are missing.</summary>
    /// <param name="directory">Of the program.</param>
    /// <param name="package">One of its packages.</param>
    public static async Task RequireAsync(string directory, string package)
    {
        Lazy<Task<string?>> search = Missing.GetOrAdd(
            (directory, package), static key => new Lazy<Task<string?>>(() => FindMissingAsync(key.Directory, key.Package)));
        if (await search.Value is { } missing)
        {
            SkipOrFail(missing);
        }
    }

    public static void SkipOrFail(string reason)
    {
        if ("true".Equals(Environment.GetEnvironmentVariable("CI"), StringComparison.OrdinalIgnoreCase))
        {
            Assert.Fail($"{reason} In CI this test must run.");
        }

        Assert.Skip(reason);
    }

    private static async Task<string?> FindMissingAsync(string directory, string package)
    {
        if (await RunAsync(directory, "node", ["--version"], TimeSpan.FromSeconds(30)) != 0)
        {
            return "node is not installed.";
        }

        if (System.IO.Directory.Exists(Path.Combine(directory, "node_modules", package)))
        {
            return null;
        }

        return await RunAsync(directory, "npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], InstallLimit) == 0
            ? null
            : $"The packages of {directory} are not installed, and npm ci could not install them.";
    }

    /// <summary>The exit code; null = there is no such program, or it did not end in time.</summary>
    private static async Task<int?> RunAsync(string directory, string program, string[] arguments, TimeSpan limit)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = directory, RedirectStandardOutput = true, RedirectStandardError = true };
        try
        {
            using Process process = Process.Start(start) ?? throw new Win32Exception();
            using var deadline = new CancellationTokenSource(limit);
            Task output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
            Task errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
            try
            {
                await process.WaitForExitAsync(deadline.Token);
                await Task.WhenAll(output, errors);
                return process.ExitCode;
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                return null;
            }
        }
        catch (Win32Exception)
        {
            return null;
        }
    }
}
