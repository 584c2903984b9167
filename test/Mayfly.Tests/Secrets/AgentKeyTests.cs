using System.Net;
using System.Net.Sockets;
using Mayfly.Config;
using Mayfly.Diagnostics;
using Mayfly.Tests.Platforms.Lambda;
using Xunit;

namespace Mayfly.Tests.Secrets;

/// <summary>The agent with a key that has to be asked for (docs/spec/01-lambda-lifecycle.md 8.2).</summary>
public class AgentKeyTests
{
    private const string Secret = "fedcba9876543210fedcba9876554321";

    /// <summary>Off the critical path: nothing is asked before an invocation has data to send.</summary>
    [Fact]
    public async Task The_first_flush_asks_and_sends_with_the_answer()
    {
        await using FakeAws aws = await FakeAws.StartAsync(static _ => (200, $$"""{"SecretString":"{{Secret}}"}"""));
        await using AgentRig rig = await StartAsync(aws);
        await rig.Platform.NextAskedAsync(1);
        Assert.Empty(aws.Calls);
        rig.Platform.Invoke("r1", TimeSpan.FromSeconds(30));
        await rig.RuntimeDoneAsync("r1");
        await rig.Platform.NextAskedAsync(2);
        Assert.NotEmpty(rig.Intake.Requests);
        Assert.All(rig.Intake.Requests, static request => Assert.EndsWith(Secret[^5..], request.Headers["DD-API-KEY"], StringComparison.Ordinal));
        rig.Platform.Shutdown();
        Assert.Equal(0, await rig.EndAsync());
        Assert.Single(aws.Calls);
        rig.AssertSums();
    }

    /// <summary>What waits for a key is kept, and is there for the next process of the sandbox.</summary>
    [Fact]
    public async Task Data_waits_for_a_key_that_cannot_be_had_yet()
    {
        await using FakeAws aws = await FakeAws.StartAsync(static _ => (500, ""));
        await using AgentRig rig = await StartAsync(aws);
        rig.Platform.Invoke("r1", TimeSpan.FromSeconds(30));
        await rig.RuntimeDoneAsync("r1");
        await rig.Platform.NextAskedAsync(2);
        Assert.True(rig.Agent.Counters[Signal.Metrics].Stored > 0);
        Assert.Equal(0, rig.Agent.Counters[Signal.Metrics].DroppedInAll);
        rig.Platform.Shutdown();
        Assert.Equal(0, await rig.EndAsync());
        Assert.Empty(rig.Intake.Requests);
        Assert.Equal(rig.Agent.Counters[Signal.Metrics].Accepted, rig.Agent.Counters[Signal.Metrics].Stored);
        rig.AssertSums();
    }

    /// <summary>05, 8: only the site says who gets the signed proof, whatever the addresses for data are.</summary>
    [Fact]
    public async Task The_proof_of_delegated_auth_goes_to_the_site_alone()
    {
        using var door = new TcpListener(IPAddress.Loopback, 0);
        door.Start();
        Task<string> asked = FirstLineAsync(door, TestContext.Current.CancellationToken);
        await using AgentRig rig = await AgentRig.StartAsync(
            null, (Keys.ApiKey, ""), (Keys.OrgUuid, "org"), (Keys.Site, "site.invalid"), (Keys.ProxyHttps, $"http://{door.LocalEndpoint}"),
            (Keys.AwsAccessKeyId, "a"), (Keys.AwsSecretAccessKey, "s"));
        rig.Platform.Invoke("r1", TimeSpan.FromSeconds(30));
        await rig.RuntimeDoneAsync("r1");
        await rig.Platform.NextAskedAsync(2);
        Assert.Empty(rig.Intake.Requests);
        Assert.Equal("CONNECT api.site.invalid:443 HTTP/1.1", await asked.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));
        rig.Platform.Shutdown();
        Assert.Equal(0, await rig.EndAsync());
    }

    private static async Task<string> FirstLineAsync(TcpListener door, CancellationToken cancellation)
    {
        using TcpClient client = await door.AcceptTcpClientAsync(cancellation);
        using var reader = new StreamReader(client.GetStream());
        string line = await reader.ReadLineAsync(cancellation) ?? "";
        door.Stop();
        return line;
    }

    private static Task<AgentRig> StartAsync(FakeAws aws) => AgentRig.StartAsync(
        null,
        (Keys.ApiKey, ""),
        (Keys.ApiKeySecretArn, "arn:x"),
        (Keys.AwsEndpoint, aws.Url),
        (Keys.AwsAccessKeyId, "a"),
        (Keys.AwsSecretAccessKey, "s"));
}
