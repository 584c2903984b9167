namespace Mayfly.Config;

/// <summary>Names of the environment variables that count only where the agent stands beside a program (docs/spec/05-config.md).</summary>
public static class CompatKeys
{
    public const string Platform = "MAYFLY_PLATFORM";
    public const string ShutdownBudget = "MAYFLY_SHUTDOWN_BUDGET";
    public const string WatchParent = "MAYFLY_WATCH_PARENT";
    public const string StatsByIntake = "MAYFLY_STATS_BY_INTAKE";
    public const string StatsComputation = "DD_AGENT_STATS_COMPUTATION_ENABLED";
    public const string TraceNonLocal = "DD_APM_NON_LOCAL_TRAFFIC";
    public const string TraceWindowsPipe = "DD_APM_WINDOWS_PIPE_NAME";
    public const string LogsPort = "DD_LOGS_PORT";
    public const string LogsNonLocal = "DD_LOGS_NON_LOCAL_TRAFFIC";
    public const string LauncherVersion = "DD_SERVERLESS_COMPAT_VERSION";
    public const string AzureResourceGroup = "DD_AZURE_RESOURCE_GROUP";
}
