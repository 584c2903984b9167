using Mayfly.Config;
using Mayfly.Config.Files;
using Xunit;

namespace Mayfly.Tests.Config.Files;

/// <summary>Settings of <c>datadog.yaml</c>: docs/spec/05-config.md sections 1, 3, 4, 7 and 16.</summary>
public class FileSettingsTests
{
    /// <summary>Keys whose path is not the variable's name in lower case: the column "yaml key" of 05, 4 and the keys of 05, 7.</summary>
    private static readonly Dictionary<string, string> Paths = new()
    {
        [Keys.ProxyHttps] = "proxy.https",
        [Keys.ProxyHttp] = "proxy.http",
        [Keys.ProxyNoProxy] = "proxy.no_proxy",
        [Keys.LogsUrl] = "logs_config.logs_dd_url",
        [Keys.LogProcessingRules] = "logs_config.processing_rules",
        [Keys.LogsUseCompression] = "logs_config.use_compression",
        [Keys.LogsCompressionLevel] = "logs_config.compression_level",
        [Keys.LogsCompressionKind] = "logs_config.compression_kind",
        [Keys.AdditionalLogs] = "logs_config.additional_endpoints",
        [Keys.TelemetryTypes] = "logs_config.lambda_logs_type",
        [Keys.PipelinesWorkerLogsEnabled] = "observability_pipelines_worker.logs.enabled",
        [Keys.PipelinesWorkerLogsUrl] = "observability_pipelines_worker.logs.url",
        [Keys.TracesUrl] = "apm_config.apm_dd_url",
        [Keys.ReplaceTags] = "apm_config.replace_tags",
        [Keys.RemoveQueryString] = "apm_config.obfuscation.http.remove_query_string",
        [Keys.RemoveQueryStringWeaker] = "apm_config.obfuscation.http.remove_query_string",
        [Keys.RemovePathsWithDigits] = "apm_config.obfuscation.http.remove_paths_with_digits",
        [Keys.RemovePathsWithDigitsWeaker] = "apm_config.obfuscation.http.remove_paths_with_digits",
        [Keys.TracesCompressionLevel] = "apm_config.compression_level",
        [Keys.TraceFeatures] = "apm_config.features",
        [Keys.AdditionalTraces] = "apm_config.additional_endpoints",
        [Keys.FilterTagsRequire] = "apm_config.filter_tags.require",
        [Keys.FilterTagsReject] = "apm_config.filter_tags.reject",
        [Keys.FilterTagsRegexRequire] = "apm_config.filter_tags_regex.require",
        [Keys.FilterTagsRegexReject] = "apm_config.filter_tags_regex.reject",
        [Keys.MetricsCompressionLevel] = "metrics_config.compression_level",
        [Keys.ServerlessLogsEnabled] = "serverless.logs_enabled",
        [Keys.TracingEnabled] = "serverless.trace_enabled",
        [Keys.ManagedServices] = "serverless.trace_managed_services",
        [Keys.TracesEnabled] = "apm_config.enabled",
        [Keys.TraceEnv] = "apm_config.env",
        [Keys.TracePort] = "apm_config.receiver_port",
        [Keys.TraceSocket] = "apm_config.receiver_socket",
        [CompatKeys.TraceNonLocal] = "apm_config.apm_non_local_traffic",
        [CompatKeys.TraceWindowsPipe] = "apm_config.windows_pipe_name",
        [Keys.IgnoreResources] = "apm_config.ignore_resources",
        [Keys.MaxTraceBody] = "apm_config.max_payload_size",
        [Keys.ErrorTps] = "apm_config.errors_per_second",
        [Keys.ErrorTrackingStandalone] = "apm_config.error_tracking_standalone.enabled",
        [Keys.ProbabilisticSampler] = "apm_config.probabilistic_sampler.enabled",
        [Keys.ProbabilisticSamplerPercentage] = "apm_config.probabilistic_sampler.sampling_percentage",
        [Keys.ProbabilisticSamplerSeed] = "apm_config.probabilistic_sampler.hash_seed",
        [Keys.ElasticsearchObfuscation] = "apm_config.obfuscation.elasticsearch.enabled",
        [Keys.ElasticsearchKeepValues] = "apm_config.obfuscation.elasticsearch.keep_values",
        [Keys.ElasticsearchSqlValues] = "apm_config.obfuscation.elasticsearch.obfuscate_sql_values",
        [Keys.OpenSearchObfuscation] = "apm_config.obfuscation.opensearch.enabled",
        [Keys.MongoDbObfuscation] = "apm_config.obfuscation.mongodb.enabled",
        [Keys.RemoveStackTraces] = "apm_config.obfuscation.remove_stack_traces",
        [Keys.RedisObfuscation] = "apm_config.obfuscation.redis.enabled",
        [Keys.RedisRemoveAllArgs] = "apm_config.obfuscation.redis.remove_all_args",
        [Keys.ValkeyObfuscation] = "apm_config.obfuscation.valkey.enabled",
        [Keys.MemcachedObfuscation] = "apm_config.obfuscation.memcached.enabled",
        [Keys.MemcachedKeepCommand] = "apm_config.obfuscation.memcached.keep_command",
        [Keys.CardObfuscation] = "apm_config.obfuscation.credit_cards.enabled",
        [Keys.CardLuhn] = "apm_config.obfuscation.credit_cards.luhn",
        [Keys.CardKeepValues] = "apm_config.obfuscation.credit_cards.keep_values",
        [Keys.SqlObfuscationMode] = "apm_config.sql_obfuscation_mode",
        [Keys.PeerTags] = "apm_config.peer_tags",
        [Keys.PeerTagsAggregation] = "apm_config.peer_tags_aggregation",
        [Keys.ComputeStatsBySpanKind] = "apm_config.compute_stats_by_span_kind",
        [Keys.ProfilingUrl] = "apm_config.profiling_dd_url",
        [Keys.ProfilingApiKey] = "apm_config.profiling_api_key",
        [Keys.FipsProxy] = "fips.enabled",
        [Keys.DebuggerUrl] = "apm_config.debugger_dd_url",
        [Keys.DebuggerApiKey] = "apm_config.debugger_api_key",
        [Keys.AdditionalDiagnostics] = "apm_config.debugger_diagnostics_additional_endpoints",
        [Keys.SymbolsUrl] = "apm_config.symdb_dd_url",
        [Keys.TelemetryProxyEnabled] = "apm_config.telemetry.enabled",
        [Keys.TelemetryProxyUrl] = "apm_config.telemetry.dd_url",
        [Keys.AdditionalTelemetryProxy] = "apm_config.telemetry.additional_endpoints",
        [Keys.EvpEnabled] = "evp_proxy_config.enabled",
        [Keys.EvpUrl] = "evp_proxy_config.dd_url",
        [Keys.LineageUrl] = "ol_proxy_config.dd_url",
        [Keys.Spool] = "mayfly.spool",
    };

