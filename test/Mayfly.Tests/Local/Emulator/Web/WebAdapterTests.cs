using System.Net;
using System.Text;
using System.Text.Json;
using Mayfly.Local.Cli;
using Mayfly.Local.Emulator;
using Mayfly.Local.Emulator.Web;
using Mayfly.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Mayfly.Tests.Local.Emulator.Web;

/// <summary>A web application behind the adapter, all over real sockets.</summary>
public class WebAdapterTests
{
    [Fact]
    public async Task Requests_and_answers_cross_through_the_proxy()
    {
        await using WebApplication app = await AppAsync(async http =>
        {
            using var reader = new StreamReader(http.Request.Body);
            string seen = $"{http.Request.Method} {http.Request.Path}{http.Request.QueryString} {await reader.ReadToEndAsync()}";
            http.Response.StatusCode = 201;
            http.Response.ContentType = "text/plain; charset=utf-8";
            http.Response.Headers.SetCookie = new(["a=1", "b=2"]);
            http.Response.Headers["x-seen-trace"] = http.Request.Headers["x-amzn-trace-id"];
            http.Response.Headers["x-seen-context"] = http.Request.Headers["x-amzn-request-context"];
            http.Response.Headers["x-seen-lambda"] = http.Request.Headers["x-amzn-lambda-context"];
            http.Response.Headers["x-seen-mine"] = Uri.EscapeDataString(http.Request.Headers["x-mine"].ToString());
            await http.Response.WriteAsync(seen);
        });
        await using Played played = await Played.StartAsync(Played.Options(WebAdapter.ExtensionName));
        await using TcpRelay relay = TcpRelay.Start(IPEndPoint.Parse(played.Emulator.RuntimeApiAddress).Port);
        await using var running = new Running(Settings(played, app) with { InvocationApi = new Uri($"http://127.0.0.1:{relay.Port}") });

        const string Event = """
            {"version":"2.0","rawPath":"/pay","rawQueryString":"a=1","headers":{"x-mine":"ü","content-type":"text/plain","content-length":"9"},
             "body":"cents","requestContext":{"http":{"method":"POST"}}}
            """;
        InvocationResult result = await played.Emulator.InvokeAsync(Encoding.UTF8.GetBytes(Event), new() { RequestId = "r-1", TraceHeader = "Root=1-a-b" });

        Assert.Equal(InvocationStatus.Success, result.Status);
        using var document = JsonDocument.Parse(result.ResponseText);
        JsonElement root = document.RootElement;
        Assert.Equal(201, root.GetProperty("statusCode").GetInt32());
        Assert.Equal("POST /pay?a=1 cents", root.GetProperty("body").GetString());
        Assert.False(root.GetProperty("isBase64Encoded").GetBoolean());
        Assert.Equal(["a=1", "b=2"], root.GetProperty("cookies").EnumerateArray().Select(cookie => cookie.GetString()));
        JsonElement headers = root.GetProperty("headers");
        Assert.Equal("text/plain; charset=utf-8", headers.GetProperty("content-type").GetString());
        Assert.Equal("Root=1-a-b", headers.GetProperty("x-seen-trace").GetString());
        Assert.Equal("""{"http":{"method":"POST"}}""", headers.GetProperty("x-seen-context").GetString());
        Assert.Equal("%C3%BC", headers.GetProperty("x-seen-mine").GetString());
        Assert.Contains("\"request_id\":\"r-1\"", headers.GetProperty("x-seen-lambda").GetString());
        Assert.False(headers.TryGetProperty("transfer-encoding", out _));
        Assert.Equal(1, root.GetProperty("multiValueHeaders").GetProperty("x-seen-trace").GetArrayLength());
        Assert.True(relay.Connections > 0);
    }

