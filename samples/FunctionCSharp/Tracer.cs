using System.Globalization;
using System.Net.Http.Headers;
using System.Text;

namespace FunctionCSharp;

/// <summary>
/// What an automatically instrumented .NET function says to the agent: start-invocation, traces, end-invocation, in this order, each awaited
/// (docs/spec/07-observed-clients.md, section 5; docs/spec/01-lambda-lifecycle.md, 3.2 and 3.3). An agent that does not answer costs nothing but the data.
/// </summary>
internal sealed class Tracer(FunctionEnvironment environment, Manifest manifest) : IDisposable
{
    private const int UserKeep = 1;

    private readonly HttpClient _lifecycle = NewClient(environment.LifecyclePort, TimeSpan.FromSeconds(5));
    private readonly HttpClient _traces = NewClient(environment.TracePort, TimeSpan.FromSeconds(3));

    /// <summary>A tracer's first words: it asks what the agent can do and probes the trace endpoint with an empty payload.</summary>
    public async Task StartAsync()
    {
        await TryAsync("GET /info", async () => await _traces.GetAsync("info"));
        await SendTracesAsync([]);
    }

    public async Task<TraceContext> StartInvocationAsync(Invocation invocation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "lambda/start-invocation");
        request.Headers.Add("x-datadog-tracing-enabled", "false");
        request.Headers.Add("lambda-runtime-aws-request-id", invocation.RequestId);
        request.Content = new ByteArrayContent(invocation.Event) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        using HttpResponseMessage? answer = await TryAsync("POST /lambda/start-invocation", () => _lifecycle.SendAsync(request));
        return new TraceContext(
            environment.ServiceName,
            invocation.RequestId,
            ulong.TryParse(Header(answer, "x-datadog-trace-id"), CultureInfo.InvariantCulture, out ulong traceId) ? traceId : null,
            ulong.TryParse(Header(answer, "x-datadog-parent-id"), CultureInfo.InvariantCulture, out ulong parentId) ? parentId : 0,
            int.TryParse(Header(answer, "x-datadog-sampling-priority"), CultureInfo.InvariantCulture, out int priority) ? priority : UserKeep,
            agentKnows: answer is not null);
    }

    public async Task EndInvocationAsync(Invocation invocation, TraceContext trace, byte[] response, Exception? error)
    {
        trace.Finish();
        IReadOnlyList<Span> spans = trace.AgentKnows ? trace.Spans : [.. trace.Spans.Skip(1)];
        manifest.Spans(invocation.RequestId, trace);
        await SendTracesAsync(spans);
        if (!trace.AgentKnows)
        {
            return;
        }

        using var request = new HttpRequestMessage(HttpMethod.Post, "lambda/end-invocation");
        request.Headers.Add("x-datadog-tracing-enabled", "false");
        request.Headers.Add("lambda-runtime-aws-request-id", invocation.RequestId);
        request.Headers.Add("x-datadog-trace-id", trace.TraceId.ToString(CultureInfo.InvariantCulture));
        request.Headers.Add("x-datadog-span-id", trace.Root.SpanId.ToString(CultureInfo.InvariantCulture));
        request.Headers.Add("x-datadog-sampling-priority", trace.Priority.ToString(CultureInfo.InvariantCulture));
        if (error is not null)
        {
            request.Headers.Add("x-datadog-invocation-error", "true");
            request.Headers.Add("x-datadog-invocation-error-msg", Base64(error.Message));
            request.Headers.Add("x-datadog-invocation-error-type", Base64(error.GetType().FullName ?? error.GetType().Name));
            request.Headers.Add("x-datadog-invocation-error-stack", Base64(error.ToString()));
        }

        request.Content = new ByteArrayContent(response);
        using HttpResponseMessage? _ = await TryAsync("POST /lambda/end-invocation", () => _lifecycle.SendAsync(request));
    }

    public void Dispose()
    {
        _lifecycle.Dispose();
        _traces.Dispose();
    }

    public async Task SendTracesAsync(IReadOnlyList<Span> spans)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "v0.4/traces");
        request.Headers.ConnectionClose = true;
        request.Headers.Add("Datadog-Meta-Lang", ".NET");
        request.Headers.Add("Datadog-Meta-Lang-Version", Environment.Version.ToString());
        request.Headers.Add("Datadog-Meta-Lang-Interpreter", ".NET");
        request.Headers.Add("Datadog-Meta-Tracer-Version", "3.52.0");
        request.Headers.Add("Datadog-Client-Computed-Top-Level", "1");
        request.Headers.Add("X-Datadog-Trace-Count", spans.Count == 0 ? "0" : "1");
        request.Content = new ByteArrayContent(MsgPack.Traces(spans)) { Headers = { ContentType = new MediaTypeHeaderValue("application/msgpack") } };
        using HttpResponseMessage? _ = await TryAsync("POST /v0.4/traces", () => _traces.SendAsync(request));
    }

    /// <summary>The answer if it was a success; null and a line in the manifest if not. A function never fails because of its agent.</summary>
    private async Task<HttpResponseMessage?> TryAsync(string what, Func<Task<HttpResponseMessage>> send)
    {
        try
        {
            HttpResponseMessage answer = await send();
            if (answer.IsSuccessStatusCode)
            {
                return answer;
            }

            manifest.Failure($"{what} was answered {(int)answer.StatusCode}");
            answer.Dispose();
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            manifest.Failure($"{what} failed: {(e.InnerException ?? e).Message}");
        }

        return null;
    }

    private static HttpClient NewClient(int port, TimeSpan timeout) => new() { BaseAddress = new Uri($"http://127.0.0.1:{port}/"), Timeout = timeout };

    private static string? Header(HttpResponseMessage? answer, string name) =>
        answer is not null && answer.Headers.TryGetValues(name, out IEnumerable<string>? values) ? values.FirstOrDefault() : null;

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
