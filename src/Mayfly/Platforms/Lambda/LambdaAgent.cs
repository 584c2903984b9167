using System.Runtime.InteropServices;
using Mayfly.Config;
using Mayfly.Diagnostics;
using Mayfly.Http;
using Mayfly.Intake;
using Mayfly.Lifecycle;
using Mayfly.Logs;
using Mayfly.Metrics;
using Mayfly.Metrics.Transports;
using Mayfly.Platforms.Compat;
using Mayfly.Platforms.Lambda.Invocations;
using Mayfly.Platforms.Lambda.RuntimeProxy;
using Mayfly.Platforms.Lambda.Telemetry;
using Mayfly.Platforms.Lambda.Triggers;
using Mayfly.Platforms.Lambda.Usage;
using Mayfly.Proxies;
using Mayfly.Tags;
using Mayfly.Traces;
using Mayfly.Wire;

namespace Mayfly.Platforms.Lambda;

/// <summary>
/// The agent as a Lambda extension: composes the signals, binds the ports, registers, subscribes, and hands over to <see cref="SandboxLoop"/>
/// (docs/spec/01-lambda-lifecycle.md#23-rust-start-order). It never ends before SHUTDOWN once registered: an extension that exits takes the function down with
/// it.
/// </summary>
public sealed class LambdaAgent : IAsyncDisposable
{
    /// <summary>
    /// The first <c>next</c> waits for the answer to the subscription, this long at most: a <c>next</c> on another connection can overtake the request, and a
    /// platform that is done with INIT refuses it. Meanwhile the function initializes.
    /// </summary>
    private static readonly TimeSpan LongestWaitForSubscription = TimeSpan.FromMilliseconds(500);

    /// <summary>docs/spec/04-metrics-logs.md#b7-origin-metadata</summary>
    private const uint LambdaOriginCategory = 38;

    private readonly Settings _settings;
    private readonly TimeProvider _time;
    private readonly Log _log;
    private readonly MetricAggregator _metrics;
    private readonly AgentSignals _signals;
    private readonly LogBuffer _logBuffer;
    private readonly LambdaLogs? _logs;
    private readonly InvocationTracker _invocations;
    private readonly InvocationEvents _events;
    private readonly HttpEndpoint[] _endpoints;
    private readonly HttpEndpoint _telemetryEndpoint;
    private readonly HttpServer _server;
    private readonly DogStatsdServer _dogStatsd;
    private readonly RuntimeApiProxy? _proxy;
    private readonly ExtensionClient _platform;
    private readonly CancellationTokenSource _stop = new();

    private ExecutionSpanWriter? _spanWriter;
    private FunctionIdentity? _identity;

    /// <summary>Builds everything and binds every port; nothing is sent or answered yet.</summary>
    public LambdaAgent(Settings settings, string runtimeApi, TimeProvider time, Log log)
    {
        _settings = settings;
        _time = time;
        _log = log;
        Counters = new Counters();

        _metrics = new MetricAggregator(MetricSettingsOf(settings), Counters[Signal.Metrics], time, log);
        _events = new InvocationEvents(settings, Counters);
        var enhanced = new EnhancedMetrics(_metrics, settings.EnhancedMetrics);
        bool isManagedInstance = settings.Lambda.Kind == SandboxKind.ManagedInstances;
        var usage = new UsageMetrics(enhanced, new UsageSettings { ReadsUsage = settings.ProcEnhancedMetrics, IsConcurrent = isManagedInstance }, time);
        _invocations = new InvocationTracker(enhanced, SendExecutionSpan, SendInitSpan, time, settings.Lambda.Kind, usage) { BeforeFirstInvoke = LearnRuntime };
        Reparenting? reparenting = settings.Lambda.RuntimeProxy.IsWebAdapter ? new Reparenting(Counters) : null;
        var demand = new FlushDemand();
        _logBuffer = new LogBuffer(new LogSettings(), Counters[Signal.Logs], demand);
        _logs = settings.LogsEnabled ? new LambdaLogs(_logBuffer, LogSettingsOf(settings), log) : null;
        string? serviceTag = FunctionIdentity.ServiceTagOf(settings);
        var inspector = new LambdaSpanInspector(new InternalSpans(settings), _invocations, reparenting, _logs, serviceTag);
        var traits = new SignalTraits
        {
            MayFreeze = !isManagedInstance,
            AsksIntakeForStats = !settings.ComputeStats,
            PlaceholderResources = ["dd-tracer-serverless-span"],
        };
        _signals = new AgentSignals(settings, traits, Counters, _metrics, _logBuffer, inspector, demand, time, log);
        _platform = new ExtensionClient(runtimeApi, settings.Lambda.Kind);

        ListenerSettings ports = settings.Listeners;
        RouteTable telemetry = new TelemetryRoutes(_invocations, _logs, reparenting, time, log).Table();
        _telemetryEndpoint = new HttpEndpoint("telemetry listener", HttpEndpoint.Everywhere, ports.TelemetryPort, telemetry);
        _endpoints = [.. Endpoints(ports)];
        _server = HttpServer.Bind(_endpoints, new BodyBudget(AgentSignals.BodiesInMemoryLimitBytes), log);
        _dogStatsd = DogStatsdServer.Bind(settings.DogStatsd, _metrics, Counters, time, log);
        IRuntimeProxyObserver observer = reparenting is null
            ? new UnobservedInvocations()
            : new WebAdapterInvocations(_invocations, _events, reparenting, time, log);
        _proxy = RuntimeApiProxy.Bind(settings.Lambda.RuntimeProxy, runtimeApi, observer, new BodyBudget(AgentSignals.BodiesInMemoryLimitBytes), time, log);
    }

