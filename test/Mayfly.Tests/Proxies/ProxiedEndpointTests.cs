using System.Text;
using Mayfly.Config;
using Mayfly.Delivery;
using Mayfly.Intake;
using Mayfly.Tests.Http;
using Xunit;

namespace Mayfly.Tests.Proxies;

/// <summary>docs/spec/03-traces.md 1.2, 1.3 and 1.7, endpoints with a fixed intake: real bytes in, what an intake gets out.</summary>
public class ProxiedEndpointTests
{
    private const string Tags = "ddtags=functionname:my-fn,env:dev,_dd.origin:lambda";

    /// <summary>Row, what the client calls, what the intake is called, the name in the answer.</summary>
    public static TheoryData<string, string, string, string> Rows => new()
    {
        { "1.7 data streams", "POST /v0.1/pipeline_stats", "/api/v0.1/pipeline_stats", "data streams" },
        { "1.7 data streams, PUT", "PUT /v0.1/pipeline_stats?a=%20b", "/api/v0.1/pipeline_stats?a=%20b", "data streams" },
        { "1.7 profiling", "POST /profiling/v1/input", "/api/v2/profile", "profiling" },
        { "1.7 profiling, PUT", "PUT /profiling/v1/input?x=1&y=%2f", "/api/v2/profile?x=1&y=%2f", "profiling" },
        { "1.7 telemetry", "POST /telemetry/proxy/api/v2/apmtelemetry", "/api/v2/apmtelemetry", "telemetry" },
        { "1.7 telemetry, any path", "POST /telemetry/proxy/a//b/%2e%2e/c.d?e", "/a//b/%2e%2e/c.d?e", "telemetry" },
        { "1.7 debugger logs", "POST /debugger/v1/input", "/api/v2/logs?" + Tags, "debugger" },
        { "1.7 debugger logs, tags in the query", "POST /debugger/v1/input?a=%41&ddtags=x%3Ay%2Cz:1&b", "/api/v2/logs?a=%41&b&" + Tags + ",x:y,z:1", "debugger" },
        { "1.7 debugger diagnostics", "POST /debugger/v1/diagnostics", "/api/v2/debugger?" + Tags, "debugger" },
        { "1.7 debugger v2", "POST /debugger/v2/input", "/api/v2/debugger?" + Tags, "debugger" },
        { "1.7 symdb", "POST /symdb/v1/input?q=1", "/api/v2/debugger?q=1", "symbol database" },
        { "1.7 openlineage", "POST /openlineage/api/v1/lineage", "/api/v1/lineage?api-version=2", "OpenLineage" },
        { "1.7 openlineage, a query", "POST /openlineage/api/v1/lineage?a=b&api-version=7", "/api/v1/lineage?a=b&api-version=2", "OpenLineage" },
        { "1.8 LLM observability", "POST /evp_proxy/v2/api/v2/llmobs", "/api/v2/llmobs", "EVP" },
        { "1.8 CI visibility", "POST /evp_proxy/v4/api/v2/citestcycle?a=b", "/api/v2/citestcycle?a=b", "EVP" },
        { "1.8 OpenFeature", "POST /evp_proxy/v4/api/v2/exposures", "/api/v2/exposures", "EVP" },
        { "1.8 crash tracker", "POST /evp_proxy/v4/api/v2/errorsintake", "/api/v2/errorsintake", "EVP" },
        { "1.2 EVP v1", "PUT /evp_proxy/v1/a/b", "/a/b", "EVP" },
        { "1.2 EVP v3", "POST /evp_proxy/v3/a+b_-", "/a+b_-", "EVP" },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task Is_answered_from_memory_and_passed_on_by_a_flush(string row, string call, string target, string name)
    {
        await using ProxyRig rig = await ProxyRig.StartAsync();
        string[] start = call.Split(' ');
        byte[] body = [0, 1, 2, 0xff, .. Encoding.UTF8.GetBytes(row)];
        string[] headers = ["Content-Type: multipart/form-data; boundary=\"x y\"", "Content-Encoding: gzip", "X-Datadog-EVP-Subdomain: llmobs-intake", "DD-API-KEY: forged"];
        RawAnswer known = await rig.SendAsync(start[0], start[1], body, headers);
        RawAnswer chunked = await rig.SendChunkedAsync(start[0], start[1], body, headers);
        string expected = $$"""{"message":"Successfully buffered {{name}} request to be flushed"}""";
        Assert.Equal((row, 200, expected), (row, known.Status, known.Body));
        Assert.Equal((row, 200, expected), (row, chunked.Status, chunked.Body));
        Assert.Equal("application/json", known.Headers["Content-Type"]);
        Assert.Empty(rig.Intake.Requests);
        await rig.Budget.AssertFreeAsync();

        Assert.Equal(new FlushReport(2, 0, 0), await rig.FlushAsync());
        Assert.All(rig.Intake.Requests, request =>
        {
            Assert.Equal((row, start[0], target), (row, request.Method, request.Target));
            Assert.Equal(body, request.Body);
            Assert.Equal(("multipart/form-data; boundary=\"x y\"", "gzip"), (request.Headers["Content-Type"], request.Headers["Content-Encoding"]));
            Assert.Equal("trace-agent 7.99.0", request.Headers["Via"]);
            Assert.Equal(name == "OpenLineage" ? $"Bearer {ProxyRig.Key}" : ProxyRig.Key, request.Headers[name == "OpenLineage" ? "Authorization" : "DD-API-KEY"]);
            Assert.False(name == "OpenLineage" && request.Headers.ContainsKey("DD-API-KEY"));
        });
        Assert.Equal((2, 2, 0, 0), (rig.Counts.Accepted, rig.Counts.Delivered, rig.Counts.Buffered, rig.Counts.DroppedInAll));
    }

    /// <summary>Row, path, method, whether it is served (1.2).</summary>
    public static TheoryData<string, string, bool> Methods => new()
    {
        { "/v0.1/pipeline_stats", "POST PUT", true },
        { "/v0.1/pipeline_stats", "GET DELETE PATCH", false },
        { "/profiling/v1/input", "POST PUT", true },
        { "/profiling/v1/input", "GET", false },
        { "/telemetry/proxy/x", "POST PUT", true },
        { "/telemetry/proxy/x", "GET", false },
        { "/debugger/v1/input", "POST", true },
        { "/debugger/v1/input", "PUT GET", false },
        { "/debugger/v1/diagnostics", "POST", true },
        { "/debugger/v1/diagnostics", "PUT", false },
        { "/debugger/v2/input", "POST", true },
        { "/debugger/v2/input", "PUT", false },
        { "/symdb/v1/input", "POST", true },
        { "/symdb/v1/input", "PUT", false },
        { "/openlineage/api/v1/lineage", "POST", true },
        { "/openlineage/api/v1/lineage", "PUT", false },
        { "/tracer_flare/v1", "PUT GET", false },
    };

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task Serves_the_methods_of_the_matrix(string path, string methods, bool isServed)
    {
        await using ProxyRig rig = await ProxyRig.StartAsync();
        foreach (string method in methods.Split(' '))
        {
            Assert.Equal((method, isServed ? 200 : 405), (method, (await rig.SendAsync(method, path, [])).Status));
        }
    }

    [Theory]
    [InlineData("/telemetry/proxy")]
    [InlineData("/evp_proxy/v5/x")]
    [InlineData("/evp_proxy/v2")]
    [InlineData("/profiling/v1/input/")]
    [InlineData("/debugger/v2/diagnostics")]
    [InlineData("/telemetry%2Fproxy/x")]
    public async Task Other_paths_are_404(string path)
    {
        await using ProxyRig rig = await ProxyRig.StartAsync();
        Assert.Equal(404, (await rig.SendAsync("POST", path, [], "X-Datadog-EVP-Subdomain: x")).Status);
    }

    /// <summary>Row, path, limit in bytes (1.3).</summary>
    public static TheoryData<string, string, int> Limits => new()
    {
        { "1.3 profiling", "/profiling/v1/input", 50 * 1024 * 1024 },
        { "1.3 EVP", "/evp_proxy/v2/x", 10 * 1024 * 1024 },
        { "1.3 EVP, answered", "/evp_proxy/v2/api", 10 * 1024 * 1024 },
        { "1.3 DSM", "/v0.1/pipeline_stats", 25 * 1024 * 1024 },
        { "1.3 debugger", "/debugger/v1/input", 25 * 1024 * 1024 },
        { "1.3 symdb", "/symdb/v1/input", 25 * 1024 * 1024 },
        { "1.3 telemetry", "/telemetry/proxy/x", 25 * 1024 * 1024 },
    };

    [Theory]
    [MemberData(nameof(Limits))]
    public async Task A_larger_body_is_413_however_it_is_sent(string row, string path, int limit)
    {
        await using ProxyRig rig = await ProxyRig.StartAsync();
        string subdomain = $"X-Datadog-EVP-Subdomain: {(path.EndsWith("api", StringComparison.Ordinal) ? "api" : "x")}";
        RawAnswer known = await rig.SendAsync("POST", path, new byte[limit + 1], subdomain);
        RawAnswer chunked = await rig.SendChunkedAsync("POST", path, new byte[limit + 1], subdomain);
        Assert.Equal((row, 413, 413), (row, known.Status, chunked.Status));
        Assert.Equal((0, 0), (rig.Counts.Accepted, rig.Buffer.WaitingBytes));
        await rig.Budget.AssertFreeAsync();
        Assert.NotEqual(413, (await rig.SendAsync("POST", path, new byte[limit], subdomain)).Status);
    }

    [Fact]
    public async Task What_belongs_to_the_connection_stays_here_and_everything_else_goes_on()
    {
        await using ProxyRig rig = await ProxyRig.StartAsync();
        RawAnswer answer = await rig.SendAsync(
            "POST", "/profiling/v1/input", [1],
            "Connection: X-Mine, TE", "X-Mine: 1", "Keep-Alive: timeout=5", "Proxy-Authorization: secret", "Proxy-Connection: keep-alive", "TE: trailers",
            "Upgrade: h2c", "Via: client", "dd-api-key: forged", "DD-EVP-ORIGIN: dd-trace-js", "X-Two: a", "X-Two: b", "X-Bytes: \u00e2\u0082\u00ac", "Cookie: a=b; c=d",
            "Datadog-Container-ID: cid");
        Assert.Equal(200, answer.Status);
        await rig.FlushAsync();
        WireRequest request = Assert.Single(rig.Intake.Requests);
        Assert.Equal(
            ["Content-Length", "Cookie", "Datadog-Container-ID", "DD-API-KEY", "DD-EVP-ORIGIN", "Host", "Via", "X-Bytes", "X-Datadog-Additional-Tags", "X-Two"],
            request.Headers.Keys.Order(StringComparer.OrdinalIgnoreCase));
        Assert.Equal(
            ("trace-agent 7.99.0", ProxyRig.Key, "\u00e2\u0082\u00ac", "a, b", "a=b; c=d"),
            (request.Headers["Via"], request.Headers["DD-API-KEY"], request.Headers["X-Bytes"], request.Headers["X-Two"], request.Headers["Cookie"]));
        Assert.Equal(rig.Intake.Url["http://".Length..], request.Headers["Host"]);
    }

    /// <summary>Row, path, the client's tags, what the intake gets (1.7, M: merged like MA everywhere).</summary>
    public static TheoryData<string, string, string, string> Merged => new()
    {
        { "none", "/profiling/v1/input", "", ProxyRig.Tags },
        { "a client's", "/profiling/v1/input", "a:b", "a:b," + ProxyRig.Tags },
        { "both separators, blanks, empty ones, twice", "/profiling/v1/input", " a:b ; c:d,,a:b;", "a:b,c:d," + ProxyRig.Tags },
        { "one of ours", "/v0.1/pipeline_stats", "env:dev", "env:dev,functionname:my-fn,_dd.origin:lambda" },
        { "another value of ours", "/openlineage/api/v1/lineage", "env:prod", "env:prod," + ProxyRig.Tags },
        { "telemetry", "/telemetry/proxy/x", "a:b", "a:b," + ProxyRig.Tags },
        { "symdb", "/symdb/v1/input", "a:b", "a:b," + ProxyRig.Tags },
        { "EVP", "/evp_proxy/v2/x", "a:b", "a:b," + ProxyRig.Tags },
        { "debugger: as the client said", "/debugger/v1/input", "a:b;c", "a:b;c" },
    };

    [Theory]
    [MemberData(nameof(Merged))]
    public async Task Tags_of_the_client_are_added_to(string row, string path, string tags, string expected)
    {
        await using ProxyRig rig = await ProxyRig.StartAsync();
        string[] headers = tags.Length == 0 ? [] : [$"X-Datadog-Additional-Tags: {tags}"];
        Assert.Equal(200, (await rig.SendAsync("POST", path, [], ["X-Datadog-EVP-Subdomain: x", .. headers])).Status);
        await rig.FlushAsync();
        Assert.Equal((row, expected), (row, Assert.Single(rig.Intake.Requests).Headers["X-Datadog-Additional-Tags"]));
    }

    [Theory]
    [InlineData("/debugger/v1/input", "agent-debugger")]
    [InlineData("/debugger/v1/diagnostics", "agent-debugger")]
    [InlineData("/debugger/v2/input", "agent-debugger")]
    [InlineData("/symdb/v1/input", "agent-symdb")]
    public async Task The_debugger_is_told_who_passes_on(string path, string origin)
    {
        await using ProxyRig rig = await ProxyRig.StartAsync();
        await rig.SendAsync("POST", path, [1], "DD-EVP-ORIGIN: client", "DD-REQUEST-ID: client");
        await rig.SendAsync("POST", path, [1]);
        await rig.FlushAsync();
        Assert.All(rig.Intake.Requests, request => Assert.Equal(origin, request.Headers["DD-EVP-ORIGIN"]));
        Assert.Equal(2, rig.Intake.Requests.Select(static request => Guid.Parse(request.Headers["DD-REQUEST-ID"])).Distinct().Count());
    }

    [Fact]
    public async Task Telemetry_is_told_the_agents_environment_and_no_user_agent_is_made_up()
    {
        await using ProxyRig rig = await ProxyRig.StartAsync();
        await rig.SendAsync("POST", "/telemetry/proxy/api/v2/apmtelemetry", [1], "DD-Agent-Env: client", "User-Agent: tracer/1");
        await rig.SendAsync("POST", "/telemetry/proxy/api/v2/apmtelemetry", [1]);
        await rig.FlushAsync();
        Assert.Equal(["dev", "dev"], rig.Intake.Requests.Select(static request => request.Headers["DD-Agent-Env"]));
        Assert.Equal("tracer/1", rig.Intake.Requests[0].Headers["User-Agent"]);
        Assert.False(rig.Intake.Requests[1].Headers.ContainsKey("User-Agent"));
    }

    /// <summary>1.7: the tags of function, header and query, cut at 4001.</summary>
    [Theory]
    [InlineData("a", 4001)]
    [InlineData("€", 4000)]
    public async Task Tags_of_the_debugger_have_a_bound(string letter, int expected)
    {
        await using ProxyRig rig = await ProxyRig.StartAsync();
        string many = string.Concat(Enumerable.Repeat(letter, 5000));
        string header = Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(many));
        await rig.SendAsync("POST", "/debugger/v1/input?ddtags=q:1&ddtags=second&x=y", [1], "X-Datadog-Additional-Tags: h" + header);
        await rig.SendAsync("POST", "/debugger/v1/input?x=y&ddtags=q:1%20+z", [1], "X-Datadog-Additional-Tags: h:1", "X-Datadog-Additional-Tags: h:2");
        await rig.FlushAsync();
        string[] queries = [.. rig.Intake.Requests.Select(static request => request.Query)];
        Assert.StartsWith("x=y&" + Tags + ",h", queries[0], StringComparison.Ordinal);
        string tags = Uri.UnescapeDataString(queries[0][("x=y&ddtags=".Length)..]);
        Assert.Equal(expected, Encoding.UTF8.GetByteCount(tags));
        Assert.DoesNotContain('\ufffd', tags);
        Assert.Equal("x=y&" + Tags + ",h:1,h:2,q:1%20%20z", queries[1]);
    }

