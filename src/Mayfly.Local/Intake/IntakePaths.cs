namespace Mayfly.Local.Intake;

/// <summary>The paths that <see cref="LocalIntake"/> serves; any other is recorded and answered 404.</summary>
public static class IntakePaths
{
    /// <summary>AgentPayload protobuf; answered 200.</summary>
    public const string Traces = "/api/v0.2/traces";

    /// <summary>StatsPayload msgpack; answered 202.</summary>
    public const string Stats = "/api/v0.2/stats";

    /// <summary>MetricPayload protobuf; answered 202.</summary>
    public const string Series = "/api/v2/series";

    /// <summary>SketchPayload protobuf; answered 202.</summary>
    public const string Sketches = "/api/beta/sketches";

    /// <summary>JSON array of log events; answered 202.</summary>
    public const string Logs = "/api/v2/logs";

    /// <summary>JSON object of lists of events; answered 202.</summary>
    public const string Events = "/intake/";

    /// <summary>JSON array of service checks; answered 202.</summary>
    public const string ServiceChecks = "/api/v1/check_run";

    /// <summary>What an agent passes on for tracers, any body; answered 202.</summary>
    public static IReadOnlyList<string> PassedOn { get; } =
    [
        "/api/v2/profile", "/api/v2/apmtelemetry", "/api/v0.1/pipeline_stats", "/api/v2/debugger", "/api/v1/lineage", "/api/v2/llmobs", "/api/v2/exposures",
        "/api/v2/flagevaluation", "/api/v2/citestcycle", "/api/v2/citestcov", "/api/v2/errorsintake", "/api/ui/support/serverless/flare",
    ];

    /// <summary>API key check, any method; answered 200.</summary>
    public const string Validate = "/api/v1/validate";
}
