using System.Net;
using System.Net.Http.Headers;
using Mayfly.Floor;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

// The least that a Lambda extension on KestrelServer and SocketsHttpHandler can do: bind one port, register, ask for the first event.
// bench/footprint.sh measures the agent's start against it (docs/spec/01-lambda-lifecycle.md#12-extensions-api).
var api = Environment.GetEnvironmentVariable("AWS_LAMBDA_RUNTIME_API");
if (string.IsNullOrEmpty(api))
{
    return 2;
}

var options = new KestrelServerOptions { AddServerHeader = false };
options.Listen(IPAddress.Loopback, int.TryParse(Environment.GetEnvironmentVariable("FLOOR_PORT"), out var port) ? port : 0);
using var server = new KestrelServer(
    Options.Create(options),
    new SocketTransportFactory(Options.Create(new SocketTransportOptions()), NullLoggerFactory.Instance),
    NullLoggerFactory.Instance);
await server.StartAsync(new EmptyApplication(), CancellationToken.None);

using var client = new HttpMessageInvoker(new SocketsHttpHandler { UseProxy = false, UseCookies = false, AllowAutoRedirect = false, ActivityHeadersPropagator = null });
var extension = $"http://{api}/2020-01-01/extension/";

using var register = new HttpRequestMessage(HttpMethod.Post, extension + "register");
register.Headers.TryAddWithoutValidation("Lambda-Extension-Name", Path.GetFileName(Environment.ProcessPath));
register.Content = new ByteArrayContent("""{"events":["INVOKE","SHUTDOWN"]}"""u8.ToArray()) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
using var registered = await client.SendAsync(register, CancellationToken.None);
if (!registered.IsSuccessStatusCode || !registered.Headers.TryGetValues("Lambda-Extension-Identifier", out var identifiers))
{
    return 1;
}

// A response that is not read to its end keeps its connection: /next would open a second one.
_ = await registered.Content.ReadAsByteArrayAsync();
var identifier = identifiers.First();
while (true)
{
    using var next = new HttpRequestMessage(HttpMethod.Get, extension + "event/next");
    next.Headers.TryAddWithoutValidation("Lambda-Extension-Identifier", identifier);
    using var answer = await client.SendAsync(next, CancellationToken.None);
    var body = await answer.Content.ReadAsByteArrayAsync();
    if (!answer.IsSuccessStatusCode || body.AsSpan().IndexOf("\"SHUTDOWN\""u8) >= 0)
    {
        return answer.IsSuccessStatusCode ? 0 : 1;
    }
}
