using System.Diagnostics;
using Mayfly.Config;
using Mayfly.Delivery;
using Mayfly.Tests.Http;
using Xunit;

namespace Mayfly.Tests.Proxies;

/// <summary>docs/spec/03-traces.md section 8, …_ADDITIONAL_ENDPOINTS: a copy for each key, which delays and fails nothing.</summary>
public class CopyTests
{
    /// <summary>Variable, what the client calls, what the other intake is called.</summary>
    public static TheoryData<string, string, string> Variables => new()
    {
        { Keys.AdditionalTraces, "/v0.1/pipeline_stats?a=b", "/api/v0.1/pipeline_stats?a=b" },
        { Keys.AdditionalProfiling, "/profiling/v1/input?a=b", "/api/v2/profile?a=b" },
        { Keys.AdditionalTelemetryProxy, "/telemetry/proxy/a/b?c", "/a/b?c" },
        { Keys.AdditionalDebugger, "/debugger/v1/input?a=b", "/api/v2/logs?a=b&ddtags=functionname:my-fn,env:dev,_dd.origin:lambda" },
        { Keys.AdditionalDiagnostics, "/debugger/v1/diagnostics", "/api/v2/debugger?ddtags=functionname:my-fn,env:dev,_dd.origin:lambda" },
        { Keys.AdditionalDiagnostics, "/debugger/v2/input", "/api/v2/debugger?ddtags=functionname:my-fn,env:dev,_dd.origin:lambda" },
        { Keys.AdditionalSymbols, "/symdb/v1/input", "/api/v2/debugger" },
        { Keys.AdditionalLineage, "/openlineage/api/v1/lineage", "/api/v1/lineage?api-version=2" },
        { Keys.AdditionalEvp, "/evp_proxy/v2/api/v2/llmobs?a=b", "/api/v2/llmobs?a=b" },
    };

    [Theory]
    [MemberData(nameof(Variables))]
    public async Task Each_key_gets_a_copy(string variable, string call, string target)
    {
        await using var other = new RecordingIntake();
        await using ProxyRig rig = await ProxyRig.StartAsync((variable, $$"""{"{{other.Url}}":["key-1","key-2"]}"""));
        byte[] body = [1, 2, 3];
        Assert.Equal(200, (await rig.SendAsync("POST", call, body, "X-Datadog-EVP-Subdomain: llmobs-intake", "Content-Encoding: gzip")).Status);
        Assert.Equal(new FlushReport(1, 0, 0), await rig.FlushAsync());
        WireRequest main = Assert.Single(rig.Intake.Requests);
        Assert.Equal(2, other.Requests.Count);
        Assert.All(other.Requests, copy =>
        {
            Assert.Equal((main.Method, target), (copy.Method, copy.Target));
            Assert.Equal(body, copy.Body);
            Assert.Equal(Without(main), Without(copy));
        });
        string header = variable == Keys.AdditionalLineage ? "Authorization" : "DD-API-KEY";
        string prefix = variable == Keys.AdditionalLineage ? "Bearer " : "";
        Assert.Equal([prefix + "key-1", prefix + "key-2"], other.Requests.Select(copy => copy.Headers[header]).Order());
        Assert.Equal((1, 1, 0), (rig.Counts.Accepted, rig.Counts.Delivered, rig.Counts.Buffered));
    }

    /// <summary>Row, what the other intake does: null hangs.</summary>
    public static TheoryData<string, string?> Troubles => new()
    {
        { "hangs", null },
        { "refuses for good", "HTTP/1.1 403 x\r\nContent-Length: 0\r\n\r\n" },
        { "is broken", "HTTP/1.1 500 x\r\nContent-Length: 0\r\n\r\n" },
    };

    [Theory]
    [MemberData(nameof(Troubles))]
    public async Task A_copy_in_trouble_concerns_nobody_else(string row, string? answer)
    {
        await using var other = new RecordingIntake { Answer = _ => answer };
        await using ProxyRig rig = await ProxyRig.StartAsync((Keys.AdditionalProfiling, $$"""{"{{other.Url}}":["key"]}"""), (Keys.AdditionalEvp, $$"""{"{{other.Url}}":["key"]}"""));
        await rig.SendAsync("POST", "/profiling/v1/input", [1]);
        await rig.SendAsync("POST", "/profiling/v1/input", [2]);
        await rig.SendAsync("POST", "/telemetry/proxy/x", [3]);
        Assert.Equal((row, new FlushReport(3, 0, 0)), (row, await rig.FlushAsync(seconds: 4)));
        Assert.Equal(3, rig.Intake.Requests.Count);
        Assert.Equal((3, 3, 0), (rig.Counts.Accepted, rig.Counts.Delivered, rig.Counts.DroppedInAll));
    }

    /// <summary>The client waits for the main intake only; the copy goes with the next flush.</summary>
    [Fact]
    public async Task A_copy_of_an_answered_request_keeps_nobody_waiting()
    {
        await using var other = new RecordingIntake { Answer = static _ => null };
        await using ProxyRig rig = await ProxyRig.StartAsync((Keys.AdditionalEvp, $$"""{"{{other.Url}}":["key"]}"""));
        long start = Stopwatch.GetTimestamp();
        RawAnswer answer = await rig.SendAsync("POST", "/evp_proxy/v4/api/v2/x", [1, 2], "X-Datadog-EVP-Subdomain: api");
        Assert.Equal(202, answer.Status);

        // The copy would be waited for five seconds.
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 0, 4.9);
        Assert.Empty(other.Requests);
        await rig.FlushAsync(seconds: 4);
        WireRequest copy = await other.RequestAsync();
        Assert.Equal(("/api/v2/x", "key", 2), (copy.Target, copy.Headers["DD-API-KEY"], copy.Body.Length));
        Assert.Single(rig.Intake.Requests);
        Assert.Equal((1, 1, 0, 0), (rig.Counts.Accepted, rig.Counts.Delivered, rig.Counts.Buffered, rig.Counts.DroppedInAll));
    }

    /// <summary>GO: the others are sites as well.</summary>
    [Fact]
    public async Task Additional_sites_get_the_subdomain_in_front()
    {
        await using ProxyRig rig = await ProxyRig.StartAtSiteAsync((Keys.AdditionalEvp, """{"datadoghq.eu":["key"]}"""));
        await rig.SendAsync("POST", "/evp_proxy/v2/x?y", [1], "X-Datadog-EVP-Subdomain: llmobs-intake");
        Assert.Equal("https://llmobs-intake.datadoghq.eu/x?y", Assert.Single(Assert.Single(rig.Take()).Copies).Endpoint.Url.OriginalString);
    }

    private static string[] Without(WireRequest request) =>
        [.. request.Headers.Where(static one => one.Key is not ("Host" or "DD-API-KEY" or "Authorization")).Select(static one => $"{one.Key}={one.Value}").Order(StringComparer.Ordinal)];
}
