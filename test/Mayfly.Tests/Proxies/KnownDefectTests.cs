using Mayfly.Config;
using Mayfly.Delivery;
using Mayfly.Diagnostics;
using Mayfly.Proxies;
using Mayfly.Tags;
using Mayfly.Tests.Http;
using Mayfly.Tests.Platforms.Lambda;
using Xunit;

namespace Mayfly.Tests.Proxies;

/// <summary>docs/spec/03-traces.md#9-known-defects-and-missing-features-of-the-references: what concerns proxied requests, and that it does not happen here.</summary>
public class KnownDefectTests
{
    [Fact]
    public async Task D01_A_request_larger_than_the_buffer_does_not_stand_in_the_way()
    {
        await using ProxyRig rig = await ProxyRig.StartSmallAsync(10_000);
        await rig.SendAsync("POST", "/profiling/v1/input", new byte[50_000]);
        Assert.Equal(new FlushReport(1, 0, 0), await rig.FlushAsync());
        await rig.SendAsync("POST", "/profiling/v1/input", [1]);
        Assert.Equal(new FlushReport(1, 0, 0), await rig.FlushAsync());
    }

    [Fact]
    public async Task D02_What_the_intake_refused_is_not_counted_as_sent()
    {
        await using ProxyRig rig = await ProxyRig.StartAsync();
        rig.Intake.Answer = static _ => "HTTP/1.1 403 x\r\nContent-Length: 0\r\n\r\n";
        await rig.SendAsync("POST", "/profiling/v1/input", [1]);
        Assert.Equal(new FlushReport(0, 1, 0), await rig.FlushAsync());
        Assert.Equal((0, 1), (rig.Counts.Delivered, rig.Counts.DroppedFor(DropReason.Rejected)));
    }

    /// <summary>One failure neither sends twice what arrived nor makes what is new wait.</summary>
    [Fact]
    public async Task D03_Only_what_failed_is_sent_again_and_nothing_waits_for_it()
    {
        await using ProxyRig rig = await ProxyRig.StartAsync();
        rig.Intake.Answer = static request => $"HTTP/1.1 {(request.Text == "bad" ? 503 : 202)} x\r\nContent-Length: 0\r\n\r\n";
        await rig.SendAsync("POST", "/profiling/v1/input", "good"u8.ToArray());
        await rig.SendAsync("POST", "/profiling/v1/input", "bad"u8.ToArray());
        Assert.Equal(new FlushReport(1, 0, 1), await rig.FlushAsync());
        await rig.SendAsync("POST", "/profiling/v1/input", "fresh"u8.ToArray());
        rig.Time.Jump(TimeSpan.FromSeconds(3));
        FlushReport second = await rig.FlushAsync();
        rig.Time.Jump(TimeSpan.FromSeconds(3));
        Assert.Equal(new FlushReport(1, 1, 0), second + await rig.FlushAsync());
        Assert.Equal(["good", "bad", "fresh", "bad"], rig.Intake.Requests.Select(static request => request.Text));
    }

    [Fact]
    public async Task D04_What_was_accepted_last_leaves_with_the_last_flush()
    {
        await using var intake = new RecordingIntake();
        await using AgentRig rig = await AgentRig.StartAsync(null, (Keys.ProfilingUrl, intake.Url));
        await rig.Platform.NextAskedAsync(1);
        Assert.Equal(200, (await rig.PostAsync(rig.Settings.Listeners.TracePort, "/profiling/v1/input", "profile")).Status);
        rig.Platform.Shutdown();
        Assert.Equal(0, await rig.EndAsync());
        WireRequest request = Assert.Single(intake.Requests);
        Assert.Equal(("/api/v2/profile", "profile"), (request.Target, request.Text));
        Assert.Contains("functionname:my-fn", request.Headers["X-Datadog-Additional-Tags"], StringComparison.Ordinal);
        Assert.EndsWith(",_dd.origin:lambda", request.Headers["X-Datadog-Additional-Tags"], StringComparison.Ordinal);
        Assert.Equal(1, rig.Agent.Counters[Signal.Proxied].Delivered);
    }

    [Theory]
    [InlineData("/evp_proxy/v2/api/v2/llmobs", 5 * 1024 * 1024)]
    [InlineData("/profiling/v1/input", 20 * 1024 * 1024)]
    public async Task D06_Batches_of_LLM_observability_and_large_profiles_pass(string path, int sizeBytes)
    {
        await using ProxyRig rig = await ProxyRig.StartAsync();
        byte[] body = new byte[sizeBytes];
        new Random(6).NextBytes(body);
        Assert.Equal(200, (await rig.SendChunkedAsync("POST", path, body, "X-Datadog-EVP-Subdomain: llmobs-intake")).Status);
        Assert.Equal(new FlushReport(1, 0, 0), await rig.FlushAsync());
        Assert.True(body.AsSpan().SequenceEqual(Assert.Single(rig.Intake.Requests).Body));
    }