    public static TheoryData<string> Variables => [.. AllKeys()];

    public static TheoryData<string, string, string?> Rows => new()
    {
        // 05, 16
        { "site: datadoghq.eu", Keys.Site, "datadoghq.eu" },
        { "tags: [\"a:b\", \"c\"]", Keys.Tags, "a=b" },
        { "serverless_logs_enabled: false", Keys.LogsEnabled, "False" },

        // 05, 2: no typing
        { "version: 1.10", Keys.Version, "1.10" },
        { "version: 007", Keys.Version, "007" },
        { "env: true", Keys.Env, "true" },
        { "service: 123", Keys.Service, "123" },
        { "api_key: 12345", Keys.ApiKey, "12345" },
        { "api_key:", Keys.ApiKey, null },
        { "logs_enabled: no", Keys.LogsEnabled, "False" },
        { "flush_timeout: 2.5", Keys.FlushTimeout, "2500" },

        // 05, 3
        { "tags:\n  - url:http://x:80\n  - d:1\n  - d:2", Keys.Tags, "url=http://x:80;d=2" },
        { "tags:\n  - team: core\n  - 'note:two words'", Keys.Tags, "team=core;note=two words" },
        { "tags: {team: core, env: prod}", Keys.Tags, "team=core;env=prod" },
        { "tags: a:b c:d", Keys.Tags, "a=b;c=d" },
        { "service_mapping: a:b,c:d", Keys.ServiceMapping, "a:b,c:d" },
        { "service_mapping: {a: b, c: d}", Keys.ServiceMapping, "a:b,c:d" },
        { "apm_config:\n  peer_tags: [a, b]", Keys.PeerTags, "a b" },
        { "apm_config:\n  peer_tags: '[\"a\"]'", Keys.PeerTags, "a" },
        { "trace_propagation_style: tracecontext, b3", Keys.PropagationStyle, "TraceContext,B3" },
        { "trace_propagation_style: [tracecontext, b3]", Keys.PropagationStyle, "TraceContext,B3" },
        { "trace_baggage_tag_keys: [a, b]", Keys.BaggageTagKeys, "a b" },
        { "logs_config:\n  lambda_logs_type: [function, platform]", Keys.TelemetryTypes, "function platform" },
        { "serverless_flush_strategy: periodically,100", Keys.FlushStrategy, "Periodically 100" },
        {
            "logs_config:\n  processing_rules:\n    - type: exclude_at_match\n      name: a\n      pattern: x\n    - {type: multi_line, name: b, pattern: 'y'}",
            Keys.LogProcessingRules, "ExcludeAtMatch:a MultiLine:b"
        },
        {
            "logs_config:\n  processing_rules: '[{\"type\":\"exclude_at_match\",\"name\":\"a\",\"pattern\":\"x\"}]'", Keys.LogProcessingRules,
            "ExcludeAtMatch:a"
        },
        { "logs_config.logs_dd_url: my.proxy:10516/", Keys.LogsUrl, "https://my.proxy:10516/api/v2/logs" },
        { "dd_url: https://x/", Keys.MetricsUrl, "https://x/api/v2/series https://x/api/beta/sketches" },
        { "mayfly: {self_metrics: on}", Keys.SelfMetrics, "True" },
        { "mayfly: {spool: off}", Keys.Spool, "False" },
    };

