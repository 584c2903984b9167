using System.Net;
using System.Text;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;

namespace Mayfly.Local.Emulator;

/// <summary>The one HTTP port of the sandbox: Runtime API, Extensions API, Telemetry API and, with SnapStart, the credentials on 127.0.0.1.</summary>
internal sealed class RuntimeApiServer : IAsyncDisposable
{
    private const int MaxHeaderBytes = 1024 * 1024;

    /// <summary>In effect for ever; an infinite limit overflows inside Kestrel and closes quiet connections within a second.</summary>
    private static readonly TimeSpan NoLimit = TimeSpan.FromDays(365);

    private readonly WebApplication _app;

    private RuntimeApiServer(WebApplication app, int port)
    {
        _app = app;
        Port = port;
    }

    public int Port { get; }

    /// <summary>Value of AWS_LAMBDA_RUNTIME_API.</summary>
    public string Address => $"127.0.0.1:{Port}";

    public static async Task<RuntimeApiServer> StartAsync(int port, Sandbox sandbox, EmulatorOptions options, CancellationToken ct)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, port);
            kestrel.AddServerHeader = false;

            // Frozen clients say nothing for as long as nobody invokes; a slow body is the client's right.
            kestrel.Limits.KeepAliveTimeout = NoLimit;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Limits.MaxRequestBodySize = null;

            // Error causes travel in headers, at any size and in any bytes.
            kestrel.Limits.MaxRequestHeadersTotalSize = MaxHeaderBytes;
            kestrel.Limits.MaxRequestBufferSize = MaxHeaderBytes + 1024;
            kestrel.RequestHeaderEncodingSelector = _ => Encoding.Latin1;
        });
        WebApplication app = builder.Build();
        var runtime = new RuntimeApi(sandbox, options);
        var extensions = new ExtensionsApi(sandbox, options);
        var telemetry = new TelemetryApi(sandbox, options);
        CredentialsApi? credentials = options.IsSnapStart ? new CredentialsApi(sandbox) : null;
        app.Run(http => credentials is not null && http.Request.Path == CredentialsApi.Path && http.Request.Method == "GET"
            ? credentials.GetAsync(http)
            : RouteAsync(http, runtime, extensions, telemetry));
        await app.StartAsync(ct);
        string bound = app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First();
        return new RuntimeApiServer(app, new Uri(bound).Port);
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    private static Task RouteAsync(HttpContext http, RuntimeApi runtime, ExtensionsApi extensions, TelemetryApi telemetry)
    {
        PathString path = http.Request.Path;
        Task handled = Task.CompletedTask;
        bool known = path.StartsWithSegments("/2018-06-01", out PathString rest) ? runtime.TryHandle(http, Below(rest), out handled)
            : path.StartsWithSegments("/2020-01-01/extension", out rest) && extensions.TryHandle(http, Below(rest), out handled);
        if (known)
        {
            return handled;
        }

        return path == "/2022-07-01/telemetry" && http.Request.Method == "PUT"
            ? telemetry.SubscribeAsync(http)
            : ApiAnswer.TextAsync(http, StatusCodes.Status404NotFound, "404 page not found\n");
    }

    private static string Below(PathString rest) => rest.HasValue ? rest.Value[1..] : "";
}
