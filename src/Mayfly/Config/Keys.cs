namespace Mayfly.Config;

/// <summary>Names of the environment variables that Mayfly reads. docs/spec/05-config.md says what each one means.</summary>
public static class Keys
{
    public const string ApiKey = "DD_API_KEY";
    public const string OrgUuid = "DD_ORG_UUID";
    public const string KmsApiKey = "DD_KMS_API_KEY";
    public const string ApiKeyKmsEncrypted = "DD_API_KEY_KMS_ENCRYPTED";
    public const string ApiKeySecretArn = "DD_API_KEY_SECRET_ARN";
    public const string ApiKeySsmArn = "DD_API_KEY_SSM_ARN";
    public const string ApiKeyReloadInterval = "DD_API_KEY_SECRET_RELOAD_INTERVAL";
    public const string FipsMode = "DD_LAMBDA_FIPS_MODE";
    public const string Site = "DD_SITE";
    public const string LogLevel = "DD_LOG_LEVEL";

    public const string Env = "DD_ENV";
    public const string Service = "DD_SERVICE";
    public const string Version = "DD_VERSION";
    public const string Tags = "DD_TAGS";

    public const string TracesUrl = "DD_APM_DD_URL";
    public const string AdditionalTraces = "DD_APM_ADDITIONAL_ENDPOINTS";
    public const string MetricsUrl = "DD_DD_URL";
    public const string MetricsUrlWeaker = "DD_URL";
    public const string LogsUrl = "DD_LOGS_CONFIG_LOGS_DD_URL";
    public const string LogsUseCompression = "DD_LOGS_CONFIG_USE_COMPRESSION";
    public const string SkipSslValidation = "DD_SKIP_SSL_VALIDATION";

    public const string FlushTimeout = "DD_FLUSH_TIMEOUT";
    public const string FlushStrategy = "DD_SERVERLESS_FLUSH_STRATEGY";

    public const string LogProcessingRules = "DD_LOGS_CONFIG_PROCESSING_RULES";
    public const string DurableLogBufferSize = "DD_LAMBDA_DURABLE_FUNCTION_LOG_BUFFER_SIZE";
    public const string TelemetryTypes = "DD_LOGS_CONFIG_LAMBDA_LOGS_TYPE";
    public const string LogsEnabled = "DD_LOGS_ENABLED";
    public const string ServerlessLogsEnabled = "DD_SERVERLESS_LOGS_ENABLED";
    public const string EnhancedMetricsEnabled = "DD_ENHANCED_METRICS_ENABLED";
    public const string EnhancedMetrics = "DD_ENHANCED_METRICS";
    public const string ProcEnhancedMetrics = "DD_LAMBDA_PROC_ENHANCED_METRICS";
    public const string ComputeStats = "DD_LAMBDA_EXTENSION_COMPUTE_STATS";
    public const string ComputeStatsBySpanKind = "DD_APM_COMPUTE_STATS_BY_SPAN_KIND";
    public const string PeerTags = "DD_APM_PEER_TAGS";
    public const string PeerTagsAggregation = "DD_APM_PEER_TAGS_AGGREGATION";

    public const string ServiceMapping = "DD_SERVICE_MAPPING";
    public const string ServiceRepresentation = "DD_TRACE_AWS_SERVICE_REPRESENTATION_ENABLED";
    public const string RemoveIntegrationNames = "DD_TRACE_REMOVE_INTEGRATION_SERVICE_NAMES_ENABLED";
    public const string DecodeAuthorizerContext = "DD_DECODE_AUTHORIZER_CONTEXT";
    public const string ManagedServices = "DD_TRACE_MANAGED_SERVICES";
    public const string SpanPointers = "DD_TRACE_AWS_ADD_SPAN_POINTERS";

    public const string PropagationStyle = "DD_TRACE_PROPAGATION_STYLE";
    public const string PropagationStyleExtract = "DD_TRACE_PROPAGATION_STYLE_EXTRACT";
    public const string PropagationExtractFirst = "DD_TRACE_PROPAGATION_EXTRACT_FIRST";
    public const string PropagationHttpBaggage = "DD_TRACE_PROPAGATION_HTTP_BAGGAGE_ENABLED";
    public const string BaggageTagKeys = "DD_TRACE_BAGGAGE_TAG_KEYS";
    public const string CapturePayload = "DD_CAPTURE_LAMBDA_PAYLOAD";
    public const string CapturePayloadMaxDepth = "DD_CAPTURE_LAMBDA_PAYLOAD_MAX_DEPTH";