    /// <summary>Beside it, <c>DD_SITE=us5.datadoghq.com</c> and <c>DD_API_KEY=key</c> hold.</summary>
    public static TheoryData<string, string, string> OddRows => new()
    {
        { "tags: [[a], a:b]", Keys.Tags, "a=b" },
        { "tags: {a: b, c: [d]}", Keys.Tags, "a=b" },
        { "apm_config: {peer_tags: [a, [b]]}", Keys.PeerTags, "a" },
        { "service_mapping: {a: b, c: {d: e}}", Keys.ServiceMapping, "a:b" },
        { "tags: [c]", Keys.Tags, "" },
        { "env: [prod]", Keys.Env, "" },
        { "log_level: loud", Keys.LogLevel, "Info" },
        { "log_level: {a: b}", Keys.LogLevel, "Info" },
        { "flush_timeout: -1", Keys.FlushTimeout, "30000" },
        { "flush_timeout: []", Keys.FlushTimeout, "30000" },
        { "logs_enabled: maybe", Keys.LogsEnabled, "True" },
        { "logs_enabled: [true]", Keys.LogsEnabled, "True" },
        { "apm_config: {peer_tags: {a: b}}", Keys.PeerTags, "" },
        { "apm_config: {receiver_port: 65536}", Keys.TracePort, "8126" },
        { "service_mapping: [a]", Keys.ServiceMapping, "" },
        { "logs_config: {logs_dd_url: 'ftp://x'}", Keys.LogsUrl, "https://http-intake.logs.us5.datadoghq.com/api/v2/logs" },
        { "serverless_flush_strategy: sometimes", Keys.FlushStrategy, "Adaptive 0" },
    };

