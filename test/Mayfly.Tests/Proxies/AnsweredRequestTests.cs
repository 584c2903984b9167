using System.Diagnostics;
using System.Text;
using Mayfly.Config;
using Mayfly.Diagnostics;
using Mayfly.Tests.Http;
using Xunit;

namespace Mayfly.Tests.Proxies;

/// <summary>docs/spec/03-traces.md 1.7, Answer and delivery: requests whose answer the client reads, and what a bad intake does to any.</summary>
public class AnsweredRequestTests
{
    private const string Flare = "/tracer_flare/v1";
    private const string Api = "/evp_proxy/v4/api/v2/x";

    /// <summary>Row, the intake's answer, status, body, what is counted.</summary>
    public static TheoryData<string, string, int, string, string> Answers => new()
    {
        { "a body", "HTTP/1.1 200 OK\r\nContent-Type: text/x\r\nContent-Length: 5\r\n\r\nhello", 200, "hello", "delivered" },
        { "chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", 200, "hello", "delivered" },
        { "until the connection ends", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello", 200, "hello", "delivered" },
        { "nothing", "HTTP/1.1 204 x\r\n\r\n", 204, "", "delivered" },
        { "refused", "HTTP/1.1 403 x\r\nContent-Length: 2\r\n\r\nno", 403, "no", "rejected" },
        { "redirected", "HTTP/1.1 302 x\r\nLocation: http://elsewhere/\r\nContent-Length: 0\r\n\r\n", 302, "", "rejected" },
        { "overloaded", "HTTP/1.1 429 x\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n", 429, "", "unreachable" },
        { "broken", "HTTP/1.1 503 x\r\nContent-Length: 1\r\n\r\nx", 503, "x", "unreachable" },
        { "no HTTP", "nonsense\r\n\r\nConnection: close", 502, "cannot be reached", "unreachable" },
    };

    [Theory]
    [MemberData(nameof(Answers))]
    public async Task The_intakes_answer_is_the_clients(string row, string raw, int status, string body, string counted)
    {
        await using ProxyRig rig = await ProxyRig.StartAsync();
        rig.Intake.Answer = _ => raw;
        using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false });
        foreach (string path in new[] { Flare, Api })
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"http://127.0.0.1:{rig.Port}{path}") { Content = new ByteArrayContent([1, 2, 3]) };
            request.Headers.Add("X-Datadog-EVP-Subdomain", "api");
            using HttpResponseMessage answer = await client.SendAsync(request);
            Assert.Equal((row, status), (row, (int)answer.StatusCode));
            Assert.Contains(body, await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        long[] counts = [rig.Counts.Delivered, rig.Counts.DroppedFor(DropReason.Rejected), rig.Counts.DroppedFor(DropReason.Unreachable)];
        Assert.Equal((2, counted), (rig.Counts.Accepted, counts[0] == 2 ? "delivered" : counts[1] == 2 ? "rejected" : counts[2] == 2 ? "unreachable" : ""));
    }

    [Fact]
    public async Task Headers_of_the_answer_go_back_but_not_those_of_the_connection()
    {
        await using ProxyRig rig = await ProxyRig.StartAsync();
        rig.Intake.Answer = static _ =>
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nETag: \"a\"\r\nKeep-Alive: timeout=1\r\n"
            + "Proxy-Authenticate: x\r\nX-Bytes: \u00e9\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\n{}";
        RawAnswer answer = await rig.SendAsync("POST", Api, [1], "X-Datadog-EVP-Subdomain: api");
        Assert.Equal((200, "{}", "gzip", "\"a\"", "2"), (answer.Status, answer.Body, answer.Headers["Content-Encoding"], answer.Headers["ETag"], answer.Headers["Content-Length"]));
        Assert.Equal("application/json", answer.Headers["Content-Type"]);
        Assert.Empty(answer.Headers.Keys.Intersect(["Keep-Alive", "Proxy-Authenticate", "Upgrade", "X-Bytes"], StringComparer.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task A_flare_goes_to_its_host_as_it_is()
    {
        await using ProxyRig rig = await ProxyRig.StartAsync();
        byte[] body = [.. Encoding.ASCII.GetBytes("--b\r\nContent-Disposition: form-data; name=\"source\"\r\n\r\ntracer_nodejs\r\n--b--\r\n"), 0xff, 0];
        RawAnswer answer = await rig.SendChunkedAsync("POST", Flare, body, "Content-Type: multipart/form-data; boundary=b");
        Assert.Equal((202, "{}"), (answer.Status, answer.Body));
        WireRequest request = Assert.Single(rig.Intake.Requests);
        Assert.Equal(("POST", "/api/ui/support/serverless/flare", ProxyRig.Key), (request.Method, request.Target, request.Headers["DD-API-KEY"]));
        Assert.Equal(body, request.Body);
        Assert.False(request.Headers.ContainsKey("X-Datadog-Additional-Tags"));
    }

    /// <summary>An answer that ends in the middle must not look like a whole one.</summary>
    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\nhalf")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n64\r\nhalf")]
    public async Task An_answer_that_breaks_off_breaks_off(string raw)
    {
        await using ProxyRig rig = await ProxyRig.StartAsync();
        rig.Intake.Answer = _ => raw;
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, $"http://127.0.0.1:{rig.Port}{Flare}");
        await Assert.ThrowsAnyAsync<Exception>(() => client.SendAsync(request));
    }

    /// <summary>5 s are the most; X-Datadog-Timeout and the setting may shorten it (rule 4).</summary>
    [Theory]
    [InlineData("X-Datadog-Timeout: 200ms", "30", 0.2)]
    [InlineData("X-Datadog-Timeout: 1h", "30", 5)]
    [InlineData("X-Datadog-Timeout: soon", "0.3", 0.3)]
    [InlineData("X-Other: 1", "0.3", 0.3)]
    public async Task A_hanging_intake_is_waited_for_so_long_and_no_longer(string header, string setting, double seconds)
    {
        await using ProxyRig rig = await ProxyRig.StartAsync((Keys.EvpTimeout, setting));
        rig.Intake.Answer = static _ => null;
        long start = Stopwatch.GetTimestamp();
        RawAnswer answer = await rig.SendAsync("POST", Api, [1], "X-Datadog-EVP-Subdomain: api", header);
        Assert.Equal(504, answer.Status);

        // Less than the next longer limit.
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, seconds * 0.9, seconds < 5 ? 4.9 : 29);
        Assert.Equal(1, rig.Counts.DroppedFor(DropReason.Unreachable));
        Assert.Single(rig.Lines, static line => line.Contains("EVP request", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_intake_that_refuses_is_502_at_once()
    {
        await using ProxyRig rig = await ProxyRig.StartAsync();
        rig.Intake.Refuse();
        RawAnswer answer = await rig.SendAsync("POST", Api, [1], "X-Datadog-EVP-Subdomain: api");
        Assert.Equal((502, 1), (answer.Status, rig.Counts.DroppedFor(DropReason.Unreachable)));
    }

    [Fact]
    public async Task Without_a_key_nothing_is_sent_and_the_client_is_told()
    {
        await using ProxyRig rig = await ProxyRig.StartAsync((Keys.ApiKey, ""));
        Assert.Equal(502, (await rig.SendAsync("POST", Api, [1], "X-Datadog-EVP-Subdomain: api")).Status);
        Assert.Equal(1, rig.Counts.DroppedFor(DropReason.NoApiKey));
        Assert.Empty(rig.Intake.Requests);
    }

    [Fact]
    public async Task With_a_key_of_its_own_the_agents_is_not_needed()
    {
        await using ProxyRig rig = await ProxyRig.StartAsync((Keys.ApiKey, ""), (Keys.EvpApiKey, "evp-key"), (Keys.DebuggerApiKey, "debugger-key"));
        Assert.Equal(202, (await rig.SendAsync("POST", Api, [1], "X-Datadog-EVP-Subdomain: api")).Status);
        Assert.Equal(200, (await rig.SendAsync("POST", "/debugger/v1/input", [1])).Status);
        Assert.Equal(200, (await rig.SendAsync("POST", "/profiling/v1/input", [1])).Status);
        await rig.FlushAsync();
        Assert.Equal(["evp-key", "debugger-key"], rig.Intake.Requests.Select(static request => request.Headers["DD-API-KEY"]));
        Assert.Equal((2, 1), (rig.Counts.Delivered, rig.Counts.DroppedFor(DropReason.NoApiKey)));
    }

    /// <summary>Bodies that wait for an intake count with those that are being received.</summary>
    [Fact]
    public async Task Requests_that_wait_for_an_intake_are_bounded_together()
    {
        await using ProxyRig rig = await ProxyRig.StartAsync((Keys.EvpTimeout, "5"));
        rig.Intake.Answer = static _ => null;
        byte[] body = new byte[10_000_000];
        RawAnswer[] answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => rig.SendAsync("POST", Api, body, "X-Datadog-EVP-Subdomain: api")));
        Assert.InRange(answers.Count(static answer => answer.Status == 429), 1, 11);
        Assert.All(answers, static answer => Assert.True(answer.Status is 429 or 504, $"{answer.Status}"));
        await rig.Budget.AssertFreeAsync();
    }

    public static TheoryData<string> FromMemory =>
        ["/v0.1/pipeline_stats", "/profiling/v1/input", "/telemetry/proxy/x", "/debugger/v1/input", "/symdb/v1/input", "/openlineage/api/v1/lineage", "/evp_proxy/v2/x"];

    /// <summary>What is answered from memory is so whatever the intake does, a flush that waits for it included.</summary>
    [Theory]
    [MemberData(nameof(FromMemory))]
    public async Task No_intake_delays_what_is_answered_from_memory(string path)
    {
        await using ProxyRig rig = await ProxyRig.StartAsync();
        rig.Intake.Answer = static _ => null;
        await rig.SendAsync("POST", path, [1], "X-Datadog-EVP-Subdomain: x");
        Task flushing = rig.FlushAsync(seconds: 30);
        await rig.Intake.RequestAsync();
        using var client = new RawHttp(rig.Port);
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < 20; i++)
        {
            Assert.Equal(200, (await client.RequestAsync("POST", path, new byte[1000], "X-Datadog-EVP-Subdomain: x")).Status);
        }

        // The flush waits five seconds.
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 0, 4.9);
        Assert.False(flushing.IsCompleted);
    }
}
