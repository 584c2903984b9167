using Mayfly.Diagnostics;

namespace Mayfly.Config;

/// <summary>Everything a user can set, read once at start, immutable. Names, defaults and meaning: docs/spec/05-config.md.</summary>
public sealed record Settings
{
    /// <summary>API key without white space; null when none is set.</summary>
    public required string? ApiKey { get; init; }

    /// <summary>Where the API key comes from, the plain one included.</summary>
    public required SecretSettings Secrets { get; init; }

    public required LogLevel LogLevel { get; init; }

    public required string? Env { get; init; }

    /// <summary>Of traces, their statistics and requests passed on that name none: <c>DD_APM_ENV</c>, else <see cref="Env"/>.</summary>
    public required string? TraceEnv { get; init; }

    /// <summary>As set; tags and log events carry it in lower case.</summary>
    public required string? Service { get; init; }

    public required string? Version { get; init; }

    /// <summary><c>DD_TAGS</c>, then what <c>DD_EXTRA_TAGS</c> has beside them, in order.</summary>
    public required IReadOnlyList<KeyValuePair<string, string>> Tags { get; init; }

    public required IntakeUrls Intake { get; init; }

    public required LogShippingSettings LogShipping { get; init; }

    public required CompressionSettings Compression { get; init; }

    /// <summary>What the user wants to leave out of logs or to mask in them, in order.</summary>
    public required IReadOnlyList<LogRule> LogRules { get; init; }

    /// <summary>Longest time that one flush may take.</summary>
    public required TimeSpan FlushTimeout { get; init; }

    public required FlushStrategy FlushStrategy { get; init; }

    public required bool LogsEnabled { get; init; }

    public required bool EnhancedMetrics { get; init; }

    /// <summary>Enhanced metrics that are read from <c>/proc</c>: CPU, network, open files, threads, temporary space.</summary>
    public required bool ProcEnhancedMetrics { get; init; }

    public required bool ComputeStats { get; init; }

    public required StatsKeySettings StatsKeys { get; init; }

    public required SamplingSettings Sampling { get; init; }

    public required TraceFilterSettings TraceFilters { get; init; }

    public required TraceFeatures TraceFeatures { get; init; }

    public required ObfuscationSettings Obfuscation { get; init; }

    public required ProxySettings Proxies { get; init; }

    public required EventSettings Triggers { get; init; }

    public required PropagationSettings Propagation { get; init; }

    public required PayloadCaptureSettings PayloadCapture { get; init; }

    public required OutboundSettings Outbound { get; init; }

    public required SpoolSettings Spool { get; init; }

    /// <summary>The agent's own counters leave as metrics too.</summary>
    public required bool SendsSelfMetrics { get; init; }

    public required ListenerSettings Listeners { get; init; }

    public required DogStatsdSettings DogStatsd { get; init; }

    public required CustomMetricSettings CustomMetrics { get; init; }

    public required LambdaSettings Lambda { get; init; }

    /// <summary>Names that are set and mean nothing here; nothing is looked at before it is asked for.</summary>
    public required UnknownNames UnknownNames { get; init; }

    /// <summary>Values that were not understood, one sentence each: reported once, never fatal.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>The same, where something that the user relies on does not happen.</summary>
    public required IReadOnlyList<string> Errors { get; init; }