    public const string ReplaceTags = "DD_APM_REPLACE_TAGS";
    public const string TraceFeatures = "DD_APM_FEATURES";
    public const string RemoveQueryString = "DD_APM_OBFUSCATION_HTTP_REMOVE_QUERY_STRING";
    public const string RemoveQueryStringWeaker = "DD_APM_CONFIG_OBFUSCATION_HTTP_REMOVE_QUERY_STRING";
    public const string RemovePathsWithDigits = "DD_APM_OBFUSCATION_HTTP_REMOVE_PATHS_WITH_DIGITS";
    public const string RemovePathsWithDigitsWeaker = "DD_APM_CONFIG_OBFUSCATION_HTTP_REMOVE_PATHS_WITH_DIGITS";
    public const string RedisObfuscation = "DD_APM_OBFUSCATION_REDIS_ENABLED";
    public const string RedisRemoveAllArgs = "DD_APM_OBFUSCATION_REDIS_REMOVE_ALL_ARGS";
    public const string ValkeyObfuscation = "DD_APM_OBFUSCATION_VALKEY_ENABLED";
    public const string ValkeyRemoveAllArgs = "DD_APM_OBFUSCATION_VALKEY_REMOVE_ALL_ARGS";
    public const string MemcachedObfuscation = "DD_APM_OBFUSCATION_MEMCACHED_ENABLED";
    public const string MemcachedKeepCommand = "DD_APM_OBFUSCATION_MEMCACHED_KEEP_COMMAND";
    public const string MongoDbObfuscation = "DD_APM_OBFUSCATION_MONGODB_ENABLED";
    public const string MongoDbKeepValues = "DD_APM_OBFUSCATION_MONGODB_KEEP_VALUES";
    public const string MongoDbSqlValues = "DD_APM_OBFUSCATION_MONGODB_OBFUSCATE_SQL_VALUES";
    public const string ElasticsearchObfuscation = "DD_APM_OBFUSCATION_ELASTICSEARCH_ENABLED";
    public const string ElasticsearchKeepValues = "DD_APM_OBFUSCATION_ELASTICSEARCH_KEEP_VALUES";
    public const string ElasticsearchSqlValues = "DD_APM_OBFUSCATION_ELASTICSEARCH_OBFUSCATE_SQL_VALUES";
    public const string OpenSearchObfuscation = "DD_APM_OBFUSCATION_OPENSEARCH_ENABLED";
    public const string OpenSearchKeepValues = "DD_APM_OBFUSCATION_OPENSEARCH_KEEP_VALUES";
    public const string OpenSearchSqlValues = "DD_APM_OBFUSCATION_OPENSEARCH_OBFUSCATE_SQL_VALUES";
    public const string CardObfuscation = "DD_APM_OBFUSCATION_CREDIT_CARDS_ENABLED";
    public const string CardLuhn = "DD_APM_OBFUSCATION_CREDIT_CARDS_LUHN";
    public const string CardKeepValues = "DD_APM_OBFUSCATION_CREDIT_CARDS_KEEP_VALUES";
    public const string RemoveStackTraces = "DD_APM_OBFUSCATION_REMOVE_STACK_TRACES";
    public const string SqlObfuscationMode = "DD_APM_SQL_OBFUSCATION_MODE";

