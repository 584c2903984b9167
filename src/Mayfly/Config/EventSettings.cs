namespace Mayfly.Config;

/// <summary>How the events of invocations are read (docs/spec/02-triggers.md#32-service-name).</summary>
public sealed record EventSettings
{
    public required ServiceMapping ServiceMapping { get; init; }

    /// <summary>Inferred spans are named after the queue, topic or domain.</summary>
    public required bool RepresentsServices { get; init; }

    /// <summary>Inferred spans take <c>DD_SERVICE</c>.</summary>
    public required bool RemovesIntegrationNames { get; init; }

    public required bool InfersSpans { get; init; }

    public required bool AddsSpanPointers { get; init; }

    /// <summary>What an authorizer passes on in its own context counts.</summary>
    public required bool DecodesAuthorizerContext { get; init; }

    /// <summary>Requests over HTTP are tagged with what security products look at.</summary>
    public required bool AddsSecurityTags { get; init; }

    internal static EventSettings Read(EnvReader env) => new()
    {
        ServiceMapping = ServiceMapping.Read(env),
        RepresentsServices = env.Bool(Keys.ServiceRepresentation, @default: true),
        RemovesIntegrationNames = env.Bool(Keys.RemoveIntegrationNames, @default: false),
        InfersSpans = env.Bool(Keys.ManagedServices, @default: true),
        AddsSpanPointers = env.Bool(Keys.SpanPointers, @default: true),
        DecodesAuthorizerContext = env.Bool(Keys.DecodeAuthorizerContext, @default: true),
        AddsSecurityTags = env.Bool(Keys.ServerlessAppSecEnabled, @default: false),
    };
}
