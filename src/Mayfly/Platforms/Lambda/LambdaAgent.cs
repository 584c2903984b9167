using System.Net.Sockets;
using System.Runtime.InteropServices;
using Mayfly.Config;
using Mayfly.Diagnostics;
using Mayfly.Http;
using Mayfly.Intake;
using Mayfly.Lifecycle;
using Mayfly.Logs;
using Mayfly.Metrics;
using Mayfly.Platforms.Lambda.Invocations;
using Mayfly.Platforms.Lambda.Telemetry;
using Mayfly.Tags;
using Mayfly.Traces;

namespace Mayfly.Platforms.Lambda;

/// <summary>
/// The agent as a Lambda extension: composes the signals, registers, and follows the sandbox from the first <c>next</c> to SHUTDOWN
/// (docs/spec/01-lambda-lifecycle.md). It never ends before SHUTDOWN once registered: an extension that exits takes the function down with it.
/// </summary>
public sealed class LambdaAgent : IAsyncDisposable
{
    /// <summary>
    /// The agent stops waiting and sending this long before an invocation's deadline, whatever happens: enough to be back at <c>next</c> 100 ms before it, also on a
    /// fraction of a CPU.
    /// </summary>
    private static readonly TimeSpan InvocationMargin = TimeSpan.FromMilliseconds(200);

    /// <summary>Kept back of the shutdown budget for the process to end by itself.</summary>
    private static readonly TimeSpan ShutdownMargin = TimeSpan.FromMilliseconds(100);

    /// <summary>One flush of an invocation takes no longer, however generous the function's own deadline is: the time is billed.</summary>
    private static readonly TimeSpan LongestFlush = TimeSpan.FromSeconds(5);

    /// <summary>A flush with less time than this is not begun: cut off after the intake has read it, all of it would be sent again.</summary>
    private static readonly TimeSpan ShortestFlush = TimeSpan.FromMilliseconds(50);

    /// <summary>How long requests that are being received when the runtime is done are waited for.</summary>
    private static readonly TimeSpan LongestSettling = TimeSpan.FromMilliseconds(250);

    /// <summary>How long SHUTDOWN waits for the reports of invocations that were cut off.</summary>
    private static readonly TimeSpan LongestWaitForReports = TimeSpan.FromMilliseconds(150);

    private readonly Settings _settings;
    private readonly TimeProvider _time;
    private readonly Log _log;
    private readonly MetricAggregator _metrics;
    private readonly TracePipeline _traces;
    private readonly LogBuffer _logBuffer;
    private readonly LambdaLogs? _logs;
    private readonly InvocationTracker _invocations;
    private readonly IntakeClient _intake;
    private readonly FlushCoordinator _flushes;
    private readonly HttpEndpoint[] _endpoints;
    private readonly HttpEndpoint _telemetryEndpoint;
    private readonly HttpServer _server;
    private readonly DogStatsdListener? _dogStatsd;
    private readonly ExtensionClient _platform;
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _stopRequested = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ExecutionSpanWriter? _spanWriter;
    private FunctionIdentity? _identity;
    private bool _telemetryComes = true;