    public static Settings Read(EnvReader env)
    {
        KeySetting? apiKey = KeySetting.Read(env, Keys.ApiKey) is { } set ? set with { Value = WithoutWhiteSpace(set.Value) } : null;
        TraceFeatures features = TraceFeatures.Read(env);
        IntakeUrls intake = IntakeUrls.Read(env);
        LogShippingSettings logShipping = LogShippingSettings.Read(env, intake.Logs);
        return new Settings
        {
            ApiKey = apiKey?.Value,
            Secrets = SecretSettings.Read(env, apiKey),
            LogLevel = ReadLogLevel(env),
            Env = env.Text(Keys.Env),
            TraceEnv = env.Text(Keys.TraceEnv) ?? env.Text(Keys.Env),
            Service = env.Text(Keys.Service),
            Version = env.Text(Keys.Version),
            Tags = ReadTags(env),
            Intake = intake,
            LogShipping = logShipping,
            Compression = CompressionSettings.Read(env),
            LogRules = LogRule.Read(env),
            FlushTimeout = env.Seconds(Keys.FlushTimeout, @default: TimeSpan.FromSeconds(30), min: TimeSpan.FromMilliseconds(1)),
            FlushStrategy = FlushStrategy.Read(env),
            LogsEnabled = ReadLogsEnabled(env) && !logShipping.IsWorkerMissing,
            EnhancedMetrics = env.Bool([Keys.EnhancedMetricsEnabled, Keys.EnhancedMetrics], @default: true),
            ProcEnhancedMetrics = env.Bool(Keys.ProcEnhancedMetrics, @default: true),
            ComputeStats = env.Bool(Keys.ComputeStats, @default: false),
            StatsKeys = StatsKeySettings.Read(env),
            Sampling = SamplingSettings.Read(env, features),
            TraceFilters = TraceFilterSettings.Read(env),
            TraceFeatures = features,
            Obfuscation = ObfuscationSettings.Read(env, features),
            Proxies = ProxySettings.Read(env, intake),
            Triggers = EventSettings.Read(env),
            Propagation = PropagationSettings.Read(env),
            PayloadCapture = PayloadCaptureSettings.Read(env),
            Outbound = OutboundSettings.Read(env, intake.Site),
            Spool = SpoolSettings.Read(env),
            SendsSelfMetrics = env.Bool(Keys.SelfMetrics, @default: false),
            Listeners = ListenerSettings.Read(env),
            DogStatsd = DogStatsdSettings.Read(env),
            CustomMetrics = CustomMetricSettings.Read(env),
            Lambda = LambdaSettings.Read(env),
            UnknownNames = new UnknownNames(env),
            Warnings = env.Warnings,
            Errors = env.Errors,
        };
    }

    /// <summary>Says, once, what is wrong with what the user set.</summary>
    public void Complain(Log log)
    {
        foreach (string error in Errors)
        {
            log.Error(error);
        }

        foreach (string warning in Warnings.Concat(UnknownNames.Misspelt()))
        {
            log.Warn(warning);
        }

        if (UnknownNames.WithoutEffect() is { Count: > 0 } names)
        {
            log.Info($"Set, but without effect in this agent: {string.Join(", ", names)}.");
        }
    }

    private static List<KeyValuePair<string, string>> ReadTags(EnvReader env)
    {
        IReadOnlyList<KeyValuePair<string, string>> tags = env.Tags(Keys.Tags);
        return [.. tags, .. env.Tags(Keys.ExtraTags).Where(extra => tags.All(known => known.Key != extra.Key))];
    }

    /// <summary>Unset: on. Any of the two set: on if one of them is true (docs/spec/04-metrics-logs.md#c1-switches).</summary>
    private static bool ReadLogsEnabled(EnvReader env) => env.AnyTrue(Keys.ServerlessLogsEnabled, Keys.LogsEnabled, @default: true);

    /// <summary>docs/spec/04-metrics-logs.md#d-the-agents-own-log-output</summary>
    private static LogLevel ReadLogLevel(EnvReader env) =>
        env.First([Keys.LogLevel], TryParseLogLevel, "off, error, warn, info, debug or trace, info is used", LogLevel.Info);

    private static bool TryParseLogLevel(SettingValue value, out LogLevel level)
    {
        LogLevel? known = value.Text.Trim().ToLowerInvariant() switch
        {
            "off" or "none" => LogLevel.Off,
            "critical" or "fatal" or "error" or "err" => LogLevel.Error,
            "warn" or "warning" => LogLevel.Warn,
            "info" or "information" => LogLevel.Info,
            "debug" => LogLevel.Debug,
            "trace" => LogLevel.Trace,
            _ => null,
        };
        level = known ?? LogLevel.Info;
        return known is not null;
    }

    private static string WithoutWhiteSpace(string key) => string.Concat(key.Where(static c => !char.IsWhiteSpace(c)));
}

/// <summary>Ports and limits of what the agent listens on. Port 0 = that listener is off.</summary>
public sealed record ListenerSettings
{
    public required int LifecyclePort { get; init; }

    /// <summary>False: traces are received nowhere, whatever is set besides.</summary>
    public required bool TakesTraces { get; init; }

    public required int TracePort { get; init; }

    /// <summary>Path of the Unix socket on which traces are received too; null: there is none.</summary>
    public required string? TraceSocket { get; init; }

    /// <summary>Tracers may be told that v1.0 is understood.</summary>
    public required bool AdvertisesTraceV10 { get; init; }

    public required int TelemetryPort { get; init; }

    /// <summary>Largest trace request body in bytes, after decompression.</summary>
    public required int MaxTraceBodyBytes { get; init; }

