namespace Mayfly.Config;

/// <summary>Names that somebody gives a meaning to: this agent, the others in whose place it stands, or tracers and libraries.</summary>
internal static class KnownNames
{
    private static HashSet<string>? _read;

    /// <summary>Families of variables of tracers and libraries.</summary>
    private static readonly string[] ForeignFamilies =
    [
        "DD_TRACE_", "DD_PROFILING_", "DD_APPSEC_", "DD_API_SECURITY_", "DD_IAST_", "DD_RASP_", "DD_DYNAMIC_INSTRUMENTATION_", "DD_EXCEPTION_",
        "DD_CODE_ORIGIN_", "DD_DISTRIBUTED_", "DD_CIVISIBILITY_", "DD_TEST_", "DD_GIT_", "DD_RUNTIME_METRICS_", "DD_INSTRUMENTATION_",
        "DD_TELEMETRY_", "DD_REMOTE_CONFIG", "DD_INJECT", "DD_LLMOBS_", "DD_DATA_STREAMS_", "DD_DBM_", "DD_SYMBOL_DATABASE_", "DD_CRASHTRACKING_",
        "DD_JMXFETCH_", "DD_INTEGRATION", "DD_SPAN_", "DD_HTTP_", "DD_OPENAI_", "DD_LANGCHAIN_", "DD_AGENTLESS_", "DD_LAMBDA_", "DD_COLD_START_",
        "DD_DOTNET_", "DD_CLR_", "DD_THIRD_PARTY_", "DD_EXPERIMENTAL_", "DD_KUBERNETES_", "DD_CLUSTER_", "DD_CONTAINER_", "DD_PROCESS_",
        "DD_SYSTEM_PROBE_", "DD_NETWORK_", "DD_RUNTIME_SECURITY_", "DD_COMPLIANCE_", "DD_SBOM_",
    ];

    /// <summary>Single names of tracers, libraries and launchers that look like one of ours.</summary>
    private static readonly HashSet<string> Foreign =
    [
        "DD_AGENT_HOST", "DD_AGENT_PORT", "DD_DOGSTATSD_HOST", "DD_DOGSTATSD_URL", "DD_DOGSTATSD_PATH", "DD_DOGSTATSD_DISABLE", "DD_ENTITY_ID",
        "DD_EXTERNAL_ENV", "DD_FLUSH_TO_LOG", "DD_HOST", "DD_HOSTNAME", "DD_LOCAL_TESTING", "DD_LOGS_INJECTION", "DD_LOGS_OTEL_ENABLED",
        "DD_METRICS_OTEL_ENABLED", "DD_MERGE_XRAY_TRACES", "DD_OTLP_ENDPOINT", "DD_SERVERLESS_COMPAT_PATH", "DD_SERVICE_NAME", "DD_SOURCE",
        "DD_TAGS_CARDINALITY", "DD_BOTOCORE_ADD_SPAN_POINTERS", "DD_PROFILING_ENABLED", "DD_DEBUG", "DD_RC_ENABLED",
        "DD_AAS_DOTNET_EXTENSION_VERSION", "DD_AZURE_APP_SERVICES", "DD_AZURE_SUBSCRIPTION_ID", "DD_EXTENSION_VERSION",
        "DD_NODE_OPTIONS", "DD_SAMPLING_RULES", "DD_PRIORITY_SAMPLING", "DD_MAX_LOGFILE_SIZE", "DD_DIAGNOSTICS", "DD_WRITER_TYPE", "DD_APP_NAME",
    ];