    /// <summary>Reachability of every variable; what its text means is the same code whatever it comes from.</summary>
    [Theory]
    [MemberData(nameof(Variables))]
    public void Every_variable_has_a_key_in_the_file(string variable)
    {
        bool isOwn = variable.StartsWith("MAYFLY_", StringComparison.Ordinal);
        string name = variable[(variable.IndexOf('_', StringComparison.Ordinal) + 1)..].ToLowerInvariant();
        string path = Paths.GetValueOrDefault(variable) ?? (isOwn ? "mayfly." + name : name);
        string[] parts = path.Split('.');
        string yaml = string.Concat(parts.Select(static (part, depth) => $"{new string(' ', depth * 2)}{part}:\n")).TrimEnd() + " \"the value\"\n";
        EnvReader reader = FileOnly(yaml);
        Assert.Equal("the value", reader.Text(variable));
        Assert.Empty(reader.Warnings);
        Assert.Empty(reader.Errors);
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void A_good_value_is_used(string yaml, string key, string? expected)
    {
        Settings settings = Settings.Read(FileOnly(yaml));
        Assert.Equal(expected, SettingsTests.Show(key, settings));
        Assert.Equal(yaml.Contains("\"c\"", StringComparison.Ordinal) ? 1 : 0, settings.Warnings.Count);
        Assert.Empty(settings.Errors);
    }

    [Theory]
    [MemberData(nameof(OddRows))]
    public void An_odd_value_costs_its_key_and_one_sentence_that_names_the_line(string yaml, string key, string expected)
    {
        Settings settings = Settings.Read(new EnvReader(
            static name => name switch { Keys.Site => "us5.datadoghq.com", Keys.ApiKey => "key", _ => null }, ConfigFile.Parse("# first\n" + yaml)));
        Assert.Equal(expected, SettingsTests.Show(key, settings) ?? "");
        Assert.Equal(("us5.datadoghq.com", "key"), (settings.Intake.Site, settings.ApiKey));
        Assert.StartsWith("datadog.yaml, line 2: ", Assert.Single(settings.Complaints()), StringComparison.Ordinal);
    }

    /// <summary>05, 1 and 16: variable, file, default.</summary>
    [Theory]
    [InlineData("site: datadoghq.eu", "DD_SITE=us5.datadoghq.com", Keys.Site, "us5.datadoghq.com", 0)]
    [InlineData("site: datadoghq.eu", "DATADOG_SITE=us5.datadoghq.com", Keys.Site, "us5.datadoghq.com", 0)]
    [InlineData("site: datadoghq.eu", "DD_SITE=", Keys.Site, "datadoghq.eu", 0)]
    [InlineData("site: datadoghq.eu", "DD_SITE=:", Keys.Site, "datadoghq.eu", 1)]
    [InlineData("http_protocol: http1", "DD_HTTP_PROTOCOL=http3", Keys.HttpProtocol, "False", 1)]
    [InlineData("apm_config: {env: apm}", "DD_ENV=prod", Keys.TraceEnv, "apm", 0)]
    [InlineData("serverless: {trace_enabled: false}", "DD_APM_ENABLED=true", Keys.TracingEnabled, "0", 0)]
    [InlineData("tags: [x:1]", "DD_TAGS=y:2", Keys.Tags, "y=2", 0)]
    [InlineData("log_level: debug", "DD_LOG_LEVEL=loud", Keys.LogLevel, "Debug", 1)]
    [InlineData("serverless_flush_strategy: end", "DD_SERVERLESS_FLUSH_STRATEGY=sometimes", Keys.FlushStrategy, "End 0", 1)]
    [InlineData("flush_timeout: 7", "DD_FLUSH_TIMEOUT=x", Keys.FlushTimeout, "7000", 1)]
    [InlineData("flush_timeout: x", "DD_FLUSH_TIMEOUT=y", Keys.FlushTimeout, "30000", 2)]
    [InlineData("api_key: file", "DD_API_KEY=variable", Keys.ApiKey, "variable", 0)]
    [InlineData("api_key: file", "DD_API_KEY=", Keys.ApiKey, "file", 0)]
    [InlineData("serverless_logs_enabled: true", "DD_LOGS_ENABLED=false", Keys.LogsEnabled, "False", 0)]
    [InlineData("serverless_logs_enabled: false\nlogs_enabled: true", "DD_X=", Keys.LogsEnabled, "True", 0)]
    [InlineData("logs_enabled: false", "DD_LOGS_ENABLED=tru", Keys.LogsEnabled, "False", 1)]
    [InlineData("enhanced_metrics_enabled: true", "DD_ENHANCED_METRICS=false", Keys.EnhancedMetrics, "False", 0)]
    [InlineData("dd_url: https://a", "DD_URL=https://b", Keys.MetricsUrl, "https://b/api/v2/series https://b/api/beta/sketches", 0)]
    public void The_stronger_source_wins(string yaml, string variable, string key, string expected, int warnings)
    {
        (string name, string value) = (variable.Split('=')[0], variable.Split('=')[1]);
        Settings settings = Settings.Read(new EnvReader(asked => asked == name ? value : null, ConfigFile.Parse(yaml)));
        Assert.Equal(expected, SettingsTests.Show(key, settings));
        Assert.Equal(warnings, settings.Complaints().Count);
    }

    /// <summary>05, 1: a variable for all signals beats the file's key of one; in one source it is the other way round.</summary>
    [Theory]
    [InlineData("logs_config: {compression_level: 4}", "9", 9)]
    [InlineData("logs_config: {compression_level: 4}\ncompression_level: 9", "", 4)]
    public void A_general_level_counts_within_its_source(string yaml, string variable, int expected) => Assert.Equal(
        expected,
        Settings.Read(new EnvReader(name => name == Keys.CompressionLevel ? variable : null, ConfigFile.Parse(yaml))).Compression.Logs.Level);

    [Fact]
    public void Endpoints_rules_and_filters_are_written_as_yaml()
    {
        Settings settings = Settings.Read(FileOnly("""
            additional_endpoints:
              "https://api.datadoghq.eu":
                - k1
                - k2
            apm_config:
              additional_endpoints: {"https://trace.agent.datadoghq.eu": [k3]}
              replace_tags:
                - {name: http.url, pattern: "(token)=[^&]+", repl: "$1=?"}
                - {name: no.pattern}
              ignore_resources: ["GET /health", "a,b"]
              filter_tags: {require: ["env:prod", "db:sql server"], reject: [{a: b}]}
              filter_tags_regex: {reject: "c:d.*"}
              obfuscation:
                redis: {enabled: false}
                mongodb: {keep_values: [_id]}
            logs_config:
              additional_endpoints:
                - {api_key: k4, Host: h, Port: 443, is_reliable: true}
            proxy:
              https: http://proxy:3128
              no_proxy: [a.com, b.com]
            """));
        Assert.Equal(["k1", "k2"], settings.Intake.AdditionalMetrics.Select(static one => one.ApiKey.Value));
        Assert.Equal("k3", Assert.Single(settings.Intake.AdditionalTraces).ApiKey.Value);
        Assert.Equal("https://h/api/v2/logs", Assert.Single(settings.LogShipping.Additional).Url.AbsoluteUri);
        Assert.Equal("http.url", Assert.Single(settings.Obfuscation.ReplaceRules).Name);
        Assert.Equal(2, settings.TraceFilters.IgnoredResources.Count);
        Assert.Equal(["env:prod", "db:sql server"], settings.TraceFilters.Require.Select(static one => one.ToString()));
        Assert.Equal(["a:b", "c:d.*"], settings.TraceFilters.Reject.Select(static one => one.ToString()));
        Assert.False(settings.Obfuscation.Redis.IsEnabled);
        Assert.Equal(["_id"], settings.Obfuscation.MongoDb.KeptMembers);
        Assert.Equal(new Uri("http://proxy:3128"), settings.Outbound.Proxy.ForHttps);
        Assert.Equal(["a.com", "b.com"], settings.Outbound.Proxy.NoProxy);
        Assert.StartsWith("datadog.yaml, line 8: apm_config.replace_tags=rule 2 ", Assert.Single(settings.Errors), StringComparison.Ordinal);
        Assert.Empty(settings.Warnings);
    }

    [Fact]
    public void Only_what_is_Mayfly_s_or_Datadog_s_is_read_from_a_file()
    {
        EnvReader reader = FileOnly("aws_region: x\nhttps_proxy: y\nmayfly_mode: z");
        Assert.Null(reader.Text(Keys.Region));
        Assert.Null(reader.Text(Keys.SystemHttpsProxy));
        Assert.Null(reader.Text(Keys.Mode));
    }

    private static IEnumerable<string> AllKeys() => typeof(Keys).GetFields().Concat(typeof(CompatKeys).GetFields())
        .Select(static field => (string)field.GetRawConstantValue()!)
        .Where(static name => name.StartsWith("DD_", StringComparison.Ordinal) || name.StartsWith("MAYFLY_", StringComparison.Ordinal));

    private static EnvReader FileOnly(string yaml) => new(static _ => null, ConfigFile.Parse(yaml));
}