    /// <summary>Builds everything and binds every port; nothing is sent or answered yet.</summary>
    public LambdaAgent(Settings settings, string runtimeApi, TimeProvider time, Log log)
    {
        _settings = settings;
        _time = time;
        _log = log;
        Counters = new Counters();

        // The Node and Python libraries send this one too (docs/spec/07-observed-clients.md#7-traps-for-the-implementation-each-seen-above).
        var metricSettings = new MetricSettings { IgnoredNames = ["aws.lambda.enhanced.invocations"] };
        _metrics = new MetricAggregator(metricSettings, Counters[Signal.Metrics], time);
        _invocations = new InvocationTracker(new EnhancedMetrics(_metrics, settings.EnhancedMetrics), SendExecutionSpan, time);
        var traceSettings = new TraceSettings { Env = settings.Env ?? "", AgentVersion = BuildInfo.Version, AsksIntakeForStats = !settings.ComputeStats };
        _traces = new TracePipeline(traceSettings, Counters[Signal.Traces], new LambdaSpanInspector(new InternalSpans(settings), _invocations));
        _logBuffer = new LogBuffer(new LogSettings(), Counters[Signal.Logs]);
        _logs = settings.LogsEnabled ? new LambdaLogs(_logBuffer, log) : null;
        _intake = new IntakeClient(settings);
        _flushes = new FlushCoordinator([_traces, _metrics, _logBuffer], _intake, settings.ApiKey, Counters, log);
        _platform = new ExtensionClient(runtimeApi);

        ListenerSettings ports = settings.Listeners;
        _telemetryEndpoint = new HttpEndpoint("telemetry listener", HttpEndpoint.Everywhere, ports.TelemetryPort, new TelemetryRoutes(_invocations, _logs, time, log).Table());
        _endpoints = [.. Endpoints(ports)];
        _server = HttpServer.Bind(_endpoints, new BodyBudget(BodiesInMemoryLimitBytes), log);
        _dogStatsd = BindDogStatsd(ports);
    }

    /// <summary>Bodies of requests that are being received and decoded, all together.</summary>
    public const long BodiesInMemoryLimitBytes = 64L * 1024 * 1024;

    /// <summary>What went through so far.</summary>
    public Counters Counters { get; }

