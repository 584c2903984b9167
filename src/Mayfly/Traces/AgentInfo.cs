using System.Buffers;
using System.Text.Json;
using Mayfly.Config;
using Mayfly.Http;
using Mayfly.Traces.Stats;
using Mayfly.Wire;

namespace Mayfly.Traces;

/// <summary>What <c>/info</c> says about this agent: only endpoints and abilities that exist. Encoded when first asked for.</summary>
/// <remarks>
/// docs/spec/03-traces.md#16-info. Tracers switch features on by it, so a field that is left out is a feature left off; and they compare its hash with the one
/// in later answers, so it never changes.
/// </remarks>
public sealed class AgentInfo
{
    /// <summary>The Datadog Agent whose behaviour clients find here: some switch features on from a version on.</summary>
    public const string Version = "7.99.0";

    /// <summary>What may be advertised, in the order of the specification; a path is named when the listener serves it.</summary>
    private static readonly string[] Known =
    [
        "/v0.3/traces", "/v0.4/traces", "/v0.5/traces", "/v0.7/traces", "/v0.6/stats", "/v0.1/pipeline_stats", "/profiling/v1/input", "/telemetry/proxy/",
        "/evp_proxy/v1/", "/evp_proxy/v2/", "/evp_proxy/v3/", "/evp_proxy/v4/", "/debugger/v1/input", "/debugger/v1/diagnostics", "/debugger/v2/input",
        "/symdb/v1/input", "/dogstatsd/v2/proxy", "/tracer_flare/v1", "/openlineage/api/v1/lineage", "/info",
    ];

    /// <summary>Clients that know this form of queries without values send the resources of their statistics in it.</summary>
    private const int ObfuscationVersion = 1;

    /// <summary>The kinds whose spans count even where they are no entries.</summary>
    private static readonly string[] SpanKinds = ["server", "client", "producer", "consumer"];

    private static readonly string[] EvpHeaders =
    [
        "Content-Type", "Accept-Encoding", "Content-Encoding", "User-Agent", "DD-CI-PROVIDER-NAME", "DD-EVP-ORIGIN", "DD-EVP-ORIGIN-VERSION",
    ];

    private readonly AgentInfoSettings _settings;
    private readonly RouteTable _routes;
    private readonly Lazy<byte[]> _body;
    private readonly Lazy<string> _state;

    /// <param name="settings">What the agent was told.</param>
    /// <param name="routes">The listener's routes, complete when the first request comes.</param>
    public AgentInfo(AgentInfoSettings settings, RouteTable routes)
    {
        _settings = settings;
        _routes = routes;
        _body = new Lazy<byte[]>(Encode);
        _state = new Lazy<string>(() => Sha256.Hex(_body.Value));
    }

    /// <summary>The body of the answer to accepted traces, JSON: keep everything, the agent samples nothing.</summary>
    public static ReadOnlyMemory<byte> TracesAccepted { get; } = """{"rate_by_service":{"service:,env:":1}}"""u8.ToArray();

    /// <summary>Names the rates in <see cref="TracesAccepted"/>, for clients that ask for rates only when they changed.</summary>
    public static string RatesVersion => "1";

    /// <summary>The document, JSON.</summary>
    public ReadOnlyMemory<byte> Body => _body.Value;

    /// <summary>Value of the header <c>Datadog-Agent-State</c>: lower-case hex SHA-256 of <see cref="Body"/>.</summary>
    public string State => _state.Value;

    private byte[] Encode()
    {
        var buffer = new ArrayBufferWriter<byte>(4096);
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteString("version", Version);
        string[] endpoints = [.. Known.Where(_routes.Serves)];
        WriteTexts(json, "endpoints", _settings.AdvertisesV10 ? [.. endpoints, "/v1.0/traces"] : endpoints);
        WriteTexts(json, "feature_flags", _settings.FeatureFlags);
        json.WriteBoolean("client_drop_p0s", _settings.LetsClientsDrop);
        json.WriteBoolean("span_meta_structs", true);
        json.WriteBoolean("long_running_spans", false);
        json.WriteBoolean("span_events", true);
        WriteTexts(json, "evp_proxy_allowed_headers", EvpHeaders);
        json.WriteStartObject("config");
        json.WriteString("default_env", _settings.DefaultEnv);
        json.WriteNumber("receiver_port", _settings.ReceiverPort);
        json.WriteString("receiver_socket", _settings.ReceiverSocket);
        json.WriteNumber("max_request_bytes", _settings.MaxRequestBytes);
        json.WriteNumber("statsd_port", _settings.StatsdPort);
        json.WriteEndObject();
        if (_settings.Stats is { } stats)
        {
            WriteTexts(json, "peer_tags", stats.PeerTags);
            WriteTexts(json, "span_kinds_stats_computed", stats.CountsSpanKinds ? SpanKinds : []);
            json.WriteNumber("obfuscation_version", ObfuscationVersion);
        }

        WriteFilters(json, _settings.Filters);
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Clients leave what the agent would drop out of their statistics: the conditions that hold here.</summary>
    private static void WriteFilters(Utf8JsonWriter json, TraceFilterSettings filters)
    {
        foreach (bool isPattern in new[] { false, true })
        {
            json.WriteStartObject(isPattern ? "filter_tags_regex" : "filter_tags");
            WriteTexts(json, "require", TextsOf(filters.Require, isPattern));
            WriteTexts(json, "reject", TextsOf(filters.Reject, isPattern));
            json.WriteEndObject();
        }

        WriteTexts(json, "ignore_resources", [.. filters.IgnoredResources.Select(static pattern => pattern.Text)]);
    }

    private static string[] TextsOf(IReadOnlyList<TagCondition> conditions, bool isPattern) =>
        [.. conditions.Where(condition => condition.Pattern is not null == isPattern).Select(static condition => condition.ToString())];

    private static void WriteTexts(Utf8JsonWriter json, string name, IReadOnlyList<string> texts)
    {
        json.WriteStartArray(name);
        foreach (string text in texts)
        {
            json.WriteStringValue(text);
        }

        json.WriteEndArray();
    }
}

/// <summary>What an <see cref="AgentInfo"/> is told once, at start-up.</summary>
public sealed record AgentInfoSettings
{
    /// <summary>The environment of spans that name none.</summary>
    public required string DefaultEnv { get; init; }

    /// <summary>TCP port of the trace agent.</summary>
    public required int ReceiverPort { get; init; }

    /// <summary>Path of its Unix socket; empty = there is none.</summary>
    public string ReceiverSocket { get; init; } = "";

    /// <summary>UDP port of DogStatsD; 0 = it does not listen on UDP.</summary>
    public required int StatsdPort { get; init; }

    /// <summary>Largest traces body.</summary>
    public required long MaxRequestBytes { get; init; }

    /// <summary>Clients that compute statistics may keep traces that were sampled out to themselves.</summary>
    public bool LetsClientsDrop { get; init; }

    /// <summary>Clients may be told of <c>/v1.0/traces</c>.</summary>
    public bool AdvertisesV10 { get; init; }

    public IReadOnlyList<string> FeatureFlags { get; init; } = [];

    /// <summary>Traces that leave neither the agent nor a mark in statistics.</summary>
    public TraceFilterSettings Filters { get; init; } = TraceFilterSettings.None;

    /// <summary>What clients' statistics are to be made of; null: it is left to them.</summary>
    public StatsSettings? Stats { get; init; }
}
