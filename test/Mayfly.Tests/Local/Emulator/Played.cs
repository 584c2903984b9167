using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Mayfly.Local.Emulator;

namespace Mayfly.Tests.Local.Emulator;

/// <summary>An answer of the emulator, read completely.</summary>
internal sealed record Answer(HttpStatusCode Status, string Body, string? ContentType, HttpResponseHeaders Headers)
{
    public JsonElement Json => JsonDocument.Parse(Body).RootElement;

    public string ErrorType => Json.GetProperty("errorType").GetString()!;

    public string? Header(string name) => Headers.TryGetValues(name, out IEnumerable<string>? values) ? string.Join(',', values) : null;
}

/// <summary>Plays the runtime and the extensions of an emulator without processes, over real HTTP.</summary>
internal sealed class Played : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly HttpClient _http;

    private Played(LambdaEmulator emulator)
    {
        Emulator = emulator;
        var address = new Uri($"http://{emulator.RuntimeApiAddress}");
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = address, Timeout = Patience };
    }

    public LambdaEmulator Emulator { get; }

    public static EmulatorOptions Options(params string[] extensions) => new()
    {
        Function = null,
        Timeout = TimeSpan.FromSeconds(10),
        Grace = Patience,
        Extensions = [.. extensions.Select(name => new ExtensionCommand(name, null))],
    };

    public static async Task<Played> StartAsync(EmulatorOptions options) => new(await LambdaEmulator.StartAsync(options));

    public async Task<Answer> SendAsync(string method, string path, string? body = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        request.Content = body is null ? null : new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        foreach ((string name, string value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using HttpResponseMessage response = await _http.SendAsync(request);
        return new Answer(response.StatusCode, await response.Content.ReadAsStringAsync(), response.Content.Headers.ContentType?.ToString(), response.Headers);
    }

    public Task<Answer> RegisterAsync(string name, string events = """["INVOKE","SHUTDOWN"]""") =>
        SendAsync("POST", "/2020-01-01/extension/register", $$"""{"events":{{events}}}""", ("Lambda-Extension-Name", name));

    public async Task<string> RegisteredIdAsync(string name, string events = """["INVOKE","SHUTDOWN"]""") =>
        (await RegisterAsync(name, events)).Header("Lambda-Extension-Identifier")!;

    public Task<Answer> ExtensionNextAsync(string id) => SendAsync("GET", "/2020-01-01/extension/event/next", null, ("Lambda-Extension-Identifier", id));

    public Task<Answer> RuntimeNextAsync() => SendAsync("GET", "/2018-06-01/runtime/invocation/next");

    public Task<Answer> RestoreNextAsync() => SendAsync("GET", "/2018-06-01/runtime/restore/next");

    public Task<Answer> RestoreErrorAsync(string errorType) =>
        SendAsync("POST", "/2018-06-01/runtime/restore/error", "{}", ("Lambda-Runtime-Function-Error-Type", errorType));

    public Task<Answer> RespondAsync(string requestId, string body = "{}") => SendAsync("POST", $"/2018-06-01/runtime/invocation/{requestId}/response", body);

    public Task<Answer> SubscribeAsync(
        string id, int port, string buffering = """{"maxItems":1000,"maxBytes":262144,"timeoutMs":25}""", string schema = "2022-12-13") => SendAsync(
        "PUT",
        "/2022-07-01/telemetry",
        $$"""
        {"schemaVersion":"{{schema}}","types":["platform","function","extension"],
        "destination":{"protocol":"HTTP","URI":"http://sandbox:{{port}}/x"},"buffering":{{buffering}}}
        """,
        ("Lambda-Extension-Identifier", id));

    public Task<InvocationResult> InvokeAsync(InvokeOptions? options = null) => Emulator.InvokeAsync("{\"k\":1}"u8.ToArray(), options);

    /// <summary>A runtime that answers every event at once, until its connection is cut.</summary>
    public async Task PlayRuntimeAsync(string response = "{}")
    {
        try
        {
            while (true)
            {
                Answer next = await RuntimeNextAsync();
                await RespondAsync(next.Header("Lambda-Runtime-Aws-Request-Id")!, response);
            }
        }
        catch (HttpRequestException)
        {
            // The sandbox is gone.
        }
    }

    /// <summary>An extension that goes from event to event until SHUTDOWN or until its connection is cut; the events it got.</summary>
    public async Task<IReadOnlyList<string>> PlayExtensionAsync(string id)
    {
        List<string> events = [];
        try
        {
            while (true)
            {
                Answer next = await ExtensionNextAsync(id);
                string type = next.Json.GetProperty("eventType").GetString()!;
                events.Add(type == "SHUTDOWN" ? $"SHUTDOWN({next.Json.GetProperty("shutdownReason").GetString()})" : type);
                if (type == "SHUTDOWN")
                {
                    return events;
                }
            }
        }
        catch (HttpRequestException)
        {
            return events;
        }
    }

    /// <summary>What the sandbox did last; what others did meanwhile, over HTTP, may be noted after it.</summary>
    public static SandboxEventKind LastOf(IEnumerable<SandboxEvent> timeline) =>
        timeline.Last(entry => entry.Kind is not (SandboxEventKind.TelemetryDelivered or SandboxEventKind.NextCalled)).Kind;

    public async ValueTask DisposeAsync()
    {
        await Emulator.DisposeAsync();
        _http.Dispose();
    }
}
