using Mayfly.Platforms.Lambda;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda;

/// <summary>docs/spec/01-lambda-lifecycle.md 1.2, 1.4.</summary>
public class ExtensionClientTests
{
    [Fact]
    public async Task A_platform_that_cannot_be_reached_is_a_reason_and_not_an_exception()
    {
        using var client = new ExtensionClient("127.0.0.1:" + AgentRig.FreePort());
        Assert.NotNull(await client.SubscribeAsync("id", 8999, [], CancellationToken.None));
        HttpRequestException refused = await Assert.ThrowsAsync<HttpRequestException>(() => client.NextAsync("id", CancellationToken.None));
        Assert.Null(refused.StatusCode);
    }
}
