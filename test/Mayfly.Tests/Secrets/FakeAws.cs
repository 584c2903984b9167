using System.Collections.Concurrent;
using System.Text;
using Mayfly.Http;
using Mayfly.Tests.Http;

namespace Mayfly.Tests.Secrets;

/// <summary>A call as AWS would have got it.</summary>
internal sealed record AwsCall(string Path, string Target, string Authorization, string? Token, string Body);

/// <summary>AWS's services, the container's credentials and the intake's key exchange on one loopback port; a test says what they answer.</summary>
internal sealed class FakeAws : IAsyncDisposable
{
    private readonly ConcurrentQueue<AwsCall> _calls = [];
    private ServerRig _server = null!;

    public string Url => $"http://127.0.0.1:{_server.Port}";

    public IReadOnlyList<AwsCall> Calls => [.. _calls];

    /// <summary>Status and body for a call.</summary>
    public Func<AwsCall, (int Status, string Body)> Answer { get; set; } = static _ => (500, "");

    /// <summary>Completed: calls are answered; else they wait for it.</summary>
    public TaskCompletionSource Gate { get; set; } = Open();

    public static async Task<FakeAws> StartAsync(Func<AwsCall, (int Status, string Body)> answer)
    {
        var aws = new FakeAws { Answer = answer };
        aws._server = await ServerRig.StartAsync(new RouteTable().MapAny(aws.ServeAsync, "GET", "POST"));
        return aws;
    }

    public static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    public ValueTask DisposeAsync()
    {
        Gate.TrySetResult();
        return _server.DisposeAsync();
    }

    private async ValueTask ServeAsync(HttpExchange exchange)
    {
        using RequestBody body = await exchange.ReadBodyAsync(1 << 20);
        var call = new AwsCall(
            exchange.Path,
            exchange.Header("x-amz-target") ?? "",
            exchange.Header("authorization") ?? "",
            exchange.Header("x-amz-security-token"),
            Encoding.UTF8.GetString(body.Bytes.Span));
        _calls.Enqueue(call);
        await Gate.Task;
        (int status, string text) = Answer(call);
        await exchange.RespondAsync(status, Encoding.UTF8.GetBytes(text), "application/x-amz-json-1.1");
    }

    private static TaskCompletionSource Open()
    {
        var gate = new TaskCompletionSource();
        gate.SetResult();
        return gate;
    }
}
