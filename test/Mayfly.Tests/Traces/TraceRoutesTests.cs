using System.Text;
using Mayfly.Diagnostics;
using Mayfly.Http;
using Mayfly.Metrics;
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

    private static readonly byte[] OneSpan = SampleSpan.V04([new SampleSpan()]);

    private readonly TraceRig _traces = new();
    private readonly MetricRig _metrics = new();
    private ServerRig _server = null!;
    private RawHttp _client = null!;

    public async ValueTask InitializeAsync()
    {
        var table = new RouteTable();
        new TraceRoutes(_traces.Pipeline, new AgentInfo("0", "none", 8126, 8125, LimitBytes), LimitBytes, Log.Silent).AddTo(table);
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

    [Theory]
    [InlineData("POST", "/v0.3/traces", 200)]
    [InlineData("POST", "/v0.4/traces", 200)]
    [InlineData("PUT", "/v0.4/traces", 200)]
    [InlineData("GET", "/v0.4/traces", 405)]
    [InlineData("PUT", "/v0.7/traces", 404)]
    [InlineData("GET", "/info", 200)]
    [InlineData("POST", "/telemetry/proxy/api/v2/apmtelemetry", 404)] // 07, 7.6: unknown paths must be 404
    [InlineData("POST", "/v0.6/stats", 404)]
    public async Task Routes(string method, string path, int status)
    {
        RawAnswer answer = await _client.RequestAsync(method, path, method == "GET" ? null : OneSpan);
        Assert.Equal(status, answer.Status);
        Assert.Equal(status == 200 && method != "GET" ? 1 : 0, _traces.Counters.Accepted);
        if (status == 200)
        {
            Assert.Equal("application/json", answer.Headers["Content-Type"]);
            Assert.Contains(method == "GET" ? "endpoints" : """{"rate_by_service":{"service:,env:":1}}""", answer.Body, StringComparison.Ordinal);
        }
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
    [MemberData(nameof(Bodies))]
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