    internal static ListenerSettings Read(EnvReader env)
    {
        bool takesTraces = env.Bool(Keys.TracesEnabled, @default: true) & env.Bool(Keys.TracingEnabled, @default: true);
        int tracePort = env.Port([Keys.TracePort, Keys.TracePortWeaker], @default: 8126);
        string? traceSocket = ReadSocket(env);
        return new ListenerSettings
        {
            LifecyclePort = env.Port(Keys.LifecyclePort, @default: 8124),
            TakesTraces = takesTraces,
            TracePort = takesTraces ? tracePort : 0,
            TraceSocket = takesTraces ? traceSocket : null,
            AdvertisesTraceV10 = env.Bool(Keys.TraceV10, @default: false),
            TelemetryPort = env.Port(Keys.TelemetryPort, @default: 8999),
            MaxTraceBodyBytes = env.Int(Keys.MaxTraceBody, @default: 50 * 1024 * 1024, min: 1, max: 50 * 1024 * 1024),
        };
    }

    /// <summary>A path; <c>unix://</c> in front of it, as tracers want it, does not matter.</summary>
    private static string? ReadSocket(EnvReader env)
    {
        const string Scheme = "unix://";
        string? path = env.Text(Keys.TraceSocket)?.Trim();
        return path?.StartsWith(Scheme, StringComparison.Ordinal) == true ? path[Scheme.Length..] : path;
    }
}

/// <summary>What Lambda tells an extension through its environment (docs/spec/01-lambda-lifecycle.md#11-the-extension-process).</summary>
public sealed record LambdaSettings
{
    private const string PlatformType = "platform";

    /// <summary><c>host:port</c> of the Runtime API; null outside Lambda.</summary>
    public required string? RuntimeApi { get; init; }

    /// <summary><c>on-demand</c>, <c>provisioned-concurrency</c>, <c>snap-start</c> …; null when unset.</summary>
    public required string? InitializationType { get; init; }

    public SandboxKind Kind => SandboxKinds.Parse(InitializationType);

    /// <summary>A local emulator without telemetry: <c>/lambda/flush</c>, or the end of the handler, ends an invocation.</summary>
    public required bool IsLocalTest { get; init; }

    /// <summary>Which of <c>function</c> and <c>extension</c> lines become log events; platform records come in any case.</summary>
    public required IReadOnlyList<string> LogTypes { get; init; }

    /// <summary>START, END, REPORT and INIT_START become log events.</summary>
    public required bool HasPlatformLogs { get; init; }

    /// <summary>Invocations of a durable function whose log events wait for their execution; 0: none waits.</summary>
    public required int DurableLogBufferSize { get; init; }

    public required string? FunctionName { get; init; }

    public required string? FunctionVersion { get; init; }

    public required string? MemorySizeMb { get; init; }

    public required string Region { get; init; }

    public required RuntimeProxySettings RuntimeProxy { get; init; }

    internal static LambdaSettings Read(EnvReader env) => new()
    {
        RuntimeApi = env.Text(Keys.RuntimeApi)?.Trim(),
        InitializationType = env.Text(Keys.InitializationType)?.Trim(),
        IsLocalTest = env.Bool(Keys.LocalTest, @default: false),
        LogTypes = [.. ReadLogTypes(env).Where(static type => type != PlatformType)],
        HasPlatformLogs = ReadLogTypes(env).Contains(PlatformType),
        DurableLogBufferSize = env.Int(Keys.DurableLogBufferSize, @default: 0, min: 0, max: 10_000),
        FunctionName = env.Text(Keys.FunctionName),
        FunctionVersion = env.Text(Keys.FunctionVersion),
        MemorySizeMb = env.Text(Keys.FunctionMemorySize),
        Region = env.Text(Keys.Region, Keys.DefaultRegion) ?? "us-east-1",
        RuntimeProxy = RuntimeProxySettings.Read(env),
    };

    private static string[] ReadLogTypes(EnvReader env)
    {
        string[] all = [PlatformType, "extension", "function"];
        IReadOnlyList<string> words = env.Texts(Keys.TelemetryTypes);
        if (words.Except(all).FirstOrDefault() is { } unknown)
        {
            env.Warn(Keys.TelemetryTypes, unknown, "platform, extension and function, separated by spaces, this one is skipped");
        }

        string[] chosen = [.. all.Where(words.Contains)];
        return chosen.Length > 0 ? chosen : all;
    }
}