    [Fact]
    public async Task D06_Queries_are_kept_and_tags_of_the_client_stay()
    {
        await using ProxyRig rig = await ProxyRig.StartAsync();
        await rig.SendAsync("POST", "/debugger/v1/input?ddtags=a:b&c=d", [1]);
        await rig.SendAsync("POST", "/telemetry/proxy/api/v2/apmtelemetry?api-version=2", [1], "X-Datadog-Additional-Tags: client:tag");
        await rig.FlushAsync();
        Assert.Equal(["c=d&ddtags=functionname:my-fn,env:dev,_dd.origin:lambda,a:b", "api-version=2"], rig.Intake.Requests.Select(static request => request.Query));
        Assert.StartsWith("client:tag,", rig.Intake.Requests[1].Headers["X-Datadog-Additional-Tags"], StringComparison.Ordinal);
    }

    /// <summary>The old Go extension put the tags of the function right behind the client's last one.</summary>
    [Fact]
    public void D20_Tags_are_separated() =>
        Assert.Equal("a:b,functionname:f,_dd.origin:lambda", new ProxyTags(TagSet.Empty.With("functionname", "f"), "lambda").Merge("a:b"));

    [Theory]
    [InlineData("us3.datadoghq.com")]
    [InlineData("us5.datadoghq.com")]
    [InlineData("ap1.datadoghq.com")]
    [InlineData("datadoghq.eu")]
    public async Task D20_Flares_have_a_host_at_every_site(string site)
    {
        await using ProxyRig rig = await ProxyRig.StartAtSiteAsync((Keys.Site, site));
        Assert.Equal($"7-99-0-flare.{site}", rig.Settings.Proxies.FlareOf("7.99.0").Host);
    }

    [Fact]
    public async Task D21_What_tracers_look_for_is_there_and_in_info()
    {
        await using AgentRig rig = await AgentRig.StartAsync();
        await rig.Platform.NextAskedAsync(1);
        using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{rig.Settings.Listeners.TracePort}") };
        client.DefaultRequestHeaders.Add("X-Datadog-EVP-Subdomain", "x");
        string info = await client.GetStringAsync("/info");
        foreach (string path in new[]
        {
            "/v0.1/pipeline_stats", "/profiling/v1/input", "/telemetry/proxy/", "/evp_proxy/v1/", "/evp_proxy/v2/", "/evp_proxy/v3/", "/evp_proxy/v4/", "/debugger/v1/input",
            "/debugger/v1/diagnostics", "/debugger/v2/input", "/symdb/v1/input", "/tracer_flare/v1", "/openlineage/api/v1/lineage",
        })
        {
            Assert.Contains($"\"{path}\"", info, StringComparison.Ordinal);
            string call = path[^1] == '/' ? path + "x" : path;
            using HttpResponseMessage answer = await client.PostAsync(call, new ByteArrayContent([1]));
            Assert.True(answer.IsSuccessStatusCode, $"{call}: {answer.StatusCode}");
        }

        Assert.Equal(System.Net.HttpStatusCode.NotFound, (await client.PostAsync("/v0.7/config", null)).StatusCode);
        rig.Platform.Shutdown();
        Assert.Equal(0, await rig.EndAsync());
        rig.AssertSums();
    }

    [Fact]
    public async Task D28_The_queue_is_bounded_answers_429_and_says_what_it_drops()
    {
        await using ProxyRig rig = await ProxyRig.StartSmallAsync(100_000);
        int refused = 0;
        for (int i = 0; i < 50; i++)
        {
            refused += (await rig.SendAsync("POST", "/telemetry/proxy/x", new byte[4000])).Status == 429 ? 1 : 0;
        }

        Assert.InRange(refused, 10, 49);
        Assert.Equal((50, refused, 50 - refused), (rig.Counts.Accepted, rig.Counts.DroppedFor(DropReason.BufferFull), rig.Counts.Buffered));
        Assert.InRange(rig.Buffer.WaitingBytes, 1, 100_000);
    }

    /// <summary>docs/spec/06-compat-and-init.md#g-known-defects, 16: the first upload gets no answer before the others are there.</summary>
    [Fact]
    public async Task G16_One_slow_upload_holds_up_no_other()
    {
        await using ProxyRig rig = await ProxyRig.StartAsync();
        rig.Intake.Answer = request => request.Body[0] == 1 ? null : "HTTP/1.1 202 x\r\nContent-Length: 2\r\n\r\n{}";
        for (byte i = 1; i <= 4; i++)
        {
            await rig.SendAsync("POST", "/profiling/v1/input", [i, .. new byte[i < 4 ? 100_000 : 10]]);
        }

        Task<FlushReport> flush = rig.FlushAsync(seconds: 5);
        await rig.Intake.RequestAsync(4);
        Assert.Equal([1, 2, 3, 4], rig.Intake.Requests.Select(static request => (int)request.Body[0]).Order());
        Assert.False(flush.IsCompleted);
        Assert.Equal(3, (await flush).Delivered);
    }
}
