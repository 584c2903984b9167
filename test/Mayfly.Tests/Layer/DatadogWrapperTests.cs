using System.Diagnostics;
using Mayfly.Tests.HouseRules;
using Xunit;

namespace Mayfly.Tests.Layer;

/// <summary>The script of the layer, run by bash as Lambda does (docs/spec/01-lambda-lifecycle.md#22-datadog_wrapper-behaviour-ship-an-equivalent).</summary>
[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class DatadogWrapperTests : IDisposable
{
    private const string Profiler = "{846F5F1C-F9AE-4B07-969E-05C26BC060D8}";

    private static readonly string[] Profilers =
    [
        "linux-x64/Datadog.Trace.ClrProfiler.Native.so",
        "linux-arm64/Datadog.Trace.ClrProfiler.Native.so",
        "linux-x64/Datadog.Tracer.Native.so",
        "linux-arm64/Datadog.Tracer.Native.so",
        "Datadog.Trace.ClrProfiler.Native.so",
    ];

    /// <summary>The script reads absolute paths below <c>/opt</c>; the copy under test reads them below a directory of its own.</summary>
    private readonly string _opt = Directory.CreateTempSubdirectory("wrapper").FullName;

    private readonly string _script;

    public DatadogWrapperTests()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && File.Exists("/bin/bash"), "needs Linux and bash");
        _script = Path.Combine(_opt, "datadog_wrapper");
        string original = File.ReadAllText(Path.Combine(SourceTree.Root, "layer/datadog_wrapper"));
        string moved = original
            .Replace(" /opt/datadog/", $" {_opt}/datadog/", StringComparison.Ordinal)
            .Replace(" /opt/java/", $" {_opt}/java/", StringComparison.Ordinal);
        File.WriteAllText(_script, moved);
    }

    [Theory]
    [InlineData("DD_LOG_LEVEL=DEBUG", "DD_LOG_LEVEL=debug")]
    [InlineData("DD_LOG_LEVEL=", "DD_LOG_LEVEL unset")]
    [InlineData("", "DD_LOG_LEVEL unset")]
    [InlineData("DD_SERVERLESS_APPSEC_ENABLED=TRUE", "DD_SERVERLESS_APPSEC_ENABLED=true")]
    [InlineData("DD_SERVERLESS_APPSEC_ENABLED=False", "DD_SERVERLESS_APPSEC_ENABLED=false")]
    [InlineData("", "DD_SERVERLESS_APPSEC_ENABLED unset")]
    public async Task Step_1_small_letters(string set, string expected) => await ExpectAsync(set, expected);

    [Theory]
    [InlineData("DD_LOG_LEVEL=DEBUG", true)]
    [InlineData("DD_LOG_LEVEL=info", false)]
    [InlineData("", false)]
    public async Task Step_1_lines_of_debug_level_carry_a_prefix(string set, bool speaks)
    {
        WrapperRun run = await RunAsync([set]);
        Assert.Equal(speaks, run.Lines.Length > 0);
        Assert.All(run.Lines, static line => Assert.StartsWith("[datadog-wrapper] ", line));
    }

    [Theory]
    [InlineData("DD_EXPERIMENTAL_ENABLE_PROXY=true", "127.0.0.1:9000")]
    [InlineData("DD_EXPERIMENTAL_ENABLE_PROXY=True", "127.0.0.1:9001")]
    [InlineData("DD_EXPERIMENTAL_ENABLE_PROXY=1", "127.0.0.1:9001")]
    [InlineData("DD_EXPERIMENTAL_ENABLE_PROXY=false", "127.0.0.1:9001")]
    [InlineData("DD_SERVERLESS_APPSEC_ENABLED=1", "127.0.0.1:9000")]
    [InlineData("DD_SERVERLESS_APPSEC_ENABLED=t", "127.0.0.1:9000")]
    [InlineData("DD_SERVERLESS_APPSEC_ENABLED=TRUE", "127.0.0.1:9000")]
    [InlineData("DD_SERVERLESS_APPSEC_ENABLED=yes", "127.0.0.1:9001")]
    [InlineData("DD_SERVERLESS_APPSEC_ENABLED=0", "127.0.0.1:9001")]
    [InlineData("", "127.0.0.1:9001")]
    public async Task Step_2_the_runtime_is_sent_to_the_proxy(string set, string address) => await ExpectAsync(set, "AWS_LAMBDA_RUNTIME_API=" + address);

    [Theory]
    [InlineData("DD_SERVERLESS_APPSEC_ENABLED=true", "DD_INSTRUMENTATION_TELEMETRY_ENABLED=true", "DD_TRACE_TELEMETRY_ENABLED=true", "DD_TRACE_ENABLED=true")]
    [InlineData("DD_SERVERLESS_APPSEC_ENABLED=1 DD_TRACE_ENABLED=false", "DD_TRACE_ENABLED=true")]
    [InlineData(
        "DD_SERVERLESS_APPSEC_ENABLED=1 DD_TRACE_TELEMETRY_ENABLED=false DD_INSTRUMENTATION_TELEMETRY_ENABLED=", "DD_TRACE_TELEMETRY_ENABLED=false",
        "DD_INSTRUMENTATION_TELEMETRY_ENABLED=true")]
    [InlineData(
        "DD_SERVERLESS_APPSEC_ENABLED=false", "DD_INSTRUMENTATION_TELEMETRY_ENABLED unset", "DD_TRACE_TELEMETRY_ENABLED unset",
        "DD_TRACE_ENABLED unset")]
    public async Task Step_3_AppSec_turns_on_what_it_needs(string set, params string[] expected) => await ExpectAsync(set, expected);

    [Theory]
    [InlineData("", "DD_TRACE_STATS_COMPUTATION_ENABLED=false")]
    [InlineData("DD_TRACE_STATS_COMPUTATION_ENABLED=true", "DD_TRACE_STATS_COMPUTATION_ENABLED=true")]
    public async Task Step_4_the_tracer_computes_no_stats(string set, string expected) => await ExpectAsync(set, expected);

    [Theory]
    [InlineData(
        "AWS_EXECUTION_ENV=AWS_Lambda_dotnet8", "CORECLR_ENABLE_PROFILING=1", "CORECLR_PROFILER=" + Profiler, "DD_DOTNET_TRACER_HOME=/opt/datadog",
        "DD_TRACE_STARTUP_LOGS=0", "DD_CIVISIBILITY_ENABLED=0")]
    [InlineData(
        "AWS_EXECUTION_ENV=AWS_Lambda_dotnet8 CORECLR_ENABLE_PROFILING=0 CORECLR_PROFILER=p DD_DOTNET_TRACER_HOME=/h "
            + "DD_TRACE_STARTUP_LOGS=1 DD_CIVISIBILITY_ENABLED=1",
        "CORECLR_ENABLE_PROFILING=0", "CORECLR_PROFILER=p", "DD_DOTNET_TRACER_HOME=/h", "DD_TRACE_STARTUP_LOGS=1", "DD_CIVISIBILITY_ENABLED=1")]
    [InlineData(
        "AWS_EXECUTION_ENV=AWS_Lambda_nodejs20.x", "CORECLR_ENABLE_PROFILING unset", "CORECLR_PROFILER unset", "DD_DOTNET_TRACER_HOME unset",
        "CORECLR_PROFILER_PATH unset", "DD_JMXFETCH_ENABLED unset")]
    [InlineData("", "CORECLR_ENABLE_PROFILING unset", "DD_JMXFETCH_ENABLED unset")]
    public async Task Step_5_dotnet(string set, params string[] expected) => await ExpectAsync(set, expected);

    [Fact]
    public async Task Step_5_the_first_profiler_that_exists_is_taken()
    {
        const string DotNet = "AWS_EXECUTION_ENV=AWS_Lambda_dotnet8";
        WrapperRun run = await RunAsync([DotNet]);
        Assert.Equal("unset", run.Variable("CORECLR_PROFILER_PATH"));
        Assert.Contains("not found", Assert.Single(run.Lines));
        foreach (string profiler in Profilers.Reverse())
        {
            Touch("datadog/" + profiler);
            run = await RunAsync([DotNet]);
            Assert.Equal($"{_opt}/datadog/{profiler}", run.Variable("CORECLR_PROFILER_PATH"));
            Assert.Empty(run.Lines);
        }

        run = await RunAsync([DotNet, "CORECLR_PROFILER_PATH=/mine.so"]);
        Assert.Equal("/mine.so", run.Variable("CORECLR_PROFILER_PATH"));
    }

    [Fact]
    public async Task Step_6_java_is_instrumented_where_its_agent_is_attached()
    {
        const string Java = "AWS_EXECUTION_ENV=AWS_Lambda_java21";
        string[] arguments = ["-Xmx1g", "-XX:-TieredCompilation", "", "a b", "-jar"];
        WrapperRun run = await RunAsync([Java, "DD_APPSEC_ENABLED=true"], arguments);
        Assert.Equal(arguments, run.Arguments);
        Assert.Equal("true", run.Variable("DD_APPSEC_ENABLED"));
        Assert.Equal("unset", run.Variable("DD_JMXFETCH_ENABLED"));

        Touch("java/lib/dd-java-agent.jar");
        run = await RunAsync([Java, "DD_APPSEC_ENABLED=true", "DD_JMXFETCH_ENABLED=true"], arguments);
        Assert.Equal(["-javaagent:/opt/java/lib/dd-java-agent.jar", "-XX:TieredStopAtLevel=1", "-Xmx1g", "", "a b", "-jar"], run.Arguments);
        Assert.All(
            new[] { "DD_JMXFETCH_ENABLED", "DD_RUNTIME_METRICS_ENABLED", "DD_REMOTE_CONFIG_ENABLED", "DD_APPSEC_ENABLED" },
            name => Assert.Equal("false", run.Variable(name)));

        run = await RunAsync(["AWS_EXECUTION_ENV=AWS_Lambda_python3.13"], arguments);
        Assert.Equal(arguments, run.Arguments);
    }

    [Fact]
    public async Task Step_7_the_command_takes_the_scripts_place_with_its_exit_code()
    {
        string[] arguments = ["one", "", "with space", "$HOME", "*", "quo\"te", "back\\slash"];
        WrapperRun run = await RunAsync([], arguments, exitCode: 42);
        Assert.Equal(arguments, run.Arguments);
        Assert.Equal(42, run.ExitCode);
        Assert.Equal(run.ProcessId, run.CommandProcessId);
    }

    [Fact]
    public void The_script_that_is_shipped_can_be_executed() =>
        Assert.True(File.GetUnixFileMode(Path.Combine(SourceTree.Root, "layer/datadog_wrapper")).HasFlag(UnixFileMode.UserExecute));

    public void Dispose() => Directory.Delete(_opt, recursive: true);

    private async Task ExpectAsync(string set, params string[] expected)
    {
        WrapperRun run = await RunAsync(set.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        foreach (string variable in expected)
        {
            string[] parts = variable.Split(['=', ' '], 2);
            Assert.Equal(parts[1], run.Variable(parts[0]));
        }
    }

    /// <summary>Runs the script with a command that writes its process id, its arguments and its environment to a file, each item ended by NUL.</summary>
    private async Task<WrapperRun> RunAsync(string[] variables, string[]? arguments = null, int exitCode = 0)
    {
        string report = Path.Combine(_opt, "report");
        string command = Path.Combine(_opt, "runtime");
        await File.WriteAllTextAsync(command, $"#!/bin/bash\n{{ printf '%s\\0' $$ $# \"$@\"; env -0; }} >'{report}'\nexit {exitCode}\n");
        File.SetUnixFileMode(command, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var start = new ProcessStartInfo("/bin/bash", [_script, command, .. arguments ?? []]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment.Clear();
        start.Environment["PATH"] = "/usr/bin:/bin";
        start.Environment["AWS_LAMBDA_RUNTIME_API"] = "127.0.0.1:9001";
        foreach (string variable in variables.Where(static variable => variable.Length > 0))
        {
            string[] parts = variable.Split('=', 2);
            start.Environment[parts[0]] = parts[1];
        }

        using Process process = Process.Start(start)!;
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(TimeSpan.FromSeconds(30));
        Task<string> errors = process.StandardError.ReadToEndAsync(deadline.Token);
        string output = await process.StandardOutput.ReadToEndAsync(deadline.Token);
        await process.WaitForExitAsync(deadline.Token);
        Assert.Equal("", await errors);

        string[] items = (await File.ReadAllTextAsync(report, deadline.Token)).Split('\0');
        int count = int.Parse(items[1], System.Globalization.CultureInfo.InvariantCulture);
        return new WrapperRun(
            process.ExitCode,
            output.Split('\n', StringSplitOptions.RemoveEmptyEntries),
            process.Id,
            int.Parse(items[0], System.Globalization.CultureInfo.InvariantCulture),
            items[2..(2 + count)],
            items[(2 + count)..]);
    }

    private void Touch(string path)
    {
        string full = Path.Combine(_opt, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, "");
    }

    /// <summary>What the command saw.</summary>
    private sealed record WrapperRun(int ExitCode, string[] Lines, int ProcessId, int CommandProcessId, string[] Arguments, string[] Environment)
    {
        /// <summary>The value of a variable, or "unset".</summary>
        public string Variable(string name) =>
            Environment.FirstOrDefault(item => item.StartsWith(name + '=', StringComparison.Ordinal))?[(name.Length + 1)..] ?? "unset";
    }
}
