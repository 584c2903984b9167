using Mayfly.Config;
using Mayfly.Tests.Http;
using Mayfly.Tests.Platforms.Lambda;
using Xunit;

namespace Mayfly.Tests.Traces;

/// <summary>docs/spec/03-traces.md#13-size-limits-body-checks, column M, over the agent's own port.</summary>
public class BodyLimitTests
{
    private const int MiB = 1024 * 1024;

    /// <summary>Path, content type, largest body.</summary>
    [Theory]
    [InlineData("/v0.4/traces", "application/msgpack", 50 * MiB)]
    [InlineData("/v1.0/traces", "application/msgpack", 50 * MiB)]
    [InlineData("/v0.4/traces", "application/json", 16 * MiB)]
    [InlineData("/v0.1/spans", "application/json", 16 * MiB)]
    [InlineData("/v0.6/stats", "application/msgpack", 25 * MiB)]
    public async Task A_body_has_a_limit(string path, string type, int limitBytes)
    {
        await using AgentRig rig = await AgentRig.StartAsync();
        using var client = new RawHttp(rig.Settings.Listeners.TracePort);
        byte[] body = new byte[limitBytes];
        Array.Fill(body, (byte)' ');
        Assert.Equal(400, (await client.RequestAsync("POST", path, body, $"Content-Type: {type}")).Status); // not too large, only no traces
        using var other = new RawHttp(rig.Settings.Listeners.TracePort);
        Assert.Equal(413, (await other.RequestAsync("POST", path, [.. body, (byte)' '], $"Content-Type: {type}")).Status);
    }

    [Fact]
    public async Task The_limit_of_traces_can_be_lowered()
    {
        await using AgentRig rig = await AgentRig.StartAsync(null, (Keys.MaxTraceBody, "1000"));
        using var client = new RawHttp(rig.Settings.Listeners.TracePort);
        Assert.Equal(400, (await client.RequestAsync("POST", "/v0.4/traces", new byte[1000])).Status);
        Assert.Equal(413, (await client.RequestAsync("POST", "/v0.4/traces", new byte[1001])).Status);
        Assert.Contains("\"max_request_bytes\":1000", (await client.RequestAsync("GET", "/info")).Body, StringComparison.Ordinal);
    }
}
