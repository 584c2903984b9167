using Mayfly.Config;

namespace Mayfly.Proxies;

/// <summary>One row of the table of proxied endpoints with a fixed intake (docs/spec/03-traces.md#17-proxied-endpoints).</summary>
/// <param name="Name">What it is called in answers and messages.</param>
/// <param name="Path">The local path; one that ends in a slash is the beginning of many, the rest of which the intake gets to see.</param>
/// <param name="Intake">Where it goes.</param>
internal sealed record ProxiedService(string Name, string Path, ProxyIntake Intake)
{
    private const int Most = 25 * 1024 * 1024;
    private const int MostOfProfiles = 50 * 1024 * 1024;

    private static readonly string[] Post = ["POST"];
    private static readonly string[] PostOrPut = ["POST", "PUT"];

    public string[] Methods { get; private init; } = Post;

    /// <summary>Largest body, as sent (docs/spec/03-traces.md#13-size-limits-body-checks).</summary>
    public int LimitBytes { get; private init; } = Most;

    public bool IsPrefix => Path[^1] == '/';

    /// <summary>Function tags go into the header <c>X-Datadog-Additional-Tags</c>.</summary>
    public bool TakesTags { get; private init; }

    /// <summary>Function tags and those of that header go into the parameter <c>ddtags</c>.</summary>
    public bool TakesTagsInQuery { get; private init; }

    /// <summary>Value of <c>DD-EVP-ORIGIN</c>, which comes with an id of the request; null: neither.</summary>
    public string? Origin { get; private init; }

    /// <summary>The intake wants to know the agent's environment.</summary>
    public bool TakesEnv { get; private init; }

    /// <summary>The key goes into <c>Authorization</c>.</summary>
    public bool TakesBearer { get; private init; }

    /// <summary>Value of the parameter <c>api-version</c>; null: as the client says.</summary>
    public int? ApiVersion { get; private init; }

    /// <summary>The client reads the intake's answer.</summary>
    public bool IsAnswered { get; private init; }

    /// <param name="settings">Where they go.</param>
    /// <param name="agentVersion"><c>major.minor.patch</c></param>
    public static IReadOnlyList<ProxiedService> All(ProxySettings settings, string agentVersion) =>
    [
        new("data streams", "/v0.1/pipeline_stats", settings.PipelineStats) { Methods = PostOrPut, TakesTags = true },
        new("profiling", "/profiling/v1/input", settings.Profiling) { Methods = PostOrPut, LimitBytes = MostOfProfiles, TakesTags = true },
        new("telemetry", "/telemetry/proxy/", settings.Telemetry) { Methods = PostOrPut, TakesTags = true, TakesEnv = true },
        new("debugger", "/debugger/v1/input", settings.DebuggerLogs) { TakesTagsInQuery = true, Origin = "agent-debugger" },
        new("debugger", "/debugger/v1/diagnostics", settings.Debugger) { TakesTagsInQuery = true, Origin = "agent-debugger" },
        new("debugger", "/debugger/v2/input", settings.Debugger) { TakesTagsInQuery = true, Origin = "agent-debugger" },
        new("symbol database", "/symdb/v1/input", settings.Symbols) { TakesTags = true, Origin = "agent-symdb" },
        new("OpenLineage", "/openlineage/api/v1/lineage", settings.Lineage)
        {
            TakesTags = true, TakesBearer = true, ApiVersion = settings.LineageApiVersion >= 2 ? settings.LineageApiVersion : null,
        },
        new("tracer flare", "/tracer_flare/v1", new ProxyIntake(settings.FlareOf(agentVersion))) { IsAnswered = true },
    ];
}
