using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;

namespace Mayfly.Tests.Local.Emulator;

/// <summary>One received telemetry event.</summary>
internal sealed record ReceivedEvent(string Type, JsonElement Record, string Time)
{
    public string? Text(string name) => Record.TryGetProperty(name, out JsonElement value) ? value.GetString() : null;

    /// <summary>Type and the field that tells events of a type apart, as in the specification's sequences.</summary>
    public string Short => Type switch
    {
        "platform.initStart" => $"initStart({Text("phase")})",
        "platform.initRuntimeDone" => $"initRuntimeDone({Text("errorType") ?? Text("status")})",
        "platform.initReport" => $"initReport({Text("phase")},{Text("status")})",
        "platform.runtimeDone" => $"runtimeDone({Text("errorType") ?? Text("status")})",
        "platform.report" => $"report({Text("errorType") ?? Text("status")})",
        "platform.restoreRuntimeDone" => $"restoreRuntimeDone({Text("errorType") ?? Text("status")})",
        "platform.restoreReport" => $"restoreReport({Text("status")})",
        "function" or "extension" => $"{Type}:{Record}",
        _ => Type.Replace("platform.", "", StringComparison.Ordinal),
    };
}

/// <summary>A telemetry listener on a real port that keeps what it gets.</summary>
internal sealed class TelemetrySink : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Lock _gate = new();
    private readonly List<ReceivedEvent> _events = [];
    private readonly List<int> _batches = [];
    private readonly List<(string? Given, string Hash)> _sequenceIds = [];
    private TaskCompletionSource? _hold;
    private int _refuse;
    private int _requests;

    private TelemetrySink()
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        _app = builder.Build();
        _app.Run(TakeAsync);
    }

    public int Port { get; private set; }

    /// <summary>Path, method, content type and user agent of the last request.</summary>
    public string LastRequest { get; private set; } = "";

    public IReadOnlyList<ReceivedEvent> Events
    {
        get
        {
            lock (_gate)
            {
                return [.. _events];
            }
        }
    }

    /// <summary>Requests that have arrived, answered or not.</summary>
    public int Requests => Volatile.Read(ref _requests);

    /// <summary>Number of events of each accepted request.</summary>
    public IReadOnlyList<int> Batches
    {
        get
        {
            lock (_gate)
            {
                return [.. _batches];
            }
        }
    }

    /// <summary>Of each accepted request the Sequence-Id, null if it had none, and what the body's hash is.</summary>
    public IReadOnlyList<(string? Given, string Hash)> SequenceIds
    {
        get
        {
            lock (_gate)
            {
                return [.. _sequenceIds];
            }
        }
    }

    public IReadOnlyList<string> Sequence => [.. Events.Select(one => one.Short)];

    public static async Task<TelemetrySink> StartAsync()
    {
        var sink = new TelemetrySink();
        await sink._app.StartAsync();
        sink.Port = new Uri(sink._app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First()).Port;
        return sink;
    }

    /// <summary>From now on requests are not answered until <see cref="Continue"/>.</summary>
    public void Hold() => _hold = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Continue()
    {
        _hold?.TrySetResult();
        _hold = null;
    }

    /// <summary>The next requests are answered with 500.</summary>
    public void Refuse(int requests) => _refuse = requests;

    public async ValueTask DisposeAsync()
    {
        Continue();
        await _app.DisposeAsync();
    }

    private async Task TakeAsync(HttpContext http)
    {
        using var bytes = new MemoryStream();
        await http.Request.Body.CopyToAsync(bytes);
        using JsonDocument body = JsonDocument.Parse(bytes.ToArray());
        Interlocked.Increment(ref _requests);
        if (_hold is { } hold)
        {
            await hold.Task;
        }

        if (Interlocked.Decrement(ref _refuse) >= 0)
        {
            http.Response.StatusCode = StatusCodes.Status500InternalServerError;
            return;
        }

        lock (_gate)
        {
            LastRequest = $"{http.Request.Method} {http.Request.Path} {http.Request.ContentType} {http.Request.Headers.UserAgent}";
            _sequenceIds.Add((http.Request.Headers["Sequence-Id"], Convert.ToBase64String(SHA256.HashData(bytes.ToArray()))));
            _batches.Add(body.RootElement.GetArrayLength());
            foreach (JsonElement item in body.RootElement.EnumerateArray())
            {
                JsonElement record = item.GetProperty("record").Clone();
                _events.Add(new ReceivedEvent(item.GetProperty("type").GetString()!, record, item.GetProperty("time").GetString()!));
            }
        }
    }
}
