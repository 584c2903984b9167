namespace Mayfly.Config;

/// <summary>
/// What a user can set only where the agent stands beside a program for as long as that runs; read in that mode only, beside <see cref="Settings"/>
/// (docs/spec/06-compat-and-init.md#a5-environment-variables-of-the-mini-agent).
/// </summary>
public sealed record CompatSettings
{
    private const string PipePrefix = @"\\.\pipe\";

    /// <summary>The trace agent is reached from other hosts too.</summary>
    public required bool IsTraceNonLocal { get; init; }

    /// <summary>Name of a Windows pipe for traces, without <c>\\.\pipe\</c>; null: there is none.</summary>
    public required string? TracePipeName { get; init; }

    /// <summary>Log events are taken over HTTP.</summary>
    public required bool LogsEnabled { get; init; }

    public required int LogsPort { get; init; }

    /// <summary>And from other hosts too.</summary>
    public required bool IsLogsNonLocal { get; init; }

    /// <summary>The agent counts spans, and tracers leave it to it.</summary>
    public required bool ComputesStats { get; init; }

    /// <summary>Spans for which nobody computes statistics ask the intake to.</summary>
    public required bool AsksIntakeForStats { get; init; }

    /// <summary>Time between two flushes.</summary>
    public required TimeSpan FlushInterval { get; init; }

    /// <summary>How long the process may take to end.</summary>
    public required TimeSpan ShutdownBudget { get; init; }

    /// <summary>The process ends when the one that started it has.</summary>
    public required bool WatchesParent { get; init; }

    /// <summary>Version of the launcher that started this process; null: none did.</summary>
    public required string? LauncherVersion { get; init; }

    public static CompatSettings Read(EnvReader env)
    {
        FlushStrategy strategy = FlushStrategy.Read(env);
        string? pipe = env.Text(CompatKeys.TraceWindowsPipe)?.Trim();
        return new CompatSettings
        {
            IsTraceNonLocal = env.Bool(CompatKeys.TraceNonLocal, @default: false),
            TracePipeName = pipe?.StartsWith(PipePrefix, StringComparison.OrdinalIgnoreCase) == true ? pipe[PipePrefix.Length..] : pipe,
            LogsEnabled = env.AnyTrue(Keys.ServerlessLogsEnabled, Keys.LogsEnabled, @default: false),
            LogsPort = env.Port(CompatKeys.LogsPort, @default: 10517),
            IsLogsNonLocal = env.Bool(CompatKeys.LogsNonLocal, @default: false),
            ComputesStats = env.Bool([CompatKeys.StatsComputation, Keys.ComputeStats], @default: false),
            AsksIntakeForStats = env.Bool(CompatKeys.StatsByIntake, @default: false),
            FlushInterval = strategy.Mode is FlushMode.Periodically or FlushMode.Continuously ? strategy.Interval : TimeSpan.FromSeconds(3),
            ShutdownBudget = env.Seconds(CompatKeys.ShutdownBudget, @default: TimeSpan.FromSeconds(2), min: TimeSpan.FromMilliseconds(100)),
            WatchesParent = env.Bool(CompatKeys.WatchParent, @default: true),
            LauncherVersion = env.Text(CompatKeys.LauncherVersion)?.Trim(),
        };
    }

    /// <summary>
    /// <paramref name="settings"/> with what this mode changes in them: who computes statistics, and on Windows a pipe for metrics stands in place of UDP.
    /// </summary>
    public Settings ApplyTo(Settings settings, bool isWindows) => settings with
    {
        ComputeStats = ComputesStats,
        LogsEnabled = LogsEnabled && !settings.LogShipping.IsWorkerMissing,
        DogStatsd = isWindows && settings.DogStatsd.PipeName is not null ? settings.DogStatsd with { Port = 0 } : settings.DogStatsd,
    };
}
