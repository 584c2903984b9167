namespace Mayfly.Config.Files;

/// <summary>Which variable a key of <c>datadog.yaml</c> stands for (docs/spec/05-config.md#1-sources-and-merge-order, "Names in the file").</summary>
internal static class FileKeys
{
    /// <summary>No key that is read has a longer path.</summary>
    internal const int LongestPath = 128;

    private const string TracePrefix = "apm_config.";
    private const string OwnPrefix = "mayfly.";

    /// <summary>The names of variables, usually one, that mean the same as the key at <paramref name="path"/>.</summary>
    /// <param name="path">Keys from the root, with points between.</param>
    public static IEnumerable<string> VariablesOf(string path)
    {
        if (Irregular(path) is { } name)
        {
            return [name];
        }

        if (path.StartsWith(OwnPrefix, StringComparison.Ordinal))
        {
            return ["MAYFLY_" + Upper(path[OwnPrefix.Length..])];
        }

        return path.StartsWith(TracePrefix, StringComparison.Ordinal)
            ? ["DD_APM_" + Upper(path[TracePrefix.Length..]), "DD_" + Upper(path)]
            : ["DD_" + Upper(path)];
    }

    private static string Upper(string path) => path.ToUpperInvariant().Replace('.', '_');

    private static string? Irregular(string path) => path switch
    {
        "apm_config.apm_dd_url" => Keys.TracesUrl,
        "apm_config.apm_non_local_traffic" => CompatKeys.TraceNonLocal,
        "apm_config.errors_per_second" => Keys.ErrorTps,
        "serverless.trace_enabled" => Keys.TracingEnabled,
        "serverless.trace_managed_services" => Keys.ManagedServices,
        "serverless.service_mapping" => Keys.ServiceMapping,
        "vector.logs.enabled" => Keys.PipelinesWorkerLogsEnabled,
        "vector.logs.url" => Keys.PipelinesWorkerLogsUrl,
        _ => null,
    };
}
