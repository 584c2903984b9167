using Mayfly.Patterns;

namespace Mayfly.Platforms.Lambda.Telemetry;

/// <summary>How telemetry records become log events.</summary>
public sealed record LambdaLogSettings
{
    /// <summary>Invocations overlap: a line without an id of its own has none.</summary>
    public bool IsManagedInstance { get; init; }

    /// <summary>START, END, REPORT and INIT_START become events (<c>DD_LOGS_CONFIG_LAMBDA_LOGS_TYPE</c>).</summary>
    public bool HasPlatformLines { get; init; } = true;

    /// <summary>
    /// Invocations of a durable function whose events may wait for their execution; 0: none waits (docs/spec/04-metrics-logs.md#c8-durable-functions).
    /// </summary>
    public int DurableBufferSize { get; init; }

    /// <summary>Lines on which this does not match continue the event before (<c>multi_line</c>); null: each line is an event.</summary>
    public Pattern? FirstLine { get; init; }
}
