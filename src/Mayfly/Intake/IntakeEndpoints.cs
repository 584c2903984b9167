using Mayfly.Config;

namespace Mayfly.Intake;

/// <summary>Address, content type and compression of one intake endpoint.</summary>
public sealed record IntakeEndpoint(Uri Url, string ContentType, bool Compress)
{
    /// <summary>Headers of this endpoint beside the key, the content type and the encoding.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];
}

/// <summary>An intake beside the main one, and the key it wants.</summary>
public sealed record IntakeDestination(IntakeEndpoint Endpoint, string ApiKey);

/// <summary>
/// The endpoints of every kind of payload (docs/spec/03-traces.md#52-url-endpoints-keys, docs/spec/04-metrics-logs.md#b9-endpoints-headers-compression and
/// #c11-shipping).
/// </summary>
public sealed class IntakeEndpoints(Settings settings)
{
    private const string Protobuf = "application/x-protobuf";
    private const string MsgPack = "application/msgpack";

    private readonly IntakeEndpoint _traces = new(settings.Intake.Traces, Protobuf, Compress: true);
    private readonly IReadOnlyList<IntakeDestination> _additionalTraces = DestinationsOf(settings.Intake.AdditionalTraces, Protobuf);
    private readonly IntakeEndpoint _stats = new(settings.Intake.Stats, MsgPack, Compress: true);
    private readonly IReadOnlyList<IntakeDestination> _additionalStats = DestinationsOf(settings.Intake.AdditionalStats, MsgPack);
    private readonly IntakeEndpoint _series = new(settings.Intake.Series, Protobuf, Compress: true);
    private readonly IntakeEndpoint _sketches = new(settings.Intake.Sketches, Protobuf, Compress: true);

    private readonly IntakeEndpoint _logs = new(settings.Intake.Logs, "application/json", settings.LogsUseCompression)
    {
        Headers = [new("DD-PROTOCOL", "agent-json"), new("DD-EVP-ORIGIN", "mayfly"), new("DD-EVP-ORIGIN-VERSION", BuildInfo.Version)],
    };

    /// <summary>Where copies of a kind of payload go.</summary>
    public IReadOnlyList<IntakeDestination> Additional(IntakeKind kind) => kind switch
    {
        IntakeKind.Traces => _additionalTraces,
        IntakeKind.Stats => _additionalStats,
        _ => [],
    };

    public IntakeEndpoint this[IntakeKind kind] => kind switch
    {
        IntakeKind.Traces => _traces,
        IntakeKind.Stats => _stats,
        IntakeKind.Series => _series,
        IntakeKind.Sketches => _sketches,
        _ => _logs,
    };

    private static IntakeDestination[] DestinationsOf(IReadOnlyList<AdditionalEndpoint> endpoints, string contentType) =>
        [.. endpoints.Select(one => new IntakeDestination(new IntakeEndpoint(one.Url, contentType, Compress: true), one.ApiKey))];
}