    /// <summary>What went through so far.</summary>
    public Counters Counters { get; }

    /// <summary>Registers and serves until SHUTDOWN; returns the process's exit code.</summary>
    public async Task<int> RunAsync()
    {
        // The platform works on the registration while the server starts; its sockets are bound already.
        Task<Registration?> registering = RegisterAsync();
        Task serving = _server.StartAsync(_stop.Token);
        _dogStatsd.Start();
        _proxy?.Start();

        // Left over of another life of the sandbox: with it tracers would hold traces back for seconds, past the freeze.
        new SentinelFile(SentinelFile.UsualPath, _log).Remove();
        Registration? registration = await registering;
        if (registration is null)
        {
            return 1;
        }

        Identify(registration);
        Task<string?> subscription = await SubscribeAsync(registration);
        await serving;
        Task<ExtensionEvent> next = _platform.NextAsync(registration.ExtensionId, _stop.Token);

        // From here on nothing stands between the function and its first invocation.
        _signals.WarmUp();
        using PosixSignalRegistration terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, StopInOrder);
        using PosixSignalRegistration interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, StopInOrder);
        _settings.Complain(_log);
        var events = new EventSource(_platform, registration.ExtensionId, _time, _log);
        var shutdown = new SandboxShutdown
        {
            Invocations = _invocations,
            Inbound = new InboundTraffic(_endpoints, [_dogStatsd], _time),
            Logs = _logs,
            Flushes = _signals.Flushes,
            Time = _time,
            Log = _log,
        };
        return await (_settings.Lambda.Kind == SandboxKind.ManagedInstances
            ? new ManagedSandboxLoop(_settings.FlushStrategy, shutdown).RunAsync(events, next, subscription, _stop.Token)
            : new SandboxLoop(new FlushPolicy(_settings.FlushStrategy, _settings.FlushTimeout), _settings.FlushTimeout, shutdown)
                .RunAsync(events, next, subscription, _stop.Token));
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _dogStatsd.Dispose();
        if (_proxy is not null)
        {
            await _proxy.DisposeAsync();
        }

        _signals.Dispose();
        _platform.Dispose();
        _stop.Dispose();
    }

    private IEnumerable<HttpEndpoint> Endpoints(ListenerSettings ports)
    {
        if (ports.LifecyclePort != 0)
        {
            RouteTable table = new LifecycleRoutes(_invocations, _events, _settings.Lambda.IsLocalTest, _time, _log).Table();
            yield return new HttpEndpoint("lifecycle API", HttpEndpoint.Loopback, ports.LifecyclePort, table);
        }

        if (_signals.TraceAgent(HttpEndpoint.Loopback, () => _invocations.Count) is { } traceAgent)
        {
            yield return traceAgent;
        }

        if (ports.TelemetryPort != 0)
        {
            yield return _telemetryEndpoint;
        }
    }

    private static MetricSettings MetricSettingsOf(Settings settings) => MetricSettings.Of(settings.CustomMetrics) with
    {
        // The Node and Python libraries send this one too (docs/spec/07-observed-clients.md#7-traps-for-the-implementation-each-seen-above).
        IgnoredNames = ["aws.lambda.enhanced.invocations"],
        NamespaceExemptions = [.. settings.CustomMetrics.NamespaceExemptions, "aws.lambda.enhanced."],
        OriginCategory = LambdaOriginCategory,
        Compression = settings.Compression.Metrics,
        MayFreeze = settings.Lambda.Kind != SandboxKind.ManagedInstances,
    };

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
                _log.Error(
                    $"Registration as a Lambda extension failed: {e.Message}. "
                    + $"The executable must be /opt/extensions/{ExtensionClient.ExtensionName} of a Lambda function.");
                return null;
            }
        }
    }

    private void Identify(Registration registration)
    {
        _identity = new FunctionIdentity(_settings, registration);
        _events.Identify(registration.AccountId);
        _metrics.DefaultTags = _identity.Tags.Without(_settings.CustomMetrics.ExcludedTags);
        _signals.Traces.Tags = new PlatformTags(_identity.Tags, "lambda")
        {
            PlaceholderService = Utf8Slice.From("aws.lambda"),
            BaseService = Utf8Slice.From(ServiceNaming.BaseServiceOf(_events.Settings)),
        };
        _signals.Proxies.Tags = new ProxyTags(_identity.Tags, "lambda");
        _logBuffer.Rules = ProcessingRules.From(_settings.LogRules, _log);
        _logBuffer.Identity = new LogIdentity(_identity.Arn, _identity.Service, _identity.Tags.JoinSorted());
    }

    /// <summary>Waits for the platform's answer, for a moment; the inner task tells, then or later, what became of it.</summary>
    private async Task<Task<string?>> SubscribeAsync(Registration registration)
    {
        if (_settings.Lambda.IsLocalTest)
        {
            return Task.FromResult<string?>(null);
        }

        if (_server.PortOf(_telemetryEndpoint) is not { } port)
        {
            return Task.FromResult<string?>("the telemetry listener is off");
        }

        IReadOnlyList<string> logTypes = _settings.LogsEnabled ? _settings.Lambda.LogTypes : [];
        Task<string?> subscription = _platform.SubscribeAsync(registration.ExtensionId, port, logTypes, _stop.Token);
        await Deadline.In(_time, LongestWaitForSubscription).WaitForAsync(subscription);
        return subscription;
    }

    private void LearnRuntime()
    {
        string runtime = RuntimeName.Detect();
        _spanWriter = new ExecutionSpanWriter(_identity!, runtime);
        _invocations.SandboxTags = TagSet.Empty.With("runtime", runtime);
    }

    private void SendExecutionSpan(ExecutionSpan execution)
    {
        // Before the first INVOKE there is no invocation, hence no span.
        if (_spanWriter is { } writer)
        {
            Span function = writer.Write(execution);
            Span[] init = execution.Init is { } known ? [writer.WriteInit(known, isAlone: false)] : [];
            _signals.Traces.Add(
                [function, .. writer.WriteInferred(execution, function, _events.Settings), .. init],
                headers: execution.Placeholder?.Headers ?? default);
        }
    }

    private void SendInitSpan(InitSpan init)
    {
        if (_spanWriter is { } writer)
        {
            _signals.Traces.Add([writer.WriteInit(init, isAlone: true)]);
        }
    }

    private static LambdaLogSettings LogSettingsOf(Settings settings) => new()
    {
        IsManagedInstance = settings.Lambda.Kind == SandboxKind.ManagedInstances,
        HasPlatformLines = settings.Lambda.HasPlatformLogs,
        DurableBufferSize = settings.Lambda.DurableLogBufferSize,
        FirstLine = settings.LogRules.FirstOrDefault(static rule => rule.Kind == LogRuleKind.MultiLine)?.Pattern,
    };

    private void StopInOrder(PosixSignalContext signal)
    {
        signal.Cancel = true;
        _stop.Cancel();
    }
}
