using Mayfly.Config;

namespace Mayfly.Intake;

/// <summary>Address, content type and compression of one intake endpoint.</summary>
public sealed record IntakeEndpoint(Uri Url, string ContentType)
{
    /// <summary>Headers of this endpoint beside the key, the content type and the encoding.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>Of what it gets; not at all where nothing is said.</summary>
    public BodyCompression Compression { get; init; }
}

/// <summary>An intake beside the main one, and the key it wants.</summary>
/// <param name="Id">Tells it apart from the others of its kind, also in another process with the same settings; nothing secret.</param>
public sealed record IntakeDestination(IntakeEndpoint Endpoint, KeySetting ApiKey, string Id = "");

/// <summary>
/// The endpoints of every kind of payload (docs/spec/03-traces.md#52-url-endpoints-keys, docs/spec/04-metrics-logs.md#b9-endpoints-headers-compression and
/// #c11-shipping).
/// </summary>
public sealed class IntakeEndpoints
{
    private const string Protobuf = "application/x-protobuf";
    private const string Json = "application/json";

    private readonly Dictionary<IntakeKind, IntakeEndpoint> _endpoints;
    private readonly Dictionary<IntakeKind, IReadOnlyList<IntakeDestination>> _additional;

    public IntakeEndpoints(Settings settings)
    {
        IntakeUrls urls = settings.Intake;
        CompressionSettings compression = settings.Compression;
        KeyValuePair<string, string>[] origin = [new("DD-EVP-ORIGIN", "mayfly"), new("DD-EVP-ORIGIN-VERSION", BuildInfo.Version)];
        var logIntake = new IntakeEndpoint(settings.LogShipping.Url, Json)
        {
            Headers = [new("DD-PROTOCOL", "agent-json"), .. origin],
            Compression = settings.LogShipping.UsesCompression ? compression.Logs : default,
        };
        _endpoints = new Dictionary<IntakeKind, IntakeEndpoint>
        {
            [IntakeKind.Traces] = new(urls.Traces, Protobuf) { Compression = compression.Traces },
            [IntakeKind.Stats] = new(urls.Stats, "application/msgpack") { Compression = compression.Stats },
            [IntakeKind.Series] = new(urls.Series, Protobuf) { Compression = compression.Metrics },
            [IntakeKind.Sketches] = new(urls.Sketches, Protobuf) { Compression = compression.Metrics },
            [IntakeKind.Events] = new(urls.Events, Json) { Compression = compression.Metrics },
            [IntakeKind.ServiceChecks] = new(urls.ServiceChecks, Json) { Compression = compression.Metrics },

            // What is asked of a worker is not asked of the intakes beside it.
            [IntakeKind.Logs] = settings.LogShipping.IsPipelinesWorker ? logIntake with { Compression = default, Headers = origin } : logIntake,
        };
        _additional = new Dictionary<IntakeKind, IReadOnlyList<IntakeDestination>>
        {
            [IntakeKind.Traces] = Copies(IntakeKind.Traces, urls.AdditionalTraces, path: ""),
            [IntakeKind.Stats] = Copies(IntakeKind.Stats, urls.AdditionalStats, path: ""),
            [IntakeKind.Series] = Copies(IntakeKind.Series, urls.AdditionalMetrics, IntakeUrls.SeriesPath),
            [IntakeKind.Sketches] = Copies(IntakeKind.Sketches, urls.AdditionalMetrics, IntakeUrls.SketchesPath),
            [IntakeKind.Events] = Copies(IntakeKind.Events, urls.AdditionalMetrics, IntakeUrls.EventsPath),
            [IntakeKind.ServiceChecks] = Copies(IntakeKind.ServiceChecks, urls.AdditionalMetrics, IntakeUrls.ServiceChecksPath),
            [IntakeKind.Logs] =
            [
                .. settings.LogShipping.Additional.Select((one, i) => new IntakeDestination(logIntake with { Url = one.Url }, one.ApiKey, IdOf(one.Url, i))),
            ],
        };
    }

    /// <summary>Some main intake wants TLS.</summary>
    public bool UsesTls => _endpoints.Values.Any(static one => one.Url.Scheme == Uri.UriSchemeHttps);

    /// <summary>Where copies of a kind of payload go.</summary>
    public IReadOnlyList<IntakeDestination> Additional(IntakeKind kind) => _additional.GetValueOrDefault(kind, []);

    public IntakeEndpoint this[IntakeKind kind] => _endpoints[kind];

    private IReadOnlyList<IntakeDestination> Copies(IntakeKind kind, IReadOnlyList<AdditionalEndpoint> endpoints, string path) =>
        [.. endpoints.Select((one, i) => CopyOf(kind, new Uri(one.Url.AbsoluteUri.TrimEnd('/') + path), one.ApiKey, i))];

    private IntakeDestination CopyOf(IntakeKind kind, Uri url, KeySetting apiKey, int index) =>
        new(_endpoints[kind] with { Url = url }, apiKey, IdOf(url, index));

    private static string IdOf(Uri url, int index) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{url.AbsoluteUri}#{index}");
}
