using System.Net;
using System.Net.Sockets;
using System.Text;
using Mayfly.Platforms.Lambda;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda;

/// <summary>docs/spec/01-lambda-lifecycle.md 1.4: the subscription must be made before the first <c>next</c>.</summary>
public class ExtensionClientTests
{
    [Fact]
    public async Task The_subscription_is_told_to_be_sent_only_when_all_of_it_is()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var client = new ExtensionClient(listener.LocalEndpoint.ToString()!);
        var sent = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var stop = new CancellationTokenSource();
        Task<string?> subscription = client.SubscribeAsync("id", 8999, withLogs: true, sent, stop.Token);
        using TcpClient connection = await listener.AcceptTcpClientAsync(stop.Token);
        await sent.Task.WaitAsync(TimeSpan.FromSeconds(20), stop.Token);

        // Nothing more has to arrive: on loopback, what was written is there.
        byte[] received = new byte[connection.Available];
        await connection.GetStream().ReadExactlyAsync(received, stop.Token);
        string text = Encoding.UTF8.GetString(received);
        Assert.StartsWith("PUT /2022-07-01/telemetry HTTP/1.1\r\n", text, StringComparison.Ordinal);
        Assert.EndsWith("\"timeoutMs\":25}}", text, StringComparison.Ordinal);
        Assert.False(subscription.IsCompleted);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => subscription);
    }

    [Fact]
    public async Task A_platform_that_cannot_be_reached_is_a_reason_and_not_an_exception()
    {
        using var client = new ExtensionClient("127.0.0.1:" + AgentRig.FreePort());
        var sent = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Assert.NotNull(await client.SubscribeAsync("id", 8999, withLogs: false, sent, CancellationToken.None));
        Assert.True(sent.Task.IsCompleted);
        HttpRequestException refused = await Assert.ThrowsAsync<HttpRequestException>(() => client.NextAsync("id", CancellationToken.None));
        Assert.Null(refused.StatusCode);
    }
}