    /// <summary>Row, path, the URL at a site (1.7, column Upstream URL).</summary>
    public static TheoryData<string, string> AtSite => new()
    {
        { "/v0.1/pipeline_stats", "https://trace.agent.us3.datadoghq.com/api/v0.1/pipeline_stats" },
        { "/profiling/v1/input?a=b", "https://intake.profile.us3.datadoghq.com/api/v2/profile?a=b" },
        { "/telemetry/proxy/api/v2/apmtelemetry", "https://instrumentation-telemetry-intake.us3.datadoghq.com/api/v2/apmtelemetry" },
        { "/debugger/v1/input", "https://http-intake.logs.us3.datadoghq.com/api/v2/logs?" + Tags },
        { "/debugger/v1/diagnostics", "https://debugger-intake.us3.datadoghq.com/api/v2/debugger?" + Tags },
        { "/debugger/v2/input", "https://debugger-intake.us3.datadoghq.com/api/v2/debugger?" + Tags },
        { "/symdb/v1/input", "https://debugger-intake.us3.datadoghq.com/api/v2/debugger" },
        { "/openlineage/api/v1/lineage", "https://data-obs-intake.us3.datadoghq.com/api/v1/lineage?api-version=2" },
        { "/evp_proxy/v2/api/v2/llmobs?a=b", "https://llmobs-intake.us3.datadoghq.com/api/v2/llmobs?a=b" },
    };

