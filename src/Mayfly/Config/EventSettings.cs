namespace Mayfly.Config;

/// <summary>How the events of invocations are read (docs/spec/02-triggers.md#32-service-name).</summary>
public sealed record EventSettings
{
    /// <summary><c>DD_SERVICE_MAPPING</c> as set.</summary>
    public required string? ServiceMapping { get; init; }

    /// <summary>Inferred spans are named after the queue, topic or domain.</summary>
    public required bool RepresentsServices { get; init; }

    public required bool InfersSpans { get; init; }

    public required bool AddsSpanPointers { get; init; }

    internal static EventSettings Read(EnvReader env) => new()
    {
        ServiceMapping = env.Text(Keys.ServiceMapping),
        RepresentsServices = env.Bool(Keys.ServiceRepresentation, @default: true),
        InfersSpans = env.Bool(Keys.ManagedServices, @default: true),
        AddsSpanPointers = env.Bool(Keys.SpanPointers, @default: true),
    };
}
