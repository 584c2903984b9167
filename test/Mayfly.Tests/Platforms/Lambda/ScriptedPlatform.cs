using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading.Channels;
using Mayfly.Tests.Http;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda;

/// <summary>A request of the agent, as it came over the wire.</summary>
internal sealed record PlatformCall(string Method, string Path, IReadOnlyDictionary<string, string> Headers, string Body, DateTimeOffset At);

/// <summary>
/// The Extensions API and the subscription call of the Telemetry API as a script: raw sockets, so that it can also answer what no server would
/// (docs/spec/01-lambda-lifecycle.md 1.2 and 1.4, docs/spec/07-observed-clients.md section 1).
/// </summary>
internal sealed class ScriptedPlatform : IAsyncDisposable
{
    public const string ExtensionId = "6c8f0b1e-0000-4000-8000-000000000001";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<string> _events = Channel.CreateUnbounded<string>();
    private readonly ConcurrentQueue<PlatformCall> _calls = new();
    private readonly Task _accepting;

    public ScriptedPlatform()
    {
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public string Address => _listener.LocalEndpoint.ToString()!;

    /// <summary>Everything the agent asked, in order of arrival.</summary>
    public IReadOnlyList<PlatformCall> Calls => [.. _calls];

    public int NextCalls => Calls.Count(static call => call.Path.EndsWith("/next", StringComparison.Ordinal));

    /// <summary>Raw answer to the registration.</summary>
    public string RegisterAnswer { get; set; } = Answer(
        200,
        """{"functionName":"my-fn","functionVersion":"$LATEST","handler":"i.h","accountId":"123456789012"}""",
        $"Lambda-Extension-Identifier: {ExtensionId}\r\n");

    /// <summary>Raw answer to the subscription; null: none ever.</summary>
    public string? SubscribeAnswer { get; set; } = Answer(200, "\"OK\"");

    /// <summary>Builds a raw answer.</summary>
    public static string Answer(int status, string body, string headers = "", string contentType = "application/json") =>
        $"HTTP/1.1 {status} x\r\nContent-Type: {contentType}\r\n{headers}Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}";

    /// <summary>The raw answer to the next <c>next</c>; empty: the connection is closed without one.</summary>
    public void AnswerNext(string raw) => _events.Writer.TryWrite(raw);

    public void Invoke(string id, TimeSpan left) => AnswerNext(Answer(
        200,
        $$"""{"eventType":"INVOKE","deadlineMs":{{UnixMs(left)}},"requestId":"{{id}}","invokedFunctionArn":"arn:aws:lambda:us-east-1:123456789012:function:my-fn"}"""));

    /// <summary>
    /// 07, 1: content type text/plain, no event id. The platform leaves two seconds; they count from this call, and on a busy machine the agent may take it up
    /// late: only who tests the deadline itself asks for them.
    /// </summary>
    public void Shutdown(string reason = "spindown", double seconds = 20) => AnswerNext(Answer(
        200,
        $$"""{"eventType":"SHUTDOWN","deadlineMs":{{UnixMs(TimeSpan.FromSeconds(seconds))}},"shutdownReason":"{{reason}}"}""",
        contentType: "text/plain; charset=utf-8"));

    /// <summary>Waits until the agent has asked for its <paramref name="count"/>th event; returns when it did.</summary>
    public Task<DateTimeOffset> NextAskedAsync(int count) => CalledAsync("/2020-01-01/extension/event/next", count);

    /// <summary>Waits until the agent has made its <paramref name="count"/>th call to a path; returns when it did.</summary>
    public async Task<DateTimeOffset> CalledAsync(string path, int count = 1)
    {
        using var over = new CancellationTokenSource(Patience);
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(2));
        while (true)
        {
            PlatformCall[] calls = [.. Calls.Where(call => call.Path == path)];
            if (calls.Length >= count)
            {
                return calls[count - 1].At;
            }

            Assert.False(over.IsCancellationRequested, $"The agent called {path} {calls.Length} times, not {count} times.");
            await tick.WaitForNextTickAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        _stop.Dispose();
    }

    private static string UnixMs(TimeSpan left) => (TimeProvider.System.GetUtcNow() + left).ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);

    private async Task AcceptAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
            {
                connections.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or InvalidOperationException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                NetworkStream stream = client.GetStream();
                while (await WireRequest.ReadAsync(stream, _stop.Token) is { } request)
                {
                    _calls.Enqueue(new PlatformCall(
                        request.Method, request.Target, request.Headers, Encoding.UTF8.GetString(request.Body), TimeProvider.System.GetUtcNow()));
                    string? answer = request.Target switch
                    {
                        "/2020-01-01/extension/register" => RegisterAnswer,
                        "/2022-07-01/telemetry" => SubscribeAnswer,
                        "/2020-01-01/extension/event/next" => await _events.Reader.ReadAsync(_stop.Token),
                        _ => Answer(404, ""),
                    };
                    if (answer is null)
                    {
                        await Task.Delay(Timeout.Infinite, _stop.Token);
                    }

                    await stream.WriteAsync(Encoding.UTF8.GetBytes(answer!), _stop.Token);
                    if (!answer!.Contains("\r\n\r\n", StringComparison.Ordinal))
                    {
                        return;
                    }
                }
            }
            catch (Exception e) when (e is OperationCanceledException or IOException)
            {
                // The test is over, or the agent left.
            }
        }
    }
}