    /// <summary>Registers and serves until SHUTDOWN; returns the process's exit code.</summary>
    public async Task<int> RunAsync()
    {
        Task serving = _server.StartAsync(_stop.Token);
        _dogStatsd?.Start();
        Registration? registration = await RegisterAsync();
        if (registration is null)
        {
            return 1;
        }

        Identify(registration);
        Task<string?> subscription = await SubscribeAsync(registration);
        await serving;
        Task<ExtensionEvent> next = _platform.NextAsync(registration.ExtensionId, _stop.Token);

        // From here on nothing stands between the function and its first invocation.
        using PosixSignalRegistration terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, StopInOrder);
        using PosixSignalRegistration interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, StopInOrder);
        foreach (string warning in _settings.Warnings)
        {
            _log.Warn(warning);
        }

        return await FollowAsync(registration, next, subscription);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _dogStatsd?.Dispose();
        _metrics.Dispose();
        _platform.Dispose();
        _intake.Dispose();
        _flushes.Dispose();
        _stop.Dispose();
    }

    private IEnumerable<HttpEndpoint> Endpoints(ListenerSettings ports)
    {
        if (ports.LifecyclePort != 0)
        {
            yield return new HttpEndpoint("lifecycle API", HttpEndpoint.Loopback, ports.LifecyclePort, new LifecycleRoutes(_invocations, _time).Table());
        }

        if (ports.TracePort != 0)
        {
            var table = new RouteTable();
            var info = new AgentInfo(BuildInfo.Version, _settings.Env ?? "none", ports.TracePort, ports.DogStatsdPort, ports.MaxTraceBodyBytes);
            new TraceRoutes(_traces, info, ports.MaxTraceBodyBytes, _log).AddTo(table);
            new DogStatsdProxyRoute(_metrics).AddTo(table);
            table.Map("/debug/mayfly", exchange => exchange.RespondAsync(200, DebugPage.Write(Counters), "application/json"), "GET");
            yield return new HttpEndpoint("trace agent", HttpEndpoint.Loopback, ports.TracePort, table);
        }

        if (ports.TelemetryPort != 0)
        {
            yield return _telemetryEndpoint;
        }
    }

    private DogStatsdListener? BindDogStatsd(ListenerSettings ports)
    {
        if (ports.DogStatsdPort == 0)
        {
            return null;
        }

        if (DogStatsdSocket.TryBind(ports.DogStatsdPort, ports.DogStatsdNonLocal, DogStatsdListener.ReceiveQueueBytes, out Socket? socket, out string? error))
        {
            return new DogStatsdListener(socket, _metrics, _log);
        }

        _log.Error($"DogStatsD: UDP port {ports.DogStatsdPort} cannot be used ({error}), so custom metrics over UDP are off. Another agent may be running; free the port or set {Keys.DogStatsdPort}.");
        return null;
    }

    /// <summary>A platform that cannot be reached is tried again for a moment; one that refuses is not. Null: this process cannot be an extension.</summary>
    private async Task<Registration?> RegisterAsync()
    {
        const int Attempts = 3;
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return await _platform.RegisterAsync(_stop.Token);
            }
            catch (HttpRequestException e) when (e.StatusCode is null && attempt < Attempts)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50 * attempt), _time);
            }
            catch (HttpRequestException e)
            {
                _log.Error($"Registration as a Lambda extension failed: {e.Message}. The executable must be /opt/extensions/{ExtensionClient.ExtensionName} of a Lambda function.");
                return null;
            }
        }
    }

    private void Identify(Registration registration)
    {
        _identity = new FunctionIdentity(_settings, registration);
        _metrics.DefaultTags = _identity.Tags;
        _traces.Tags = new PlatformTags(_identity.Tags, "lambda");
        _logBuffer.Identity = new LogIdentity(_identity.Arn, _identity.Service, _identity.Tags.Joined);
    }

    /// <summary>Returns once the request is on its way; the inner task tells later what became of it.</summary>
    private async Task<Task<string?>> SubscribeAsync(Registration registration)
    {
        if (_server.PortOf(_telemetryEndpoint) is not { } port)
        {
            return Task.FromResult<string?>("the telemetry listener is off");
        }

        var sent = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<string?> subscription = _platform.SubscribeAsync(registration.ExtensionId, port, _settings.LogsEnabled, sent, _stop.Token);
        await sent.Task;
        return subscription;
    }

    /// <summary>The loop of the sandbox's life: next → invocation → next … → SHUTDOWN.</summary>
    private async Task<int> FollowAsync(Registration registration, Task<ExtensionEvent> next, Task<string?> subscription)
    {
        int troubles = 0;
        while (true)
        {
            ExtensionEvent current;
            try
            {
                current = await next;
                troubles = current.Kind == ExtensionEventKind.Unknown ? troubles + 1 : 0;
            }
            catch (OperationCanceledException)
            {
                await ShutDownAsync("sigterm", Deadline.In(_time, LongestFlush));
                return 0;
            }
            catch (HttpRequestException e) when (e.StatusCode is not null)
            {
                _log.Error($"The platform ended the extension's life: {e.Message}.");
                await ShutDownAsync("failure", Deadline.In(_time, LongestFlush));
                return 1;
            }
            catch (HttpRequestException e)
            {
                _log.Once("next", LogLevel.Warn, $"Waiting for the next event failed and is tried again: {e.Message}.");
                current = default;
                troubles++;
            }

            switch (current.Kind)
            {
                case ExtensionEventKind.Invoke:
                    await ServeAsync(current, subscription);
                    break;
                case ExtensionEventKind.Shutdown:
                    await ShutDownAsync(current.ShutdownReason, DeadlineOf(current).Earlier(ShutdownMargin));
                    return 0;
                default:
                    await BackOffAsync(troubles);
                    break;
            }

            next = _platform.NextAsync(registration.ExtensionId, _stop.Token);
        }
    }

    /// <summary>One invocation: waits for its end, then sends what it left. Nothing in here may keep the agent from <c>next</c>.</summary>
    private async Task ServeAsync(ExtensionEvent invoke, Task<string?> subscription)
    {
        try
        {
            Deadline back = DeadlineOf(invoke).Earlier(InvocationMargin);
            if (_spanWriter is null)
            {
                string runtime = RuntimeName.Detect();
                _spanWriter = new ExecutionSpanWriter(_identity!, runtime);
                _invocations.SandboxTags = TagSet.Empty.With("runtime", runtime);
                await LearnIfTelemetryComesAsync(subscription, back);
            }

            InvocationContext invocation = _invocations.Begin(invoke.RequestId, DeadlineOf(invoke));
            if (_telemetryComes)
            {
                await WaitAsync(Task.WhenAny(invocation.WhenRuntimeDone, _stopRequested.Task), back);
                await SettleAsync(back);
            }

            // Without telemetry nobody tells when the handler is done: what earlier invocations left goes out while this one runs.
            if (back.Left >= ShortestFlush)
            {
                await _flushes.FlushAsync(Deadline.Min(back, Deadline.In(_time, ShorterOf(LongestFlush, _settings.FlushTimeout))));
            }
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            _log.Error($"Serving invocation {invoke.RequestId} failed inside the agent, the function is not affected: {e}");
        }
    }

    private async Task LearnIfTelemetryComesAsync(Task<string?> subscription, Deadline back)
    {
        await WaitAsync(subscription, back);
        string? refusal = subscription.IsCompletedSuccessfully ? await subscription : "no answer";
        if (refusal is not null)
        {
            _telemetryComes = false;
            _log.Warn($"No telemetry from the platform: {refusal.Trim()}. Logs and most enhanced metrics are missing; traces and custom metrics are sent with the next invocation.");
        }
    }

    private async Task ShutDownAsync(string reason, Deadline deadline)
    {
        try
        {
            await WaitAsync(_invocations.WhenAllReported(), Deadline.Min(deadline, Deadline.In(_time, LongestWaitForReports)));
            await SettleAsync(deadline);
            _invocations.Shutdown(reason);
            _logs?.ReleaseAll();
            FlushReport report = await _flushes.FlushAsync(deadline);
            _flushes.DropRest();
            if (report.Kept > 0)
            {
                _log.Error($"{report.Kept} spans, metric samples and log events could not be sent before the shutdown deadline and are lost.");
            }
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            _log.Error($"The final flush failed inside the agent: {e}");
        }
    }

    /// <summary>Waits, for a moment, until what is on its way into the agent has been received.</summary>
    private async Task SettleAsync(Deadline back)
    {
        Deadline settled = Deadline.Min(back, Deadline.In(_time, LongestSettling));
        Task requests = Task.WhenAll(_endpoints.Select(static endpoint => endpoint.Requests.WhenQuiet()));
        Task datagrams = _dogStatsd?.DrainAsync(settled) ?? Task.CompletedTask;
        await WaitAsync(Task.WhenAll(requests, datagrams), settled);
    }

    private void SendExecutionSpan(ExecutionSpan execution)
    {
        // Before the first INVOKE there is no invocation, hence no span.
        if (_spanWriter is { } writer)
        {
            _traces.Add([writer.Write(execution)], headers: execution.Placeholder?.Headers ?? default);
        }
    }

    private void StopInOrder(PosixSignalContext signal)
    {
        signal.Cancel = true;
        _stopRequested.TrySetResult();
        _stop.Cancel();
    }

    private Deadline DeadlineOf(ExtensionEvent current) =>
        current.DeadlineMs > 0 ? Deadline.AtUnixMs(_time, current.DeadlineMs) : Deadline.In(_time, LongestFlush);

    private async Task WaitAsync(Task task, Deadline deadline)
    {
        if (!task.IsCompleted)
        {
            using CancellationTokenSource over = deadline.ToCancellation();
            await Task.WhenAny(task, Task.Delay(Timeout.InfiniteTimeSpan, _time, over.Token));
        }
    }

    /// <summary>A platform that answers nonsense at once must not keep a core busy.</summary>
    private async Task BackOffAsync(int troubles) =>
        await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(1000, 20 * Math.Pow(2, Math.Min(troubles, 6)))), _time);

    private static TimeSpan ShorterOf(TimeSpan a, TimeSpan b) => a <= b ? a : b;
}
