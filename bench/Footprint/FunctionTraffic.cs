using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Mayfly.Footprint;

/// <summary>
/// Plays the platform and an instrumented function against one agent: INVOKE event, telemetry records, trace, datagrams, lifecycle calls.
/// Connections are kept open, as a tracer does (docs/spec/07-observed-clients.md#41-normal-invocation-with-an-extension).
/// </summary>
internal sealed class FunctionTraffic(ExtensionsApi.Session session, AgentPorts ports) : IDisposable
{
    /// <summary>Function ARN in every event.</summary>
    public const string Arn = "arn:aws:lambda:us-east-1:123456789012:function:my-function";

    private readonly Socket _datagrams = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private HttpConnection? _telemetry;
    private HttpConnection? _traces;
    private HttpConnection? _lifecycle;

    /// <summary>Between SHUTDOWN and the end of the sandbox.</summary>
    public static readonly TimeSpan ShutdownTime = TimeSpan.FromSeconds(2);

    /// <summary>Answers the agent's pending <c>/event/next</c> with an INVOKE event.</summary>
    public static string InvokeEvent(string requestId) =>
        $$"""{"eventType":"INVOKE","deadlineMs":{{DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() + 60_000}},"requestId":"{{requestId}}","invokedFunctionArn":"{{Arn}}"}""";

    /// <summary>Answers it with the end of the sandbox.</summary>
    public static string ShutdownEvent() =>
        $$"""{"eventType":"SHUTDOWN","shutdownReason":"spindown","deadlineMs":{{(DateTimeOffset.UtcNow + ShutdownTime).ToUnixTimeMilliseconds()}}}""";

    /// <summary>2 KB of API Gateway, REST (docs/spec/02-triggers.md#4-sources-one-by-one), half of it in the body.</summary>
    public static byte[] ApiGatewayEvent()
    {
        const int Bytes = 2048;
        string Of(int padding) => $$$"""
            {"resource":"/orders/{id}","path":"/orders/42","httpMethod":"POST","headers":{"Host":"abc123.execute-api.us-east-1.amazonaws.com",
            "User-Agent":"Mozilla/5.0","x-datadog-trace-id":"1001","x-datadog-parent-id":"2002","x-datadog-sampling-priority":"1"},
            "requestContext":{"resourceId":"r1","resourcePath":"/orders/{id}","httpMethod":"POST","path":"/prod/orders/42","accountId":"123456789012",
            "protocol":"HTTP/1.1","stage":"prod","domainName":"abc123.execute-api.us-east-1.amazonaws.com","requestTimeEpoch":1700000000000,
            "requestId":"c6af9ac6","identity":{"sourceIp":"192.0.2.1","userAgent":"Mozilla/5.0"},"apiId":"abc123"},
            "queryStringParameters":null,"isBase64Encoded":false,"body":"{{{new string('x', padding)}}}"}
            """;
        return Encoding.UTF8.GetBytes(Of(Bytes - Of(0).Length));
    }

    /// <summary>A tracer's call before the handler; returns how long it took, ms.</summary>
    public double StartInvocation(string requestId, byte[] eventJson) =>
        StartInvocation(_lifecycle ??= new HttpConnection(ports.Lifecycle), requestId, eventJson);

    /// <summary>The same to any server.</summary>
    public static double StartInvocation(HttpConnection connection, string requestId, byte[] eventJson) => Call(
        connection, "/lambda/start-invocation", requestId, "Content-Type: application/json\r\nx-datadog-tracing-enabled: false\r\n", eventJson);

    /// <summary>A tracer's call after the handler; returns how long it took, ms.</summary>
    public double EndInvocation(string requestId, ulong traceId) =>
        EndInvocation(_lifecycle ??= new HttpConnection(ports.Lifecycle), requestId, traceId, """{"statusCode":200}"""u8.ToArray());

    /// <summary>The same to any server.</summary>
    public static double EndInvocation(HttpConnection connection, string requestId, ulong traceId, byte[] response) => Call(
        connection,
        "/lambda/end-invocation",
        requestId,
        $"x-datadog-trace-id: {traceId}\r\nx-datadog-span-id: 987654321\r\nx-datadog-sampling-priority: 1\r\n",
        response);

    /// <summary>POSTs telemetry records, one batch.</summary>
    public void Telemetry(params string[] events)
    {
        if (session.TelemetryPort == 0)
        {
            throw new InvalidOperationException("the agent has not subscribed to telemetry");
        }

        _telemetry ??= new HttpConnection(session.TelemetryPort);
        Expect200(_telemetry.Send("POST", "/", "Content-Type: application/json\r\n", Encoding.UTF8.GetBytes($"[{string.Join(',', events)}]")));
    }

