using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;

namespace FunctionCSharp;

/// <summary>One event to handle; the deadline is Unix time in milliseconds.</summary>
internal sealed record Invocation(string RequestId, long DeadlineMs, byte[] Event);

/// <summary>The Lambda Runtime API, version 2018-06-01.</summary>
internal sealed class RuntimeClient(string runtimeApi) : IDisposable
{
    private readonly HttpClient _client = new()
    {
        BaseAddress = new Uri($"http://{runtimeApi}/2018-06-01/runtime/"),
        Timeout = Timeout.InfiniteTimeSpan, // The next event may be hours away.
    };

    public async Task<Invocation> NextAsync()
    {
        using HttpResponseMessage next = await _client.GetAsync("invocation/next");
        next.EnsureSuccessStatusCode();
        string id = next.Headers.GetValues("Lambda-Runtime-Aws-Request-Id").First();
        string deadline = next.Headers.GetValues("Lambda-Runtime-Deadline-Ms").First();
        return new Invocation(id, long.Parse(deadline, CultureInfo.InvariantCulture), await next.Content.ReadAsByteArrayAsync());
    }

    public async Task RespondAsync(Invocation invocation, byte[] response)
    {
        using var content = new ByteArrayContent(response) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        using HttpResponseMessage _ = await _client.PostAsync($"invocation/{invocation.RequestId}/response", content);
    }

    public async Task FailAsync(Invocation invocation, Exception error)
    {
        string type = error.GetType().Name;
        var body = new JsonObject
        {
            ["errorMessage"] = error.Message,
            ["errorType"] = type,
            ["stackTrace"] = new JsonArray([.. (error.StackTrace ?? "").Split('\n').Select(line => (JsonNode)line.Trim())]),
        };
        using var request = new HttpRequestMessage(HttpMethod.Post, $"invocation/{invocation.RequestId}/error");
        request.Headers.Add("Lambda-Runtime-Function-Error-Type", type);
        request.Content = new StringContent(body.ToJsonString());
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/vnd.aws.lambda.error+json");
        using HttpResponseMessage _ = await _client.SendAsync(request);
    }

    public void Dispose() => _client.Dispose();
}