    public const string TracePort = "DD_APM_RECEIVER_PORT";
    public const string TracePortWeaker = "DD_RECEIVER_PORT";
    public const string TracesEnabled = "DD_APM_ENABLED";
    public const string TraceSocket = "DD_APM_RECEIVER_SOCKET";
    public const string TraceV10 = "DD_APM_ENABLE_V1_TRACE_ENDPOINT";
    public const string ErrorTps = "DD_APM_ERROR_TPS";
    public const string ErrorTrackingStandalone = "DD_APM_ERROR_TRACKING_STANDALONE_ENABLED";
    public const string ProbabilisticSampler = "DD_APM_PROBABILISTIC_SAMPLER_ENABLED";
    public const string ProbabilisticSamplerPercentage = "DD_APM_PROBABILISTIC_SAMPLER_SAMPLING_PERCENTAGE";
    public const string ProbabilisticSamplerSeed = "DD_APM_PROBABILISTIC_SAMPLER_HASH_SEED";
    public const string ProfilingUrl = "DD_APM_PROFILING_DD_URL";
    public const string AdditionalProfiling = "DD_APM_PROFILING_ADDITIONAL_ENDPOINTS";
    public const string TelemetryProxyEnabled = "DD_APM_TELEMETRY_ENABLED";
    public const string TelemetryProxyUrl = "DD_APM_TELEMETRY_DD_URL";
    public const string AdditionalTelemetryProxy = "DD_APM_TELEMETRY_ADDITIONAL_ENDPOINTS";
    public const string DebuggerUrl = "DD_APM_DEBUGGER_DD_URL";
    public const string DebuggerApiKey = "DD_APM_DEBUGGER_API_KEY";
    public const string AdditionalDebugger = "DD_APM_DEBUGGER_ADDITIONAL_ENDPOINTS";
    public const string DiagnosticsUrl = "DD_APM_DEBUGGER_DIAGNOSTICS_DD_URL";
    public const string DiagnosticsApiKey = "DD_APM_DEBUGGER_DIAGNOSTICS_API_KEY";
    public const string AdditionalDiagnostics = "DD_APM_DEBUGGER_DIAGNOSTICS_ADDITIONAL_ENDPOINTS";
    public const string SymbolsUrl = "DD_APM_SYMDB_DD_URL";
    public const string SymbolsApiKey = "DD_APM_SYMDB_API_KEY";
    public const string AdditionalSymbols = "DD_APM_SYMDB_ADDITIONAL_ENDPOINTS";
    public const string EvpEnabled = "DD_EVP_PROXY_CONFIG_ENABLED";
    public const string EvpUrl = "DD_EVP_PROXY_CONFIG_DD_URL";
    public const string EvpApiKey = "DD_EVP_PROXY_CONFIG_API_KEY";
    public const string EvpAppKey = "DD_EVP_PROXY_CONFIG_APP_KEY";
    public const string AppKey = "DD_APP_KEY";
    public const string AdditionalEvp = "DD_EVP_PROXY_CONFIG_ADDITIONAL_ENDPOINTS";
    public const string EvpMaxBody = "DD_EVP_PROXY_CONFIG_MAX_PAYLOAD_SIZE";
    public const string EvpTimeout = "DD_EVP_PROXY_CONFIG_RECEIVER_TIMEOUT";
    public const string LineageEnabled = "DD_OL_PROXY_CONFIG_ENABLED";
    public const string LineageUrl = "DD_OL_PROXY_CONFIG_DD_URL";
    public const string LineageApiKey = "DD_OL_PROXY_CONFIG_API_KEY";
    public const string AdditionalLineage = "DD_OL_PROXY_CONFIG_ADDITIONAL_ENDPOINTS";
    public const string LineageApiVersion = "DD_OL_PROXY_CONFIG_API_VERSION";
    public const string MaxTraceBody = "DD_APM_MAX_PAYLOAD_SIZE";
    public const string DogStatsdPort = "DD_DOGSTATSD_PORT";
    public const string DogStatsdNonLocal = "DD_DOGSTATSD_NON_LOCAL_TRAFFIC";

    public const string Mode = "MAYFLY_MODE";
    public const string LocalTest = "DD_LOCAL_TEST";
    public const string LifecyclePort = "MAYFLY_LIFECYCLE_PORT";
    public const string TelemetryPort = "MAYFLY_TELEMETRY_PORT";

    public const string RuntimeApi = "AWS_LAMBDA_RUNTIME_API";
    public const string InitializationType = "AWS_LAMBDA_INITIALIZATION_TYPE";
    public const string FunctionName = "AWS_LAMBDA_FUNCTION_NAME";
    public const string FunctionVersion = "AWS_LAMBDA_FUNCTION_VERSION";
    public const string FunctionMemorySize = "AWS_LAMBDA_FUNCTION_MEMORY_SIZE";
    public const string Region = "AWS_REGION";
    public const string DefaultRegion = "AWS_DEFAULT_REGION";
    public const string AwsAccessKeyId = "AWS_ACCESS_KEY_ID";
    public const string AwsSecretAccessKey = "AWS_SECRET_ACCESS_KEY";
    public const string AwsSessionToken = "AWS_SESSION_TOKEN";
    public const string AwsContainerCredentials = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
    public const string AwsContainerToken = "AWS_CONTAINER_AUTHORIZATION_TOKEN";
    public const string AwsEndpoint = "AWS_ENDPOINT_URL";
    public const string AwsEndpointKms = "AWS_ENDPOINT_URL_KMS";
    public const string AwsEndpointSecretsManager = "AWS_ENDPOINT_URL_SECRETS_MANAGER";
    public const string AwsEndpointSsm = "AWS_ENDPOINT_URL_SSM";
    public const string AwsEndpointSts = "AWS_ENDPOINT_URL_STS";

    public const string ExperimentalProxy = "DD_EXPERIMENTAL_ENABLE_PROXY";
    public const string ServerlessAppSecEnabled = "DD_SERVERLESS_APPSEC_ENABLED";
    public const string WebAdapterProxy = "AWS_LWA_LAMBDA_RUNTIME_API_PROXY";
    public const string ExecWrapper = "AWS_LAMBDA_EXEC_WRAPPER";
}
