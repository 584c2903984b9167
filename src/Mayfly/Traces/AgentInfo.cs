using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;

namespace Mayfly.Traces;

/// <summary>What <c>/info</c> says about this agent: only endpoints and abilities that exist. Encoded once.</summary>
/// <remarks>docs/spec/03-traces.md#16-info. Tracers switch features on by it, so a field that is left out is a feature left off.</remarks>
public sealed class AgentInfo
{
    private static readonly string[] Endpoints = ["/v0.3/traces", "/v0.4/traces", "/v0.5/traces", "/dogstatsd/v2/proxy", "/info"];

    private readonly byte[] _body;

    /// <summary>Hashed when first asked for: at start-up the hash would cost the initialisation of OpenSSL.</summary>
    private readonly Lazy<string> _state;

    /// <param name="version">The agent's version, as in <c>Datadog-Agent-Version</c>.</param>
    /// <param name="defaultEnv">The environment of spans that name none.</param>
    /// <param name="receiverPort">The port that serves this document.</param>
    /// <param name="statsdPort">UDP port of DogStatsD; 0 = it does not listen on UDP.</param>
    /// <param name="maxRequestBytes">Largest traces body.</param>
    public AgentInfo(string version, string defaultEnv, int receiverPort, int statsdPort, long maxRequestBytes)
    {
        Version = version;
        _body = Encode(version, defaultEnv, receiverPort, statsdPort, maxRequestBytes);
        _state = new Lazy<string>(() => Convert.ToHexStringLower(SHA256.HashData(_body)));
    }

    /// <summary>The body of the answer to accepted traces, JSON: keep everything, the agent samples nothing.</summary>
    public static ReadOnlyMemory<byte> TracesAccepted { get; } = """{"rate_by_service":{"service:,env:":1}}"""u8.ToArray();

    /// <summary>Value of the header <c>Datadog-Agent-Version</c>.</summary>
    public string Version { get; }

    /// <summary>The document, JSON.</summary>
    public ReadOnlyMemory<byte> Body => _body;

    /// <summary>Value of the header <c>Datadog-Agent-State</c>: lower-case hex SHA-256 of <see cref="Body"/>.</summary>
    public string State => _state.Value;

    private static byte[] Encode(string version, string defaultEnv, int receiverPort, int statsdPort, long maxRequestBytes)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteString("version", version);
        json.WriteStartArray("endpoints");
        foreach (string endpoint in Endpoints)
        {
            json.WriteStringValue(endpoint);
        }

        json.WriteEndArray();
        json.WriteStartArray("feature_flags");
        json.WriteEndArray();
        json.WriteBoolean("client_drop_p0s", false);
        json.WriteBoolean("span_meta_structs", true);
        json.WriteBoolean("long_running_spans", false);
        json.WriteBoolean("span_events", true);
        json.WriteStartObject("config");
        json.WriteString("default_env", defaultEnv);
        json.WriteNumber("receiver_port", receiverPort);
        json.WriteString("receiver_socket", "");
        json.WriteNumber("max_request_bytes", maxRequestBytes);
        json.WriteNumber("statsd_port", statsdPort);
        json.WriteEndObject();
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }
}
