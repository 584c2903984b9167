using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace Mayfly.Footprint;

/// <summary>
/// The platform's side of the Extensions and Telemetry APIs for one extension process at a time
/// (docs/spec/01-lambda-lifecycle.md#12-extensions-api, #14-telemetry-api). <c>/event/next</c> answers when an event is pushed.
/// </summary>
internal sealed class ExtensionsApi : IDisposable
{
    private readonly LoopbackServer _server;
    private Session _session = new();

    public ExtensionsApi() => _server = new LoopbackServer(Answer);

    public int Port => _server.Port;

    /// <summary>The next process to register belongs to the new session; open requests stay with theirs.</summary>
    public Session NewSession() => _session = new Session();

    public void Dispose() => _server.Dispose();

    private byte[]? Answer(HttpMessage request)
    {
        var at = Stopwatch.GetTimestamp();
        var session = _session;
        switch (request.Path)
        {
            case "/2020-01-01/extension/register":
                session.RegisteredName = request.Header("Lambda-Extension-Name");
                return HttpMessage.Response(
                    200,
                    $"Content-Type: application/json\r\nLambda-Extension-Identifier: {session.Identifier}\r\n",
                    """{"functionName":"my-function","functionVersion":"$LATEST","handler":"index.handler","accountId":"123456789012"}""");
            case "/2022-07-01/telemetry":
                using (var body = JsonDocument.Parse(request.Body))
                {
                    session.TelemetryPort = new Uri(body.RootElement.GetProperty("destination").GetProperty("URI").GetString()!).Port;
                }

                return HttpMessage.Response(200, "", "\"OK\"");
            case "/2020-01-01/extension/event/next":
                session.NextCalled(at);
                return session.Events.TryTake(out var next, Timeout.Infinite)
                    ? HttpMessage.Response(200, $"Content-Type: application/json\r\nLambda-Extension-Event-Identifier: {Guid.NewGuid()}\r\n", next)
                    : null;
            case var path when path.EndsWith("/error", StringComparison.Ordinal):
                session.Failure = Encoding.UTF8.GetString(request.Body);
                return HttpMessage.Response(202, "", """{"status":"OK"}""");
            default:
                return HttpMessage.Response(404, "", "");
        }
    }

    /// <summary>What one extension process has asked so far.</summary>
    internal sealed class Session
    {
        private readonly SemaphoreSlim _next = new(0);

        public string Identifier { get; } = Guid.NewGuid().ToString();

        public string? RegisteredName { get; set; }

        public int TelemetryPort { get; set; }

        public string? Failure { get; set; }

        public BlockingCollection<string> Events { get; } = [];

        /// <summary>The process is gone: its open <c>/event/next</c> ends.</summary>
        public void Close() => Events.CompleteAdding();

        /// <summary>Time stamp of the latest <c>/event/next</c>.</summary>
        public long NextAt { get; private set; }

        public void NextCalled(long at)
        {
            NextAt = at;
            _next.Release();
        }

        /// <summary>Waits for one more <c>/event/next</c>; false after the time-out.</summary>
        public bool WaitNext(TimeSpan timeout) => _next.Wait(timeout);
    }
}
