using System.Text;
using Mayfly.Diagnostics;
using Mayfly.Http;
using Mayfly.Metrics.Transports;
using Mayfly.Testing;
using Mayfly.Tests.Http;
using Mayfly.Tests.Metrics;
using Mayfly.Traces;
using Xunit;

namespace Mayfly.Tests.Traces;

/// <summary>
/// The trace agent's port over a real socket: docs/spec/03-traces.md 1.3 to 1.5, docs/spec/07-observed-clients.md 5 and 7; the DogStatsD proxy beside it.
/// </summary>
public sealed class TraceRoutesTests : IAsyncLifetime
{
    private const int LimitBytes = 1024 * 1024;

    private const string Rates = """{"rate_by_service":{"service:,env:":1}}""";
    private const string Spans = """[{"trace_id":1,"span_id":"2","name":"n"}]""";
    private const string Traces = $"[{Spans}]";

    private static readonly byte[] OneSpan = SampleSpan.V04([new SampleSpan()]);

    private readonly TraceRig _traces = new();
    private readonly MetricRig _metrics = new();
    private AgentInfo _info = null!;
    private ServerRig _server = null!;
    private RawHttp _client = null!;

    public async ValueTask InitializeAsync()
    {
        var table = new RouteTable();
        var settings = new AgentInfoSettings { DefaultEnv = "none", ReceiverPort = 8126, StatsdPort = 8125, MaxRequestBytes = LimitBytes };
        _info = new AgentInfo(settings, table);
        new TraceRoutes(_traces.Pipeline, _info, LimitBytes, Log.Silent).AddTo(table);
        new DogStatsdProxyRoute(_metrics.Aggregator).AddTo(table);
        _server = await ServerRig.StartAsync(table);
        _client = new RawHttp(_server.Port);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
        _metrics.Dispose();
    }

    /// <summary>docs/spec/03-traces.md#12-endpoint-matrix; what is not there is 404 (07, 7.6), also <c>/v0.7/config</c>: no remote configuration.</summary>
    [Theory]
    [InlineData("POST", "/v0.3/traces", 200)]
    [InlineData("POST", "/v0.4/traces", 200)]
    [InlineData("PUT", "/v0.4/traces", 200)]
    [InlineData("GET", "/v0.4/traces", 405)]
    [InlineData("PUT", "/v0.5/traces", 400)]
    [InlineData("PUT", "/v0.7/traces", 400)]
    [InlineData("PUT", "/v1.0/traces", 400)]
    [InlineData("GET", "/info", 200)]
    [InlineData("POST", "/info", 200)]
    [InlineData("POST", "/v0.7/config", 404)]
    [InlineData("POST", "/v0.9/traces", 404)]
    [InlineData("POST", "/nowhere", 404)]
    public async Task Routes(string method, string path, int status)
    {
        RawAnswer answer = await _client.RequestAsync(method, path, method == "GET" ? null : OneSpan);
        Assert.Equal(status, answer.Status);
        bool isTraces = status == 200 && path != "/info";
        Assert.Equal(isTraces ? 1 : 0, _traces.Counters.Accepted);
        if (status == 200)
        {
            Assert.Equal("application/json", answer.Headers["Content-Type"]);
            Assert.Contains(isTraces ? """{"rate_by_service":{"service:,env:":1}}""" : "endpoints", answer.Body, StringComparison.Ordinal);
        }

        Assert.Equal(("7.99.0", _info.State), (answer.Headers["Datadog-Agent-Version"], answer.Headers["Datadog-Agent-State"]));
    }