    /// <summary>
    /// Settings of the agents in whose place this one stands, which it takes and does nothing about
    /// (docs/spec/05-config.md#7-go-keys-that-l-and-c-do-not-have).
    /// </summary>
    private static readonly HashSet<string> WithoutEffect =
    [
        "DD_DOGSTATSD_QUEUE_SIZE", "DD_DOGSTATSD_PACKET_BUFFER_SIZE", "DD_DOGSTATSD_PACKET_BUFFER_FLUSH_TIMEOUT",
        "DD_DOGSTATSD_STRING_INTERNER_SIZE", "DD_DOGSTATSD_CONTEXT_EXPIRY_SECONDS", "DD_DOGSTATSD_EXPIRY_SECONDS", "DD_AGGREGATOR_BUFFER_SIZE",
        "DD_DOGSTATSD_ORIGIN_DETECTION", "DD_DOGSTATSD_ORIGIN_DETECTION_CLIENT", "DD_DOGSTATSD_NO_AGGREGATION_PIPELINE", "DD_DOGSTATSD_STATS_ENABLE",
        "DD_DOGSTATSD_METRICS_STATS_ENABLE", "DD_SERIALIZER_MAX_PAYLOAD_SIZE", "DD_SERIALIZER_MAX_UNCOMPRESSED_PAYLOAD_SIZE",
        "DD_SERIALIZER_MAX_SERIES_PAYLOAD_SIZE", "DD_SERIALIZER_MAX_SERIES_UNCOMPRESSED_PAYLOAD_SIZE", "DD_SERIALIZER_MAX_SERIES_POINTS_PER_PAYLOAD",
        "DD_USE_V2_API_SERIES", "DD_FORWARDER_TIMEOUT", "DD_FORWARDER_BACKOFF_BASE", "DD_FORWARDER_BACKOFF_FACTOR",
        "DD_FORWARDER_BACKOFF_MAX", "DD_FORWARDER_RETRY_QUEUE_PAYLOADS_MAX_SIZE", "DD_FIPS_PORT_RANGE_START",
        "DD_FIPS_LOCAL_ADDRESS", "DD_FIPS_HTTPS", "DD_FIPS_TLS_VERIFY", "DD_LOGS_CONFIG_BATCH_WAIT", "DD_LOGS_CONFIG_BATCH_MAX_SIZE",
        "DD_LOGS_CONFIG_BATCH_MAX_CONTENT_SIZE", "DD_LOGS_CONFIG_MAX_MESSAGE_SIZE_BYTES", "DD_LOGS_CONFIG_FORCE_USE_HTTP", "DD_LOGS_CONFIG_USE_HTTP",
        "DD_LOGS_CONFIG_USE_PORT_443", "DD_LOGS_CONFIG_LOGS_NO_SSL", "DD_LOGS_CONFIG_FRAME_SIZE", "DD_LOGS_CONFIG_OPEN_FILES_LIMIT",
        "DD_LOGS_CONFIG_CONTAINER_COLLECT_ALL", "DD_APM_RECEIVER_ENABLED", "DD_APM_RECEIVER_TIMEOUT", "DD_APM_WINDOWS_PIPE_BUFFER_SIZE",
        "DD_APM_TARGET_TPS", "DD_APM_MAX_TPS", "DD_MAX_TPS", "DD_APM_MAX_EPS", "DD_MAX_EPS", "DD_APM_ENABLE_RARE_SAMPLER",
        "DD_APM_DISABLE_RARE_SAMPLER", "DD_APM_MAX_REMOTE_TPS", "DD_APM_EXTRA_SAMPLE_RATE", "DD_APM_OBFUSCATION_CACHE_ENABLED",
        "DD_APM_OBFUSCATION_CACHE_MAX_SIZE", "DD_APM_PEER_SERVICE_AGGREGATION", "DD_APM_BUCKET_SIZE_SECONDS", "DD_APM_CLIENT_STATS_FLUSH_INTERVAL",
        "DD_APM_CONNECTION_LIMIT", "DD_CONNECTION_LIMIT", "DD_APM_MAX_CONNECTIONS", "DD_APM_MAX_MEMORY", "DD_APM_MAX_CPU_PERCENT",
        "DD_APM_TRACE_BUFFER", "DD_APM_DECODERS", "DD_APM_DECODER_TIMEOUT", "DD_APM_WATCHDOG_CHECK_DELAY", "DD_APM_DEBUG_PORT",
        "DD_APM_INTERNAL_PROFILING_ENABLED", "DD_APM_ANALYZED_SPANS", "DD_APM_ANALYZED_RATE_BY_SERVICE", "DD_APM_SYNC_FLUSHING",
        "DD_APM_MAX_CATALOG_SERVICES", "DD_OBSERVABILITY_PIPELINES_WORKER_METRICS_ENABLED", "DD_OBSERVABILITY_PIPELINES_WORKER_METRICS_URL",
        "DD_OBSERVABILITY_PIPELINES_WORKER_TRACES_ENABLED", "DD_OBSERVABILITY_PIPELINES_WORKER_TRACES_URL",
        "DD_HOSTNAME_FILE", "DD_APPSEC_RULES", "DD_APPSEC_WAF_TIMEOUT", "DD_SPAN_DEDUP_TIMEOUT", "DD_DEBUG_WAIT_FOR_ATTACH",
        "DD_API_SECURITY_ENABLED", "DD_API_SECURITY_SAMPLE_DELAY", "DD_APM_TRACING_ENABLED", "DD_ORIGIN_DETECTION_UNIFIED",
        "DD_DOGSTATSD_ORIGIN_DETECTION_UNIFIED", "DD_DOGSTATSD_STATS_PORT", "DD_DOGSTATSD_STATS_BUFFER", "DD_APM_TARGET_TRACES_PER_SECOND",
        "DD_APM_MAX_TRACES_PER_SECOND", "DD_APM_MAX_EVENTS_PER_SECOND", "DD_APM_MAX_REMOTE_TRACES_PER_SECOND", "DD_APM_WORKLOAD_SELECTION",
    ];

    private static readonly string[] WithoutEffectFamilies =
    [
        "DD_OTLP_CONFIG_", "DD_SECRET_", "DD_VECTOR_", "DD_LOGS_CONFIG_SENDER_BACKOFF_", "DD_APM_OBFUSCATION_SQL_EXEC_PLAN", "DD_APM_INSTRUMENTATION_",
        "DD_APM_SOCKET_ACTIVATION_", "DD_APM_WORKLOAD_SELECTION_", "DD_APM_INSTALL_",
    ];

    /// <summary>Those that are read here: asked of the reading itself, so that none can be missing.</summary>
    public static HashSet<string> Read => _read ??= ReadThem();

    public static bool HasNoEffect(string name) => HasNoEffectItself(name) || IsIn(WithoutEffectFamilies, name);

    /// <summary>It is one of them by its own name, not by that of a family.</summary>
    public static bool HasNoEffectItself(string name) => WithoutEffect.Contains(name);

    public static bool IsForeign(string name) => Foreign.Contains(name);

    public static bool IsOfForeignFamily(string name) => IsIn(ForeignFamilies, name);

    private static bool IsIn(string[] families, string name) => Array.Exists(families, family => name.StartsWith(family, StringComparison.Ordinal));

    private static HashSet<string> ReadThem()
    {
        // Read before there are settings, or about a platform.
        HashSet<string> all = [Keys.Mode, CompatKeys.Platform, CompatKeys.AzureResourceGroup];
        var nothing = new EnvReader(static _ => null) { Observer = (keys, _, _) => all.UnionWith(keys) };
        Settings.Read(nothing);
        CompatSettings.Read(nothing);
        return all;
    }
}
