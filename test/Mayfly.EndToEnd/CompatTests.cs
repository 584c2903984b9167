using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Mayfly.EndToEnd.Agents;
using Mayfly.EndToEnd.Compat;
using Mayfly.EndToEnd.Functions;
using Mayfly.Local.Cli;
using Mayfly.Local.Emulator;
using Mayfly.Local.Intake;
using Mayfly.Testing;
using Xunit;

namespace Mayfly.EndToEnd;

/// <summary>The agent beside a program, as a process (docs/spec/06-compat-and-init.md, part A).</summary>
public class CompatTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    private static readonly string Scripts = Path.Combine(AgentUnderTest.Root, "test", "Mayfly.EndToEnd", "Compat");

    /// <summary>How long the programs stay, in milliseconds: the tracer sends two seconds after its first span.</summary>
    private const string Stay = "6000";

    private static readonly string Tracer = Path.Combine(NodeProgram.Directory, "node_modules", "dd-trace");

    public static TheoryData<string> Agents => AgentUnderTest.Names;

    /// <summary>A13.4: the unmodified Node tracer on Lambda Lite. By the file it finds the agent, and every span arrives; without it, it prints its traces.</summary>
    [Theory, MemberData(nameof(Agents))]
    public async Task Node_finds_the_agent_by_its_file(string agent)
    {
        await NodeProgram.RequireAsync(NodeProgram.Directory, "dd-trace");
        string[] program = ["--", "node", Path.Combine(Scripts, "spans.cjs"), Tracer, "7", Stay];
        (int exitCode, string output, string errors) = await RunLocalAsync(["compat", "--agent", AgentUnderTest.Path(agent), .. program]);
        Assert.True(exitCode == 0, output + errors);
        Assert.Contains("7 spans: job", output, StringComparison.Ordinal);
        Assert.Contains("The program ended with 0, the agent with 0.", output, StringComparison.Ordinal);
        Assert.DoesNotContain("{\"traces\":", errors, StringComparison.Ordinal);

        (exitCode, output, errors) = await RunLocalAsync(["compat", "--without-agent", .. program]);
        Assert.True(exitCode == 0, output + errors);
        Assert.Contains("no spans", output, StringComparison.Ordinal);
        Assert.Equal(7, errors.Split("\"name\":\"job\"").Length - 1);
    }

    /// <summary>The other platforms of <c>mayfly-local compat</c>; on Azure the agent's own metric comes after three seconds.</summary>
    [Theory]
    [InlineData(LocalPlatformNames.Azure)]
    [InlineData(LocalPlatformNames.Google)]
    [InlineData(LocalPlatformNames.Spring)]
    public async Task A_program_runs_as_on(string platform)
    {
        await NodeProgram.RequireAsync(NodeProgram.Directory, "dd-trace");
        (int exitCode, string output, string errors) = await RunLocalAsync(
            ["compat", "--platform", platform, "--agent", AgentUnderTest.Path("jit"), "--", "node", Path.Combine(Scripts, "spans.cjs"), Tracer, "3", Stay]);
        Assert.True(exitCode == 0, output + errors);
        Assert.Contains("3 spans: job", output, StringComparison.Ordinal);
        Assert.Equal(platform == LocalPlatformNames.Azure, output.Contains("azure.functions.enhanced.instance", StringComparison.Ordinal));
        Assert.DoesNotContain("WARN", errors, StringComparison.Ordinal);
    }

    /// <summary>A13.3: whoever sees the file can connect and is answered; 50 starts in a row (fewer of the slow build). Orderly exits leave no file.</summary>
    [Theory, MemberData(nameof(Agents))]
    public async Task Whoever_sees_the_file_is_answered(string agent)
    {
        await NodeProgram.RequireAsync(NodeProgram.Directory, "dd-trace");
        int starts = agent == "native" ? 50 : 10;
        ProcessCommand command = AgentUnderTest.Command(agent);
        LocalPorts ports = FreePorts.Pick();
        var variables = new Dictionary<string, string>(ports.Variables)
        {
            ["AWS_LAMBDA_INITIALIZATION_TYPE"] = "native-http", ["AWS_LAMBDA_FUNCTION_NAME"] = "fn", ["DD_API_KEY"] = SecretWatch.ApiKey, ["DD_LOG_LEVEL"] = "trace",
        };
        ProcessCommand node = await PrivateSentinel.WrapAsync(
            new ProcessCommand("node", [Path.Combine(Scripts, "starts.cjs"), $"{starts}", $"{ports.Traces}", command.FileName, .. command.Arguments]));
        (int exitCode, string output, string errors) = await RunAsync(node, variables);
        Assert.True(exitCode == 0, output + errors);
        using JsonDocument result = JsonDocument.Parse(output);
        string[] answers = [.. result.RootElement.GetProperty("answers").EnumerateArray().Select(static one => one.GetString()!)];
        Assert.Equal(Enumerable.Repeat("200", starts), answers);
        Assert.Equal(0, result.RootElement.GetProperty("left").GetInt32());
    }

    /// <summary>A14: the copy in the temporary folder, renamed and with mode 0744, works by itself, also when its parent has ended.</summary>
    [Theory, MemberData(nameof(Agents))]
    public async Task The_launcher_for_Node_starts_a_copy(string agent)
    {
        await NodeProgram.RequireAsync(NodeProgram.Directory, "dd-trace");
        DirectoryInfo folder = Directory.CreateTempSubdirectory("mayfly-launcher-");
        await using LocalIntake intake = await LocalIntake.StartAsync();
        LocalPorts ports = FreePorts.Pick();
        var variables = new Dictionary<string, string>(ports.Variables)
        {
            ["DD_SERVERLESS_COMPAT_PATH"] = await OneFileAsync(agent, folder), ["DD_API_KEY"] = SecretWatch.ApiKey, ["DD_LOG_LEVEL"] = "trace",
            ["FUNCTIONS_EXTENSION_VERSION"] = "~4", ["FUNCTIONS_WORKER_RUNTIME"] = "node", ["WEBSITE_SITE_NAME"] = "my-azure-app",
        };
        foreach ((string name, string value) in LocalIntake.VariablesFor(intake.Url))
        {
            variables[name] = value;
        }

        (int exitCode, string output, string errors) = await RunAsync(
            new ProcessCommand("node", Path.Combine(Scripts, "launcher.cjs"), Tracer, folder.FullName, Stay), variables);
        Assert.True(exitCode == 0, output + errors);
        using var started = JsonDocument.Parse(output.Split('\n')[0]);
        Assert.Equal("744", started.RootElement.GetProperty("mode").GetString());

        // The program has ended, and with it, soon, the agent: what it still had is here.
        Assert.True(await intake.WaitUntilAsync(static one => one.Spans.Count(static span => span.Name == "launched") == 5, Until.Patience), output + errors);
        int id = started.RootElement.GetProperty("agent").GetInt32();
        await Until.TrueAsync(() => !IsRunning(id), "the agent ends after its parent", () => output + errors);
        Assert.All(intake.Spans, static span => Assert.Equal("9.8.7", span.Meta["_dd.serverless_compat_version"]));
        folder.Delete(recursive: true);
    }

    /// <summary>G1: what was accepted right before SIGTERM arrives.</summary>
    [Theory, MemberData(nameof(Agents))]
    public async Task SIGTERM_loses_nothing(string agent)
    {
        await using Beside beside = await Beside.StartAsync(AgentUnderTest.Command(agent));
        await SendOneOfEachAsync(beside);
        beside.Agent.SendSigTerm();
        Assert.Equal(0, await beside.Agent.ExitCodeAsync(Until.Patience));
        Assert.Single(beside.Intake.Spans, static span => span.TraceId == 4711);
        Assert.Single(beside.Intake.Metrics, static metric => metric.Name == "last.orders" && metric.Total == 3);
        Assert.Single(beside.Intake.Logs, static log => log.Message == "last words");
    }

    /// <summary>G2, G7 and design §1: why it cannot run is one line on standard error, with its exit code.</summary>
    [Theory]
    [InlineData("no platform", "AWS_LAMBDA_INITIALIZATION_TYPE= AWS_LAMBDA_FUNCTION_NAME=", 2, "looked for: AWS Lambda Lite")]
    [InlineData("two platforms", "K_SERVICE=x FUNCTION_TARGET=y", 2, "lambda-lite (scripted) and google-functions (x) at once")]
    [InlineData("no API key", "DD_API_KEY=", 2, "no API key. Set DD_API_KEY")]
    public async Task It_says_why_it_cannot_run(string row, string variables, int exitCode, string expected)
    {
        var all = new Dictionary<string, string>(Beside.Lambda);
        foreach (string[] pair in variables.Split(' ').Select(static one => one.Split('=')))
        {
            all[pair[0]] = pair[1];
        }

        await using AgentProcess agent = AgentProcess.StartBeside(AgentUnderTest.Command("jit"), "http://127.0.0.1:9", FreePorts.Pick(), all);
        Assert.True(exitCode == await agent.ExitCodeAsync(Until.Patience), row);
        Assert.Contains(expected, Assert.Single(agent.Lines), StringComparison.Ordinal);
    }

    /// <summary>One trace, one metric and one log event, all of them with the agent when this returns.</summary>
    private static async Task SendOneOfEachAsync(Beside beside)
    {
        await beside.SendMetricsAsync("last.orders:3|c");
        await beside.SendLogsAsync("""[{"message":"last words","timestamp":1700000000000}]""");
        await beside.SendTraceAsync(new SampleSpan { TraceId = 4711 });
    }

    /// <summary>The agent as one file that can be copied: itself, or a script for a build that consists of many.</summary>
    private static async Task<string> OneFileAsync(string agent, DirectoryInfo folder)
    {
        ProcessCommand command = AgentUnderTest.Command(agent);
        if (command.Arguments.Count == 0)
        {
            return command.FileName;
        }

        string script = Path.Combine(folder.FullName, "mayfly-jit");
        string words = string.Join(' ', command.Arguments.Prepend(command.FileName).Select(static one => $"'{one}'"));
        await File.WriteAllTextAsync(script, $"#!/bin/sh\nexec {words}\n");
        return script;
    }

    private static bool IsRunning(int id)
    {
        try
        {
            // A child that nobody has waited for yet is still listed: it is a zombie then.
            return !File.ReadAllText($"/proc/{id}/stat").Split(')')[^1].TrimStart().StartsWith('Z');
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static async Task<(int ExitCode, string Output, string Errors)> RunLocalAsync(string[] words)
    {
        string tool = AgentUnderTest.Built("src/Mayfly.Local", "mayfly-local.dll");
        ProcessCommand command = await PrivateSentinel.WrapAsync(new ProcessCommand(Repository.DotnetPath, [tool, .. words]));
        return await RunAsync(command, new Dictionary<string, string>());
    }

    private static async Task<(int ExitCode, string Output, string Errors)> RunAsync(ProcessCommand command, IReadOnlyDictionary<string, string> variables)
    {
        var start = new ProcessStartInfo(command.FileName, command.Arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string name, string value) in variables)
        {
            start.Environment[name] = value;
        }

        using Process process = Process.Start(start) ?? throw new InvalidOperationException($"{command.FileName} did not start.");
        using var deadline = new CancellationTokenSource(Limit);
        Task<string> output = process.StandardOutput.ReadToEndAsync(deadline.Token);
        Task<string> errors = process.StandardError.ReadToEndAsync(deadline.Token);
        try
        {
            await process.WaitForExitAsync(deadline.Token);
            var watch = new SecretWatch();
            watch.See(await output + await errors);
            watch.MustBeClean();
            return (process.ExitCode, await output, await errors);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException(string.Create(CultureInfo.InvariantCulture, $"{command.FileName} was still running after {Limit.TotalSeconds} s."));
        }
    }

    private static class LocalPlatformNames
    {
        public const string Azure = Mayfly.Local.Compat.LocalPlatform.AzureFunctions;
        public const string Google = Mayfly.Local.Compat.LocalPlatform.GoogleFunctions;
        public const string Spring = Mayfly.Local.Compat.LocalPlatform.Spring;
    }
}
