using System.Globalization;
using Mayfly.Config;
using Xunit;

namespace Mayfly.Tests.Config;

/// <summary>docs/spec/05-config.md 6 and 06 A5: the keys that count beside a program only.</summary>
public class CompatSettingsTests
{
    [Theory]
    [InlineData("", "trace: local, pipe -, logs: False 10517 local, stats: False False, flush 3, end 2, parent True, launcher -")]
    [InlineData("DD_APM_NON_LOCAL_TRAFFIC=true", "trace: everywhere")]
    [InlineData("DD_APM_WINDOWS_PIPE_NAME=test_pipe", "pipe test_pipe,")]
    [InlineData(@"DD_APM_WINDOWS_PIPE_NAME=\\.\pipe\test_pipe", "pipe test_pipe,")]
    [InlineData("DD_LOGS_ENABLED=true DD_LOGS_PORT=1234 DD_LOGS_NON_LOCAL_TRAFFIC=1", "logs: True 1234 everywhere")]
    [InlineData("DD_LOGS_ENABLED=false", "logs: False")]
    [InlineData("DD_SERVERLESS_LOGS_ENABLED=true", "logs: True")]
    [InlineData("DD_AGENT_STATS_COMPUTATION_ENABLED=TRUE", "stats: True False")]
    [InlineData("DD_LAMBDA_EXTENSION_COMPUTE_STATS=true", "stats: True False")]
    [InlineData("DD_LAMBDA_EXTENSION_COMPUTE_STATS=true DD_AGENT_STATS_COMPUTATION_ENABLED=false", "stats: False False")]
    [InlineData("MAYFLY_STATS_BY_INTAKE=true", "stats: False True")]
    [InlineData("DD_SERVERLESS_FLUSH_STRATEGY=periodically,500", "flush 0.5")]
    [InlineData("DD_SERVERLESS_FLUSH_STRATEGY=end", "flush 3,")]
    [InlineData("MAYFLY_SHUTDOWN_BUDGET=1.5", "end 1.5,")]
    [InlineData("MAYFLY_WATCH_PARENT=false", "parent False")]
    [InlineData("DD_SERVERLESS_COMPAT_VERSION=1.2.3", "launcher 1.2.3")]
    public void A_value_is_used(string environment, string expected) => Assert.Contains(expected, Shown(environment, 0), StringComparison.Ordinal);

    [Theory]
    [InlineData("MAYFLY_SHUTDOWN_BUDGET=0", "end 2,")]
    [InlineData("DD_LOGS_PORT=99999", "logs: False 10517")]
    [InlineData("MAYFLY_WATCH_PARENT=perhaps", "parent True")]
    public void A_bad_value_costs_its_key_and_one_warning(string environment, string expected) =>
        Assert.Contains(expected, Shown(environment, 1), StringComparison.Ordinal);

    /// <summary>F6: on Windows a pipe stands in place of UDP.</summary>
    [Theory]
    [InlineData(true, "test_pipe", 0)]
    [InlineData(false, "test_pipe", 8125)]
    [InlineData(true, "", 8125)]
    public void F6_A_pipe_for_metrics_replaces_UDP_on_Windows(bool isWindows, string pipe, int port)
    {
        EnvReader env = Environments.Reader((Keys.DogStatsdWindowsPipe, pipe), (CompatKeys.TraceWindowsPipe, pipe));
        Settings settings = CompatSettings.Read(env).ApplyTo(Settings.Read(env), isWindows);
        Assert.Equal((port, 8126), (settings.DogStatsd.Port, settings.Listeners.TracePort));
    }

    /// <summary>Off unless asked for, and off without an address for the worker that is asked for.</summary>
    [Theory]
    [InlineData("", false)]
    [InlineData("DD_LOGS_ENABLED=true", true)]
    [InlineData("DD_LOGS_ENABLED=true DD_OBSERVABILITY_PIPELINES_WORKER_LOGS_ENABLED=true", false)]
    public void A11_logs_are_opt_in(string environment, bool expected)
    {
        EnvReader env = Environments.Parse(environment);
        Assert.Equal(expected, CompatSettings.Read(env).ApplyTo(Settings.Read(env), isWindows: false).LogsEnabled);
    }

    private static string Shown(string environment, int warnings)
    {
        EnvReader env = Environments.Parse(environment);
        CompatSettings read = CompatSettings.Read(env);
        Assert.Equal(warnings, env.Warnings.Count);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"trace: {Reach(read.IsTraceNonLocal)}, pipe {read.TracePipeName ?? "-"}, logs: {read.LogsEnabled} {read.LogsPort} {Reach(read.IsLogsNonLocal)}, "
            + $"stats: {read.ComputesStats} {read.AsksIntakeForStats}, flush {read.FlushInterval.TotalSeconds}, end {read.ShutdownBudget.TotalSeconds}, "
            + $"parent {read.WatchesParent}, launcher {read.LauncherVersion ?? "-"}");

        static string Reach(bool isNonLocal) => isNonLocal ? "everywhere" : "local";
    }
}
