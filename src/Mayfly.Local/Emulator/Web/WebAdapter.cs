using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Mayfly.Local.Emulator.Web;

/// <summary>
/// Runs a web application as a function: an extension without events that takes the invocations in the runtime's place, sends each as an HTTP request to the
/// application on this machine and posts its answer (docs/spec/01-lambda-lifecycle.md#9-runtime-api-proxy). The application is the sandbox's runtime process.
/// </summary>
internal sealed class WebAdapter : IDisposable
{
    /// <summary>The file name in <c>/opt/extensions</c> and the name to register with.</summary>
    public const string ExtensionName = "lambda-adapter";

    private const string ExtensionPath = "/2020-01-01/extension/";
    private const string InvocationPath = "/2018-06-01/runtime/invocation/";
    private const string RequestIdHeader = "Lambda-Runtime-Aws-Request-Id";
    private const string Unreachable = "Function.WebAppUnreachable";
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(10);

    /// <summary>Shorter than the keep-alive of common servers: after a freeze theirs has run out.</summary>
    private static readonly TimeSpan IdleConnection = TimeSpan.FromSeconds(4);
    private static readonly string[] OfTheConnection = ["connection", "content-length", "transfer-encoding", "keep-alive"];

    private readonly WebAdapterSettings _settings;
    private readonly HttpClient _lambda = NewClient(Timeout.InfiniteTimeSpan);
    private readonly HttpClient _app = NewClient(IdleConnection);

    public WebAdapter(WebAdapterSettings settings)
    {
        _settings = settings;
        _app.BaseAddress = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{settings.Port}"));
    }

    /// <summary>Registers, waits for the application, and forwards until the sandbox is gone.</summary>
    /// <exception cref="HttpRequestException">An API refused a call.</exception>
    public async Task RunAsync(CancellationToken ct)
    {
        Task waiting = await RegisterAsync(ct);
        await WaitForAppAsync(ct);
        await Task.WhenAll(Enumerable.Range(0, _settings.Concurrency).Select(_ => ForwardAsync(ct)).Append(waiting));
    }

    public void Dispose()
    {
        _lambda.Dispose();
        _app.Dispose();
    }

    /// <summary>Registers for no event; the returned next call says that this extension is ready, and is never answered.</summary>
    private async Task<Task> RegisterAsync(CancellationToken ct)
    {
        string api = $"http://{_settings.RuntimeApi}{ExtensionPath}";
        using var register = new HttpRequestMessage(HttpMethod.Post, api + "register") { Content = new StringContent("""{"events":[]}""") };
        register.Headers.Add("Lambda-Extension-Name", ExtensionName);
        using HttpResponseMessage answer = await _lambda.SendAsync(register, ct);
        answer.EnsureSuccessStatusCode();

        var next = new HttpRequestMessage(HttpMethod.Get, api + "event/next");
        next.Headers.Add(ExtensionsApi.IdentifierHeader, answer.Headers.GetValues(ExtensionsApi.IdentifierHeader).First());
        return _lambda.SendAsync(next, ct);
    }

    private async Task WaitForAppAsync(CancellationToken ct)
    {
        while (!await IsReadyAsync(ct))
        {
            await Task.Delay(Retry, ct);
        }
    }

    /// <summary>Any answer below 500 will do.</summary>
    private async Task<bool> IsReadyAsync(CancellationToken ct)
    {
        try
        {
            if (_settings.ReadinessByTcp)
            {
                using var connection = new TcpClient();
                await connection.ConnectAsync("127.0.0.1", _settings.ReadinessPort, ct);
                return true;
            }

            Uri address = new(new UriBuilder("http", "127.0.0.1", _settings.ReadinessPort).Uri, _settings.ReadinessPath);
            using HttpResponseMessage answer = await _app.GetAsync(address, ct);
            return (int)answer.StatusCode < 500;
        }
        catch (Exception e) when (e is HttpRequestException or SocketException)
        {
            return false;
        }
    }

