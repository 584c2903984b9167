using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace FunctionCSharp;

/// <summary>
/// The same shop as a web application on the port in <c>PORT</c>, traced as any web server is: one <c>http.server</c> span per request, in a trace of its own or
/// in the one that the request's headers name. A path that ends with <c>/broken</c> is answered 500. Requests without a body, one at a time.
/// </summary>
internal sealed class WebApplication(FunctionEnvironment environment, Tracer tracer)
{
    private const string Body = """{"coffee":"latte"}""";

    public async Task RunAsync()
    {
        using var listener = new TcpListener(IPAddress.Loopback, environment.WebPort);
        listener.Start();
        while (true)
        {
            using TcpClient client = await listener.AcceptTcpClientAsync();
            try
            {
                await ServeAsync(client.GetStream());
            }
            catch (IOException)
            {
                // A client that left.
            }
        }
    }

    private async Task ServeAsync(NetworkStream stream)
    {
        using var reader = new StreamReader(stream, Encoding.Latin1);
        if (await reader.ReadLineAsync() is not { } requestLine || requestLine.Split(' ') is not [string method, string path, _])
        {
            return;
        }

        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        while (await reader.ReadLineAsync() is { Length: > 0 } line)
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            headers[line[..Math.Max(0, colon)]] = line[(colon + 1)..].Trim();
        }

        await tracer.SendTracesAsync([SpanOf(method, path, headers)]);
        string status = path.EndsWith("/broken", StringComparison.Ordinal) ? "500 Internal Server Error" : "200 OK";
        string answer = $"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {Body.Length}\r\nConnection: close\r\n\r\n{Body}";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(answer));
    }

    private Span SpanOf(string method, string path, Dictionary<string, string> headers)
    {
        var span = new Span
        {
            Service = environment.ServiceName,
            Name = "http.server",
            Resource = $"{method} {path}",
            Type = "web",
            TraceId = Id(headers.GetValueOrDefault("x-datadog-trace-id")) ?? NewId(),
            SpanId = NewId(),
            ParentId = Id(headers.GetValueOrDefault("x-datadog-parent-id")) ?? 0,
            StartNs = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() * 1_000_000,
            DurationNs = 1_000_000,
        };
        span.Metrics["_sampling_priority_v1"] = 1;
        return span;
    }

    private static ulong? Id(string? header) => ulong.TryParse(header, NumberStyles.None, CultureInfo.InvariantCulture, out ulong id) ? id : null;

    private static ulong NewId() => (BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8)) >> 1) | 1;
}
