using Mayfly.Config;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda;

/// <summary>docs/spec/01-lambda-lifecycle.md 2.5, last row, and 3.1: local emulators without telemetry.</summary>
public class LocalTestModeTests
{
    [Theory]
    [InlineData("POST", "/lambda/flush")]
    [InlineData("GET", "/lambda/flush")]
    [InlineData("POST", "/lambda/end-invocation")]
    public async Task A_call_ends_the_invocation(string method, string path)
    {
        await using AgentRig rig = await AgentRig.StartAsync(null, (Keys.LocalTest, "1"));
        rig.Platform.Invoke("r1", TimeSpan.FromMinutes(5));
        await rig.Platform.NextAskedAsync(1);
        using var client = new Mayfly.Tests.Http.RawHttp(rig.Settings.Listeners.LifecyclePort);
        using var over = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (rig.Platform.NextCalls < 2)
        {
            // The INVOKE may be on its way still when the handler of so short a test returns.
            over.Token.ThrowIfCancellationRequested();
            Assert.Equal(200, (await client.RequestAsync(method, path, "{}"u8.ToArray())).Status);
        }

        Assert.DoesNotContain(rig.Platform.Calls, static call => call.Path.EndsWith("/telemetry", StringComparison.Ordinal));
        rig.Platform.Shutdown();
        Assert.Equal(0, await rig.EndAsync());
        Assert.Equal(1, rig.Metric("invocations").Count);
    }

    [Fact]
    public async Task Elsewhere_flush_means_nothing()
    {
        await using AgentRig rig = await AgentRig.StartAsync();

        // Without telemetry the agent would not wait for the handler.
        await rig.Platform.CalledAsync("/2022-07-01/telemetry");
        await rig.Platform.NextAskedAsync(1);
        rig.Platform.Invoke("r1", TimeSpan.FromMinutes(5));
        using var client = new Mayfly.Tests.Http.RawHttp(rig.Settings.Listeners.LifecyclePort);
        Assert.Equal(200, (await client.RequestAsync("POST", "/lambda/flush", "{}"u8.ToArray())).Status);
        Assert.True(rig.Platform.NextCalls <= 1);
        await rig.RuntimeDoneAsync("r1");
        await rig.Platform.NextAskedAsync(2);
        rig.Platform.Shutdown();
        Assert.Equal(0, await rig.EndAsync());
    }
}
