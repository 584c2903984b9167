using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Mayfly.Config;

namespace Mayfly.Platforms.Lambda;

/// <summary>
/// The Extensions API and the subscription call of the Telemetry API, over plain HTTP on the sandbox's loopback
/// (docs/spec/01-lambda-lifecycle.md#12-extensions-api, #14-telemetry-api). No proxy, no time-out: <c>next</c> is a long poll without limit.
/// </summary>
public sealed class ExtensionClient : IDisposable
{
    /// <summary>The platform insists that this equals the file name in <c>/opt/extensions</c>, and clients look for a file of this name.</summary>
    public const string ExtensionName = "datadog-agent";

    private const string IdentifierHeader = "Lambda-Extension-Identifier";

    private readonly bool _isManagedInstance;
    private readonly Uri _registerUrl;
    private readonly Uri _nextUrl;
    private readonly Uri _telemetryUrl;
    private readonly HttpMessageInvoker _http;

    /// <param name="runtimeApi"><c>host:port</c>, as in <c>AWS_LAMBDA_RUNTIME_API</c>.</param>
    /// <param name="kind">Managed instances refuse INVOKE, and every telemetry schema but their own.</param>
    public ExtensionClient(string runtimeApi, SandboxKind kind = SandboxKind.OnDemand)
    {
        _isManagedInstance = kind == SandboxKind.ManagedInstances;
        _registerUrl = new Uri($"http://{runtimeApi}/2020-01-01/extension/register");
        _nextUrl = new Uri($"http://{runtimeApi}/2020-01-01/extension/event/next");
        _telemetryUrl = new Uri($"http://{runtimeApi}/2022-07-01/telemetry");
        _http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
            PooledConnectionLifetime = Timeout.InfiniteTimeSpan,
            ActivityHeadersPropagator = null,
        });
    }

    /// <summary>
    /// Registers for INVOKE, where the platform has such events, and SHUTDOWN. Throws <see cref="HttpRequestException"/> when the platform cannot be reached or
    /// refuses.
    /// </summary>
    public async Task<Registration> RegisterAsync(CancellationToken cancellation)
    {
        string events = _isManagedInstance ? """{"events":["SHUTDOWN"]}""" : """{"events":["INVOKE","SHUTDOWN"]}""";
        using var request = new HttpRequestMessage(HttpMethod.Post, _registerUrl) { Content = Json(events) };
        request.Headers.TryAddWithoutValidation("Lambda-Extension-Name", ExtensionName);
        request.Headers.TryAddWithoutValidation("Lambda-Extension-Accept-Feature", "accountId");
        using HttpResponseMessage response = await _http.SendAsync(request, cancellation);
        byte[] body = await response.Content.ReadAsByteArrayAsync(cancellation);
        if (!response.IsSuccessStatusCode)
        {
            throw Refusal("the registration", response.StatusCode, body);
        }

        string? id = response.Headers.TryGetValues(IdentifierHeader, out IEnumerable<string>? values) ? values.FirstOrDefault() : null;
        return id is null
            ? throw new HttpRequestException($"the platform's answer to the registration has no {IdentifierHeader} header")
            : Registration.Parse(id, body);
    }

    /// <summary>
    /// Subscribes the listener on <paramref name="port"/>. The platform takes no subscription any more once everybody has called <c>next</c>.
    /// </summary>
    /// <returns>Null when telemetry will come, else why it will not.</returns>
    public async Task<string?> SubscribeAsync(string extensionId, int port, IReadOnlyList<string> logTypes, CancellationToken cancellation)
    {
        string types = $"""["{string.Join("\",\"", ["platform", .. logTypes])}"]""";
        const string Buffering = """{"maxItems":1000,"maxBytes":262144,"timeoutMs":25}""";
        string destination = $$"""{"protocol":"HTTP","URI":"http://sandbox:{{port}}/"}""";
        string schema = _isManagedInstance ? "2025-01-29" : "2022-12-13";
        string body = $$"""{"schemaVersion":"{{schema}}","destination":{{destination}},"types":{{types}},"buffering":{{Buffering}}}""";
        using var request = new HttpRequestMessage(HttpMethod.Put, _telemetryUrl) { Content = Json(body) };
        request.Headers.TryAddWithoutValidation(IdentifierHeader, extensionId);
        try
        {
            using HttpResponseMessage response = await _http.SendAsync(request, cancellation);

            // Local emulators without telemetry answer 202: accepted, and nothing will ever come.
            return response.StatusCode == HttpStatusCode.OK
                ? null
                : $"{(int)response.StatusCode} {await response.Content.ReadAsStringAsync(cancellation)}";
        }
        catch (HttpRequestException e)
        {
            return e.Message;
        }
    }

    /// <summary>
    /// Says that we are done and waits for the next event. Throws <see cref="HttpRequestException"/>, with the status when the platform answered.
    /// </summary>
    public async Task<ExtensionEvent> NextAsync(string extensionId, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, _nextUrl);
        request.Headers.TryAddWithoutValidation(IdentifierHeader, extensionId);
        using HttpResponseMessage response = await _http.SendAsync(request, cancellation);
        byte[] body = await response.Content.ReadAsByteArrayAsync(cancellation);
        return response.IsSuccessStatusCode
            ? ExtensionEvent.Parse(body)
            : throw Refusal("next", response.StatusCode, body);
    }

    public void Dispose() => _http.Dispose();

    private static HttpRequestException Refusal(string what, HttpStatusCode status, byte[] body) =>
        new($"the platform refused {what}: {(int)status} {Encoding.UTF8.GetString(body)}", null, status);

    private static ByteArrayContent Json(string text)
    {
        var content = new ByteArrayContent(Encoding.UTF8.GetBytes(text));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return content;
    }
}
