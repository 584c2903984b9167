using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;

namespace Mayfly.EndToEnd.Platform;

/// <summary>
/// The Extensions and Telemetry APIs for one extension, whose events are what a test says: also those that no real platform sends
/// (docs/spec/01-lambda-lifecycle.md#12-extensions-api, #14-telemetry-api).
/// </summary>
internal sealed class ScriptedPlatform : IAsyncDisposable
{
    private const string FunctionArn = "arn:aws:lambda:us-east-1:123456789012:function:scripted";
    private const string ExtensionId = "6d24c0f4-6a51-4d19-a3f8-2f4dbb35c6de";

    private readonly WebApplication _app;
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource<int> _subscribed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly int _subscriptionStatus;
    private TaskCompletionSource<string>? _waiting;
    private int _nextCalls;

    private ScriptedPlatform(WebApplication app, int subscriptionStatus)
    {
        _app = app;
        _subscriptionStatus = subscriptionStatus;
    }

    /// <summary>Value of AWS_LAMBDA_RUNTIME_API.</summary>
    public string Address { get; private set; } = "";

    /// <summary>The port that the agent wants its telemetry on; completes when it subscribes.</summary>
    public Task<int> TelemetryPort => _subscribed.Task;

    /// <summary>How often the agent has called next.</summary>
    public int NextCalls
    {
        get
        {
            lock (_gate)
            {
                return _nextCalls;
            }
        }
    }

    /// <summary>The agent has nothing to do: it waits in next.</summary>
    public bool IsAgentWaiting
    {
        get
        {
            lock (_gate)
            {
                return _waiting is not null;
            }
        }
    }

    /// <param name="subscriptionStatus">The answer to the telemetry subscription.</param>
    public static async Task<ScriptedPlatform> StartAsync(int subscriptionStatus = 200)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(static kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var platform = new ScriptedPlatform(builder.Build(), subscriptionStatus);
        platform._app.Run(platform.AnswerAsync);
        await platform._app.StartAsync();
        string url = platform._app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First();
        platform.Address = new Uri(url).Authority;
        return platform;
    }

    /// <summary>Waits until the agent is in next.</summary>
    public Task AgentIsWaitingAsync(Func<string> explain) => Until.TrueAsync(() => IsAgentWaiting, "the agent calls next", explain);

    /// <summary>Answers the agent, which has to be waiting in next.</summary>
    public void Answer(string eventJson)
    {
        TaskCompletionSource<string>? waiting;
        lock (_gate)
        {
            waiting = _waiting;
            _waiting = null;
        }

        (waiting ?? throw new InvalidOperationException("The agent is not waiting for an event.")).SetResult(eventJson);
    }

    /// <summary>Starts an invocation.</summary>
    public void Invoke(string requestId, TimeSpan timeout) => Answer(
        $$"""{"eventType":"INVOKE","deadlineMs":{{DeadlineMs(timeout)}},"requestId":"{{requestId}}","invokedFunctionArn":"{{FunctionArn}}"}""");

    /// <summary>Starts the shutdown.</summary>
    public void Shutdown(TimeSpan budget, string reason = "spindown") =>
        Answer($$"""{"eventType":"SHUTDOWN","shutdownReason":"{{reason}}","deadlineMs":{{DeadlineMs(budget)}}}""");

    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _waiting?.TrySetCanceled();
        }

        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    private static long DeadlineMs(TimeSpan timeout) => (DateTimeOffset.UtcNow + timeout).ToUnixTimeMilliseconds();

    private async Task AnswerAsync(HttpContext http)
    {
        switch (http.Request.Path.Value)
        {
            case "/2020-01-01/extension/register":
                http.Response.Headers["Lambda-Extension-Identifier"] = ExtensionId;
                await WriteAsync(http, 200, """{"functionName":"scripted","functionVersion":"$LATEST","handler":"scripted","accountId":"123456789012"}""");
                break;
            case "/2022-07-01/telemetry":
                using (JsonDocument body = await JsonDocument.ParseAsync(http.Request.Body))
                {
                    _subscribed.TrySetResult(new Uri(body.RootElement.GetProperty("destination").GetProperty("URI").GetString()!).Port);
                }

                string answer = _subscriptionStatus == 200 ? "\"OK\"" : """{"errorType":"Scripted","errorMessage":"no telemetry"}""";
                await WriteAsync(http, _subscriptionStatus, answer);
                break;
            case "/2020-01-01/extension/event/next":
                await WriteAsync(http, 200, await NextAsync(http.RequestAborted));
                break;
            default:
                await WriteAsync(http, 404, "{}");
                break;
        }
    }

    private async Task<string> NextAsync(CancellationToken aborted)
    {
        TaskCompletionSource<string> wait = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            _nextCalls++;
            _waiting = wait;
        }

        try
        {
            return await wait.Task.WaitAsync(aborted);
        }
        finally
        {
            lock (_gate)
            {
                _waiting = _waiting == wait ? null : _waiting;
            }
        }
    }

    private static async Task WriteAsync(HttpContext http, int status, string body)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(body);
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = bytes.Length;
        await http.Response.Body.WriteAsync(bytes);
    }
}