    private async Task ForwardAsync(CancellationToken ct)
    {
        while (true)
        {
            using HttpResponseMessage next = await NextAsync(ct);
            string path = InvocationPath + next.Headers.GetValues(RequestIdHeader).First();
            WebRequest request = WebRequest.Of(await next.Content.ReadAsByteArrayAsync(ct), _settings);
            try
            {
                using HttpRequestMessage message = ToMessage(request, next);
                using HttpResponseMessage answer = await _app.SendAsync(message, ct);
                byte[] body = request.IsHttp ? await WebResponse.WriteAsync(answer, ct) : await answer.Content.ReadAsByteArrayAsync(ct);
                await PostAsync(path + "/response", body, null, ct);
            }
            catch (Exception e) when (e is HttpRequestException or IOException or UriFormatException)
            {
                await PostAsync(path + "/error", RuntimeApi.ErrorDocument(Unreachable, e.Message), Unreachable, ct);
            }
        }
    }

    /// <summary>An event. A proxy may not be there yet, or be restarting: connecting is tried until somebody answers.</summary>
    private async Task<HttpResponseMessage> NextAsync(CancellationToken ct)
    {
        while (true)
        {
            try
            {
                HttpResponseMessage next = await _lambda.GetAsync(new Uri(_settings.InvocationApi, InvocationPath + "next"), ct);
                return next.EnsureSuccessStatusCode();
            }
            catch (HttpRequestException e) when (e.StatusCode is null)
            {
                await Task.Delay(Retry, ct);
            }
        }
    }

    /// <summary>What becomes of an answer is the platform's affair: an invocation that has timed out takes none.</summary>
    private async Task PostAsync(string path, byte[] body, string? errorType, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_settings.InvocationApi, path)) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new("application/json");
        if (errorType is not null)
        {
            request.Headers.Add("Lambda-Runtime-Function-Error-Type", errorType);
        }

        using HttpResponseMessage _ = await _lambda.SendAsync(request, ct);
    }

    private HttpRequestMessage ToMessage(WebRequest request, HttpResponseMessage next)
    {
        var message = new HttpRequestMessage(new HttpMethod(request.Method), new Uri(_app.BaseAddress!, request.Target));
        bool hasContent = request.Body.Length > 0 || request.Headers.Any(header => header.Key.StartsWith("content-", StringComparison.OrdinalIgnoreCase));
        message.Content = hasContent ? new ByteArrayContent(request.Body) : null;
        foreach ((string name, string value) in request.Headers)
        {
            if (!OfTheConnection.Contains(name, StringComparer.OrdinalIgnoreCase) && !message.Headers.TryAddWithoutValidation(name, value))
            {
                message.Content?.Headers.TryAddWithoutValidation(name, value);
            }
        }

        if (request.RequestContext.Length > 0)
        {
            message.Headers.TryAddWithoutValidation("x-amzn-request-context", Printable(request.RequestContext));
        }

        message.Headers.TryAddWithoutValidation("x-amzn-lambda-context", Printable(LambdaContext(next)));
        if (next.Headers.TryGetValues("Lambda-Runtime-Trace-Id", out IEnumerable<string>? trace) && !message.Headers.Contains("x-amzn-trace-id"))
        {
            message.Headers.TryAddWithoutValidation("x-amzn-trace-id", trace);
        }

        return message;
    }

    private static string LambdaContext(HttpResponseMessage next) => Encoding.UTF8.GetString(ApiAnswer.Json(writer =>
    {
        writer.WriteString("request_id", Header(RequestIdHeader));
        _ = long.TryParse(Header("Lambda-Runtime-Deadline-Ms"), NumberStyles.None, CultureInfo.InvariantCulture, out long deadline);
        writer.WriteNumber("deadline", deadline);
        writer.WriteString("invoked_function_arn", Header("Lambda-Runtime-Invoked-Function-Arn"));
        writer.WriteString("xray_trace_id", Header("Lambda-Runtime-Trace-Id"));

        string? Header(string name) => next.Headers.TryGetValues(name, out IEnumerable<string>? values) ? values.First() : null;
    }));

    /// <summary>JSON may be written over several lines and in any script; a header holds one line of ASCII.</summary>
    private static string Printable(string json)
    {
        var line = new StringBuilder(json.Length);
        foreach (char c in json)
        {
            if (c is >= ' ' and <= '~')
            {
                line.Append(c);
            }
            else if (c > '~')
            {
                line.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            }
        }

        return line.ToString();
    }

    private static HttpClient NewClient(TimeSpan idle) => new(new SocketsHttpHandler
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        PooledConnectionIdleTimeout = idle,
        ActivityHeadersPropagator = null,
        RequestHeaderEncodingSelector = (_, _) => Encoding.UTF8,
        ResponseHeaderEncodingSelector = (_, _) => Encoding.UTF8,
    })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };
}