    [Fact]
    public async Task Bytes_are_base64_other_events_pass_through_and_a_lost_application_is_an_error()
    {
        await using WebApplication app = await AppAsync(async http =>
        {
            if (http.Request.Path == "/events")
            {
                http.Response.ContentType = "application/json";
                await http.Request.Body.CopyToAsync(http.Response.Body);
            }
            else if (http.Request.Path == "/lost")
            {
                http.Abort();
            }
            else
            {
                http.Response.ContentType = "image/png";
                await http.Response.Body.WriteAsync(new byte[] { 0xff, 0 });
            }
        });
        await using Played played = await Played.StartAsync(Played.Options(WebAdapter.ExtensionName));
        await using var running = new Running(Settings(played, app));

        InvocationResult image = await InvokeAsync(played, """{"rawPath":"/image","requestContext":{"http":{"method":"GET"}}}""");
        Assert.Contains("\"body\":\"/wA=\",\"isBase64Encoded\":true", image.ResponseText);
        const string Queue = """{"Records":[{"eventSource":"aws:sqs"}]}""";
        Assert.Equal(Queue, (await InvokeAsync(played, Queue)).ResponseText);
        InvocationResult lost = await InvokeAsync(played, """{"rawPath":"/lost","requestContext":{"http":{"method":"POST"}}}""");
        Assert.Equal((InvocationStatus.HandledError, "Function.WebAppUnreachable"), (lost.Status, lost.ErrorType));
    }

    [Fact]
    public async Task Managed_instances_reach_the_application_several_at_a_time()
    {
        int inside = 0;
        var all = new TaskCompletionSource();
        await using WebApplication app = await AppAsync(async http =>
        {
            if (http.Request.Path == "/go")
            {
                if (Interlocked.Increment(ref inside) == 4)
                {
                    all.SetResult();
                }

                await all.Task.WaitAsync(Played.Patience);
            }
        });
        EmulatorOptions options = Played.Options(WebAdapter.ExtensionName) with { InitializationType = InitializationTypes.ManagedInstances, Concurrency = 4 };
        await using Played played = await Played.StartAsync(options);
        await using var running = new Running(Settings(played, app) with { Concurrency = 4 });
        InvocationResult[] results = await Task.WhenAll(Enumerable.Range(0, 4)
            .Select(_ => InvokeAsync(played, """{"rawPath":"/go","requestContext":{"http":{"method":"GET"}}}""")));
        Assert.All(results, result => Assert.StartsWith("{\"statusCode\":200", result.ResponseText));
    }

    [Fact]
    public async Task An_unmodified_web_server_runs_as_a_function()
    {
        Scripts.Need();

        // This tool's own intake stands for the web server: it knows nothing of Lambda.
        int port = FreePorts.One();
        string tool = typeof(CommandLine).Assembly.Location;
        var server = new ProcessCommand(Mayfly.Local.Cli.Repository.DotnetPath, tool, "intake", "--port", $"{port}");
        EmulatorOptions options = ProcessTests.Options(WebAdapterCommand.Extension(), server) with
        {
            Environment = new Dictionary<string, string> { ["PORT"] = $"{port}", ["AWS_LWA_READINESS_CHECK_PROTOCOL"] = "tcp" },
            InitTimeout = Played.Patience,
            Timeout = Played.Patience,
        };
        await using LambdaEmulator emulator = await LambdaEmulator.StartAsync(options);
        byte[] logs = """
            {"version":"2.0","rawPath":"/api/v2/logs","headers":{"dd-api-key":"k"},"body":"[]","requestContext":{"http":{"method":"POST"}}}
            """u8.ToArray();
        for (int i = 0; i < 2; i++)
        {
            InvocationResult result = await emulator.InvokeAsync(logs);
            Assert.Equal((InvocationStatus.Success, i == 0), (result.Status, result.Cold));
            Assert.StartsWith("{\"statusCode\":202", result.ResponseText);
        }
    }

    private static Task<InvocationResult> InvokeAsync(Played played, string json) => played.Emulator.InvokeAsync(Encoding.UTF8.GetBytes(json));

    private static WebAdapterSettings Settings(Played played, WebApplication app) => new()
    {
        RuntimeApi = played.Emulator.RuntimeApiAddress,
        InvocationApi = new Uri($"http://{played.Emulator.RuntimeApiAddress}"),
        Port = PortOf(app),
        ReadinessPort = PortOf(app),
    };

    private static async Task<WebApplication> AppAsync(RequestDelegate handler)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        WebApplication app = builder.Build();
        app.Run(handler);
        await app.StartAsync();
        return app;
    }

    private static int PortOf(WebApplication app) =>
        new Uri(app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First()).Port;

    /// <summary>An adapter in this process, from here to the end of the test.</summary>
    private sealed class Running : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly WebAdapter _adapter;
        private readonly Task _loop;

        public Running(WebAdapterSettings settings)
        {
            _adapter = new WebAdapter(settings);
            _loop = _adapter.RunAsync(_stop.Token);
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _loop);
            _adapter.Dispose();
            _stop.Dispose();
        }
    }
}