    [Theory]
    [MemberData(nameof(AtSite))]
    public async Task Goes_to_the_site(string path, string url)
    {
        await using ProxyRig rig = await ProxyRig.StartAtSiteAsync((Keys.Site, "us3.datadoghq.com"));
        Assert.Equal(200, (await rig.SendAsync("POST", path, [1], "X-Datadog-EVP-Subdomain: llmobs-intake")).Status);
        ForwardedRequest request = Assert.Single(rig.Take());
        Assert.Equal(url, $"{request.Url.Scheme}://{request.Url.Authority}{request.Url.PathAndQuery}");
    }

    [Theory]
    [InlineData(Keys.TelemetryProxyEnabled, "/telemetry/proxy/x", "/telemetry/proxy/")]
    [InlineData(Keys.LineageEnabled, "/openlineage/api/v1/lineage", "/openlineage/api/v1/lineage")]
    [InlineData(Keys.EvpEnabled, "/evp_proxy/v4/x", "/evp_proxy/v4/")]
    public async Task What_is_switched_off_is_405_and_not_advertised(string key, string path, string advertised)
    {
        await using ProxyRig rig = await ProxyRig.StartAsync((key, "false"));
        Assert.Equal(405, (await rig.SendAsync("POST", path, [1], "X-Datadog-EVP-Subdomain: x")).Status);
        Assert.False(rig.Table.Serves(advertised));
        Assert.True(rig.Table.Serves("/profiling/v1/input"));
    }

    /// <summary>A client's body that breaks off, and bytes that are no request: their own affair.</summary>
    [Fact]
    public async Task A_body_that_breaks_off_costs_itself()
    {
        await using ProxyRig rig = await ProxyRig.StartAsync();
        using (var client = new RawHttp(rig.Port))
        {
            await client.SendAsync("POST /profiling/v1/input HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n");
            Assert.Equal(400, (await client.ReadAsync()).Status);
        }

        using (var client = new RawHttp(rig.Port))
        {
            await client.SendAsync("POST /profiling/v1/input HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n", [1, 2, 3]);
            client.FinishSending();
            Assert.True(await client.IsClosedAsync());
        }

        Assert.Equal((0, 0L), (rig.Counts.Accepted, rig.Buffer.WaitingBytes));
        await rig.Budget.AssertFreeAsync();
    }
}
