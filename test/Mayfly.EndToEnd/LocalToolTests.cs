using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Mayfly.EndToEnd.Agents;
using Mayfly.Local.Cli;
using Mayfly.Local.Emulator;
using Xunit;

namespace Mayfly.EndToEnd;

/// <summary>The tool's commands as processes, the way a user runs them: what they print and how they end.</summary>
public class LocalToolTests
{
    /// <summary>Of the function, in seconds; after a reset the start of everything is part of the invocation.</summary>
    private const string Timeout = "10";

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    public static TheoryData<string> Agents => AgentUnderTest.Names;

    [Theory, MemberData(nameof(Agents))]
    public async Task The_demo_shows_every_invocation_and_ends_with_0(string agent)
    {
        (int exitCode, string output, string errors) = await RunAsync("demo", "--timeout", Timeout, "--agent", AgentUnderTest.Path(agent));
        Assert.True(exitCode == 0, output + errors);
        string[] invocations = Sections(output);
        Assert.True(invocations.Length >= 5, output);
        Assert.All(invocations, static one => Assert.Contains("aws.lambda   ", one, StringComparison.Ordinal));
        Assert.All(invocations, static one => Assert.Contains("REPORT RequestId: ", one, StringComparison.Ordinal));
        Assert.All(invocations.Where(static one => !one.Contains("timeout", StringComparison.Ordinal)), static one =>
        {
            Assert.Contains("└─ coffee.", one, StringComparison.Ordinal);
            Assert.Contains("coffee.brew_time.max", one, StringComparison.Ordinal);
        });
        Assert.Contains("aws.lambda.enhanced.invocations", output, StringComparison.Ordinal);
        Assert.EndsWith("Everything that was sent arrived.", output.TrimEnd(), StringComparison.Ordinal);
    }

    /// <summary>An agent without an API key runs well and delivers nothing: the report, here as JSON, has to say so.</summary>
    [Fact]
    public async Task The_demo_ends_with_1_when_something_did_not_arrive()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("The agent is wrapped in a shell script.");
            return;
        }

        ProcessCommand command = AgentUnderTest.Command(AgentUnderTest.Names.Last().Data);
        string wrapper = Path.GetTempFileName();
        string words = string.Join(' ', command.Arguments.Prepend(command.FileName).Select(static one => $"'{one}'"));
        await File.WriteAllTextAsync(wrapper, $"#!/bin/sh\nunset DD_API_KEY\nexec {words}\n");
        File.SetUnixFileMode(wrapper, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

        (int exitCode, string output, string errors) = await RunAsync("demo", "--json", "--agent", wrapper);
        File.Delete(wrapper);

        Assert.True(exitCode == 1, output + errors);
        JsonElement report = JsonDocument.Parse(output).RootElement;
        Assert.False(report.GetProperty("complete").GetBoolean());
        string[] problems = [.. report.GetProperty("problems").EnumerateArray().Select(static problem => problem.GetString()!)];
        Assert.Contains(problems, static problem => problem.Contains("did not arrive", StringComparison.Ordinal));
        Assert.All(report.GetProperty("rows").EnumerateArray(), static row =>
        {
            Assert.True(row.GetProperty("sent").GetInt32() > 0);
            Assert.Equal(0, row.GetProperty("arrived").GetInt32());
        });
    }

    [Fact]
    public async Task The_demo_says_when_its_intake_s_port_is_taken()
    {
        using var occupant = new TcpListener(IPAddress.Loopback, 0);
        occupant.Start();
        int port = ((IPEndPoint)occupant.LocalEndpoint).Port;
        (int exitCode, _, string errors) = await RunAsync("demo", "--intake-port", $"{port}");
        Assert.Equal(2, exitCode);
        Assert.StartsWith($"The intake cannot listen on 127.0.0.1:{port}: ", errors, StringComparison.Ordinal);
        Assert.Contains("--intake-port", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_demo_says_when_there_is_no_agent()
    {
        (int exitCode, _, string errors) = await RunAsync("demo", "--agent", "no-such-agent");
        Assert.Equal(2, exitCode);
        Assert.Contains("no-such-agent", errors, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Agents))]
    public async Task Run_invokes_any_function_with_the_events_of_files(string agent)
    {
        (int exitCode, string output, string errors) = await RunAsync(
            "run", "--agent", AgentUnderTest.Path(agent), "--timeout", Timeout, "--event", Event("ok.json"), "--event", Event("error.json"), "--env", "DD_SERVICE=bean-counter",
            "--", Repository.DotnetPath, AgentUnderTest.Built("samples/FunctionCSharp", "FunctionCSharp.dll"));
        Assert.True(exitCode == 0, output + errors);
        string[] invocations = Sections(output);
        Assert.Equal(2, invocations.Length);
        Assert.All(invocations, static one => Assert.Contains("└─ coffee.order", one, StringComparison.Ordinal));
        Assert.Contains("ok.json", invocations[0], StringComparison.Ordinal);
        Assert.Contains("ERROR no milk left", invocations[1], StringComparison.Ordinal);
        Assert.Contains("bean-counter", invocations[0], StringComparison.Ordinal);
        Assert.Contains("order served", invocations[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_says_when_there_is_no_such_event_file()
    {
        (int exitCode, _, string errors) = await RunAsync(
            "run", "--agent", AgentUnderTest.Path(AgentUnderTest.Names.First().Data), "--event", "no-such-event.json", "--", "true");
        Assert.Equal((2, "There is no event file no-such-event.json."), (exitCode, errors.Trim()));
    }

    private static string Event(string file) => Path.Combine(AgentUnderTest.Root, "samples", "events", file);

    /// <summary>The report's parts that begin with a number and a title.</summary>
    private static string[] Sections(string output)
    {
        string invocations = output.Split("\nEnhanced metrics")[0];
        return [.. invocations.Split("\n\n").Where(static part => char.IsAsciiDigit(part.TrimStart('\n')[0]) && part.Contains(". ", StringComparison.Ordinal))];
    }

    private static async Task<(int ExitCode, string Output, string Errors)> RunAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo(Repository.DotnetPath, [AgentUnderTest.Built("src/Mayfly.Local", "mayfly-local.dll"), .. arguments])
        {
            WorkingDirectory = AgentUnderTest.Root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["DD_LOG_LEVEL"] = "trace";
        foreach ((string name, string value) in SecretWatch.Variables)
        {
            start.Environment[name] = value;
        }

        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        Task<string> errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"Still running after {Limit.TotalSeconds} s: {string.Join(' ', arguments)}\n{await output}{await errors}");
        }

        var watch = new SecretWatch();
        watch.See(await output);
        watch.See(await errors);
        watch.MustBeClean();
        return (process.ExitCode, await output, await errors);
    }
}