    /// <summary>§1.2, the rows of traces and services: P is POST and PUT.</summary>
    [Theory]
    [InlineData("/v0.1/spans", 405)]
    [InlineData("/v0.2/traces", 405)]
    [InlineData("/v0.3/traces", 405)]
    [InlineData("/v0.4/traces", 405)]
    [InlineData("/v0.5/traces", 405)]
    [InlineData("/v0.7/traces", 405)]
    [InlineData("/v1.0/traces", 405)]
    [InlineData("/v0.1/services", 200)]
    [InlineData("/info", 200)]
    public async Task Row_methods(string path, int others)
    {
        foreach (string method in new[] { "POST", "PUT" })
        {
            Assert.InRange((await _client.RequestAsync(method, path)).Status, 200, 400);
        }

        foreach (string method in new[] { "GET", "DELETE", "PATCH" })
        {
            Assert.Equal(others, (await _client.RequestAsync(method, path)).Status);
        }
    }

    [Theory]
    [InlineData("/v0.1/services")]
    [InlineData("/v0.2/services")]
    [InlineData("/v0.3/services")]
    [InlineData("/v0.4/services")]
    public async Task Services_are_taken_and_forgotten(string path)
    {
        RawAnswer answer = await _client.RequestAsync("PUT", path, OneSpan);
        Assert.Equal((200, "OK"), (answer.Status, answer.Body));
        Assert.Equal(200, (await _client.RequestAsync("PUT", "/v0.4/traces", OneSpan)).Status);
    }

    [Theory]
    [InlineData("/v0.1/spans", "application/json", Spans, 200, "OK")]
    [InlineData("/v0.1/spans", null, Spans, 200, "OK")]
    [InlineData("/v0.1/spans", "application/msgpack", Spans, 415, "this endpoint takes JSON")]
    [InlineData("/v0.2/traces", "text/json", Traces, 200, "OK")]
    [InlineData("/v0.2/traces", "application/msgpack; x=y", Traces, 415, "this endpoint takes JSON")]
    [InlineData("/v0.3/traces", "application/json; charset=utf-8", Traces, 200, Rates)]
    [InlineData("/v0.4/traces", "APPLICATION/JSON", Traces, 200, Rates)]
    [InlineData("/v0.4/traces", "text/json", Traces, 200, Rates)]
    [InlineData("/v0.4/traces", null, "\n" + Traces, 200, Rates)]
    [InlineData("/v0.4/traces", "application/msgpack", Traces, 400, "cannot decode traces: value of an unexpected type at byte 0")]
    [InlineData("/v0.4/traces", "text/plain", Traces, 400, "cannot decode traces: value of an unexpected type at byte 0")]
    [InlineData("/v0.4/traces", "application/json", "[[{\"name\":1e3}]]", 400, "cannot decode traces: value of an unexpected type at byte 10")]
    [InlineData("/v0.4/traces", "application/json", "[[{}]", 400, "cannot decode traces: invalid JSON at byte 5")]
    [InlineData("/v0.5/traces", "application/json", Traces, 400, "cannot decode traces: value of an unexpected type at byte 0")]
    public async Task JSON(string path, string? type, string body, int status, string answered)
    {
        string[] headers = type is null ? [] : [$"Content-Type: {type}"];
        RawAnswer answer = await _client.RequestAsync("POST", path, Encoding.UTF8.GetBytes(body), headers);
        Assert.Equal((status, answered), (answer.Status, answer.Body));
        Assert.Equal(status == 200 ? 1 : 0, _traces.Counters.Accepted);
        await _server.Budget.AssertFreeAsync();
    }

    [Fact]
    public async Task JSON_counts_against_the_memory_of_all_requests_while_it_is_converted()
    {
        byte[] json = Encoding.UTF8.GetBytes(Traces);
        Assert.True(_server.Budget.TryTake(64 * 1024 * 1024 - json.Length - JsonTraces.MostBytes(json.Length) + 1));
        RawAnswer answer = await _client.RequestAsync("POST", "/v0.4/traces", json, "Content-Type: application/json");
        Assert.Equal((429, "1"), (answer.Status, answer.Headers["Retry-After"]));
    }

