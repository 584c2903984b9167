using System.Text;
using Mayfly.Config;
using Mayfly.Delivery;
using Mayfly.Diagnostics;
using Mayfly.Http;
using Mayfly.Intake;
using Mayfly.Lifecycle;
using Mayfly.Proxies;
using Mayfly.Secrets;
using Mayfly.Tags;
using Mayfly.Testing;
using Mayfly.Tests.Config;
using Mayfly.Tests.Http;

namespace Mayfly.Tests.Proxies;

/// <summary>The proxied endpoints behind a real door, in front of one intake that plays all of them.</summary>
internal sealed class ProxyRig : IAsyncDisposable
{
    public const string Key = "0123456789abcdef0123456789abcdef";

    /// <summary>What the platform adds, as one text.</summary>
    public const string Tags = "functionname:my-fn,env:dev,_dd.origin:lambda";

    private readonly MemoryStream _output = new();
    private readonly IntakeClient _client;
    private readonly ApiKeyProvider _apiKey;
    private readonly FlushCoordinator _flushes;
    private ServerRig? _server;

    private ProxyRig(RecordingIntake intake, long bufferBytes, (string, string)[] variables)
    {
        Intake = intake;
        Settings = Environments.Read(variables);
        var log = new Log(LogLevel.Debug, _output);
        _client = new IntakeClient(Settings);
        _apiKey = new ApiKeyProvider(Settings.Secrets, intake.Url, TimeProvider.System, log);
        Buffer = new ProxyBuffer(Counts, bufferBytes);
        var forwarder = new ProxyForwarder(_client, _apiKey, Counts, TimeProvider.System, log);
        Routes = new ProxyRoutes(Settings.Proxies, new ProxyIdentity("7.99.0", "dev"), Buffer, forwarder, log)
        {
            Tags = new ProxyTags(TagSet.Empty.With("functionname", "my-fn").With("env", "dev"), "lambda"),
        };
        Routes.AddTo(Table);
        _flushes = new FlushCoordinator([Buffer], _client, _apiKey, AllCounters, log, Time) { ProbeWait = TimeSpan.FromSeconds(20) };
    }

    public JumpingClock Time { get; } = new();

    public RecordingIntake Intake { get; }

    public Settings Settings { get; }

    public ProxyBuffer Buffer { get; }

    public ProxyRoutes Routes { get; }

    public RouteTable Table { get; } = new();

    public Counters AllCounters { get; } = new();

    public SignalCounters Counts => AllCounters[Signal.Proxied];

    public int Port => _server!.Port;

    public BodyBudget Budget => _server!.Budget;

    public string[] Lines => Encoding.UTF8.GetString(_output.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>All intakes at one address; the variables win.</summary>
    public static Task<ProxyRig> StartAsync(params (string, string)[] variables)
    {
        var intake = new RecordingIntake();
        return StartWithAsync(intake, ProxyBuffer.LimitBytes, [(Keys.ApiKey, Key), .. AllAt(intake.Url).Where(one => !variables.Any(v => v.Item1 == one.Item1)), .. variables]);
    }

    public static Task<ProxyRig> StartSmallAsync(long bufferBytes)
    {
        var intake = new RecordingIntake();
        return StartWithAsync(intake, bufferBytes, [(Keys.ApiKey, Key), .. AllAt(intake.Url)]);
    }

    /// <summary>Intakes as the site has them: nothing is to be sent.</summary>
    public static Task<ProxyRig> StartAtSiteAsync(params (string, string)[] variables) => StartWithAsync(new RecordingIntake(), ProxyBuffer.LimitBytes, variables);

    public static (string, string)[] AllAt(string url) =>
    [
        (Keys.TracesUrl, url), (Keys.MetricsUrl, url), (Keys.ProfilingUrl, url), (Keys.TelemetryProxyUrl, url), (Keys.DebuggerUrl, url),
        (Keys.DiagnosticsUrl, url), (Keys.SymbolsUrl, url), (Keys.EvpUrl, url), (Keys.LineageUrl, url),
    ];

    public async Task<RawAnswer> SendAsync(string method, string path, byte[] body, params string[] headers)
    {
        using var client = new RawHttp(Port);
        return await client.RequestAsync(method, path, body, headers);
    }

    /// <summary>The same body, in chunks of whose sizes nobody is told before.</summary>
    public async Task<RawAnswer> SendChunkedAsync(string method, string path, byte[] body, params string[] headers)
    {
        using var client = new RawHttp(Port);
        string more = string.Concat(headers.Select(static header => header + "\r\n"));
        await client.SendAsync($"{method} {path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n{more}\r\n");
        foreach (byte[] chunk in body.Chunk(Math.Max(1, body.Length / 3)))
        {
            await client.SendAsync($"{chunk.Length:x}\r\n", [.. chunk, (byte)'\r', (byte)'\n']);
        }

        await client.SendAsync("0\r\n\r\n");
        return await client.ReadAsync();
    }

    public Task<FlushReport> FlushAsync(double seconds = 20) => _flushes.FlushAsync(Deadline.In(Time, TimeSpan.FromSeconds(seconds)));

    public void DropRest() => _flushes.DropRest();

    /// <summary>What waits, taken out.</summary>
    public ForwardedRequest[] Take()
    {
        var payloads = new List<IntakePayload>();
        Buffer.TakePayloads(payloads);
        payloads.ForEach(static payload => payload.Dispose());
        return [.. payloads.Select(static payload => payload.Forward!)];
    }

    public async ValueTask DisposeAsync()
    {
        await _server!.DisposeAsync();
        _client.Dispose();
        _apiKey.Dispose();
        _flushes.Dispose();
        await Intake.DisposeAsync();
    }

    private static async Task<ProxyRig> StartWithAsync(RecordingIntake intake, long bufferBytes, (string, string)[] variables)
    {
        var rig = new ProxyRig(intake, bufferBytes, variables);
        rig._server = await ServerRig.StartAsync(rig.Table);
        return rig;
    }
}