    public void Trace(int spans, ulong traceId, string requestId)
    {
        _traces ??= new HttpConnection(ports.Traces);
        var body = SpanPayload.Write(spans, traceId, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() * 1_000_000, requestId);
        Expect200(_traces.Send("PUT", "/v0.4/traces", "Content-Type: application/msgpack\r\nX-Datadog-Trace-Count: 1\r\nDatadog-Meta-Lang: java\r\n", body));
    }

    /// <summary>One datagram per metric: distributions as datadog-lambda-js writes them, the other types as hot-shots does.</summary>
    public void Metrics(int count)
    {
        var to = new IPEndPoint(IPAddress.Loopback, ports.DogStatsd);
        var unixSeconds = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        for (var i = 0; i < count; i++)
        {
            var line = (i % 4) switch
            {
                0 => string.Create(CultureInfo.InvariantCulture, $"coffee.order:{i + 0.5}|d|#product:latte,order:online,dd_lambda_layer:datadog-nodev20|T{unixSeconds}"),
                1 => $"coffee.cups:{i}|c|#env:dev,service:my-svc,shop:{i}",
                2 => $"coffee.queue:{i}|g|#env:dev,service:my-svc,shop:{i}",
                _ => $"coffee.brew:{i}|h|#env:dev,service:my-svc,shop:{i}",
            };
            _datagrams.SendTo(Encoding.UTF8.GetBytes(line), to);
        }
    }

    public static string FunctionLog(string text) => Event("function", $"\"{text}\\n\"");

    public static string PlatformStart(string requestId) => Event("platform.start", $$"""{"requestId":"{{requestId}}","version":"$LATEST"}""");

    public static string RuntimeDone(string requestId) =>
        Event("platform.runtimeDone", $$$"""{"requestId":"{{{requestId}}}","status":"success","metrics":{"durationMs":12.5,"producedBytes":64}}""");

    public static string Report(string requestId) =>
        Event(
            "platform.report",
            $$$"""{"requestId":"{{{requestId}}}","status":"success","metrics":{"durationMs":14.1,"billedDurationMs":15,"memorySizeMB":512,"maxMemoryUsedMB":90}}""");

    public void Dispose()
    {
        _telemetry?.Dispose();
        _traces?.Dispose();
        _lifecycle?.Dispose();
        _datagrams.Dispose();
    }

    private static string Event(string type, string record) =>
        $$"""{"time":"{{DateTimeOffset.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture)}}","type":"{{type}}","record":{{record}}}""";

    private static double Call(HttpConnection connection, string path, string requestId, string headers, byte[] body)
    {
        Expect200(connection.Send("POST", path, $"lambda-runtime-aws-request-id: {requestId}\r\n{headers}", body));
        return connection.LastMs;
    }

    private static void Expect200(HttpMessage answer)
    {
        if (!answer.FirstLine.Contains(" 200", StringComparison.Ordinal))
        {
            throw new InvalidOperationException($"the server answered '{answer.FirstLine}'");
        }
    }
}

/// <summary>Loopback ports of an agent under test.</summary>
internal sealed record AgentPorts(int Lifecycle = 8124, int DogStatsd = 8125, int Traces = 8126);

/// <summary>One kept-alive HTTP/1.1 client connection to a loopback port.</summary>
internal sealed class HttpConnection : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly SocketReader _reader;
    private readonly int _port;

    public HttpConnection(int port)
    {
        _port = port;
        _socket.Connect(IPAddress.Loopback, port);
        _reader = new SocketReader(new NetworkStream(_socket));
    }

    /// <summary>Duration of the latest <see cref="Send"/>, ms, from the first byte written to the last byte of the answer.</summary>
    public double LastMs { get; private set; }

    public HttpMessage Send(string method, string path, string headers, byte[] body)
    {
        var head = Encoding.UTF8.GetBytes($"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{_port}\r\n{headers}Content-Length: {body.Length}\r\n\r\n");
        byte[] request = [.. head, .. body];
        var from = Stopwatch.GetTimestamp();
        _socket.Send(request);
        var answer = HttpMessage.Read(_reader) ?? throw new IOException($"port {_port} closed the connection without an answer to {method} {path}");
        LastMs = Stopwatch.GetElapsedTime(from).TotalMilliseconds;
        return answer;
    }

    public void Dispose() => _socket.Dispose();
}