    /// <summary>Rates never change: a client that names their version need not read them again.</summary>
    [Theory]
    [InlineData(null, Rates, null)]
    [InlineData("", Rates, "1")]
    [InlineData("0", Rates, "1")]
    [InlineData("1", "{}", "1")]
    public async Task Rates_that_a_client_has_are_not_sent_again(string? known, string body, string? version)
    {
        string[] headers = known is null ? [] : [$"Datadog-Rates-Payload-Version: {known}"];
        RawAnswer answer = await _client.RequestAsync("PUT", "/v0.4/traces", OneSpan, headers);
        Assert.Equal((200, body, version), (answer.Status, answer.Body, answer.Headers.GetValueOrDefault("Datadog-Rates-Payload-Version")));
    }

    [Theory]
    [InlineData("cross-site", 403)]
    [InlineData("same-origin", 200)]
    [InlineData("none", 200)]
    public async Task Pages_of_other_sites_are_refused(string site, int status) =>
        Assert.Equal(status, (await _client.RequestAsync("PUT", "/v0.4/traces", OneSpan, $"Sec-Fetch-Site: {site}")).Status);

    [Fact]
    public async Task The_state_is_the_hash_of_the_info_that_is_served()
    {
        RawAnswer info = await _client.RequestAsync("GET", "/info");
        string hash = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(info.Body)));
        Assert.Equal(hash, (await _client.RequestAsync("PUT", "/v0.4/traces", OneSpan)).Headers["Datadog-Agent-State"]);
    }

    public static TheoryData<string, byte[], int, int> Bodies => new()
    {
        { "", [0x90], 200, 0 }, // 07, 5: the empty array that .NET probes with
        { "Content-Encoding: gzip", RawHttp.GZip(OneSpan), 200, 1 }, // 1.4, M
        { "X-Datadog-Trace-Count: 500", OneSpan, 200, 1 }, // never validated
        { "", [], 400, 0 },
        { "", OneSpan[..^1], 400, 0 },
        { "", "not msgpack"u8.ToArray(), 400, 0 },
        { "Content-Encoding: gzip", OneSpan, 400, 0 },
        { "", new byte[LimitBytes + 1], 413, 0 },
        { "Content-Encoding: gzip", RawHttp.GZip(new byte[LimitBytes + 1]), 413, 0 },
    };

    [Theory]
    [MemberData(nameof(Bodies), DisableDiscoveryEnumeration = true)]
    public async Task Trace_bodies(string header, byte[] body, int status, int spans)
    {
        RawAnswer answer = await _client.RequestAsync("PUT", "/v0.4/traces", body, header.Length > 0 ? [header] : []);
        Assert.Equal(status, answer.Status);
        Assert.Equal(spans, _traces.Counters.Accepted);
        Assert.Equal(200, (await _client.RequestAsync("PUT", "/v0.4/traces", OneSpan)).Status);
    }

    /// <summary>Chunked, one byte per segment.</summary>
    [Fact]
    public async Task A_body_may_come_in_any_pieces()
    {
        await _client.SendAsync("PUT /v0.4/traces HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
        foreach (byte b in OneSpan)
        {
            await _client.SendAsync("1\r\n", [b]);
            await _client.SendAsync("\r\n");
        }

        await _client.SendAsync("0\r\n\r\n");
        Assert.Equal(200, (await _client.ReadAsync()).Status);
        Assert.Equal(1, _traces.Counters.Accepted);
    }

    [Theory]
    [InlineData("POST", "/dogstatsd/v1/proxy", 200)]
    [InlineData("POST", "/dogstatsd/v2/proxy", 200)]
    [InlineData("PUT", "/dogstatsd/v2/proxy", 200)]
    [InlineData("GET", "/dogstatsd/v2/proxy", 405)]
    [InlineData("POST", "/dogstatsd/v3/proxy", 404)]
    public async Task DogStatsD_over_HTTP(string method, string path, int status)
    {
        RawAnswer answer = await _client.RequestAsync(method, path, Encoding.UTF8.GetBytes("a:1|c\nnonsense\nb:2|g|#x:y\n"));
        Assert.Equal((status, status == 200 ? 2 : 0), (answer.Status, _metrics.Counters.Accepted));
    }
}
