using Mayfly.Config;
using Mayfly.Config.Files;
using Xunit;

namespace Mayfly.Tests.Config;

/// <summary>docs/spec/05-config.md#15-unsupported-keys: what is pointed out and, as important, what is not.</summary>
public class UnknownNamesTests
{
    [Fact]
    public void Every_key_is_known_to_be_read()
    {
        string[] keys =
        [
            .. typeof(Keys).GetFields().Concat(typeof(CompatKeys).GetFields())
                .Select(static field => (string)field.GetRawConstantValue()!)
                .Where(static name => name.StartsWith("DD_", StringComparison.Ordinal) || name.StartsWith("MAYFLY_", StringComparison.Ordinal)),
        ];
        Assert.Empty(keys.Except(KnownNames.Read));
        Assert.DoesNotContain(keys, KnownNames.HasNoEffect);
        Assert.DoesNotContain(keys, KnownNames.IsForeign);
    }

    [Theory]
    [InlineData("DD_APIKEY", "DD_API_KEY")]
    [InlineData("DD_API_KEYS", "DD_API_KEY")]
    [InlineData("DD_STIE", "DD_SITE")]
    [InlineData("DD_TAG", "DD_TAGS")]
    [InlineData("DATADOG_SERVCE", "DD_SERVICE")]
    [InlineData("dd_env", "DD_ENV")]
    [InlineData("DD_LOG_PROCESSING_RULES", null)] // three letters away from nothing
    [InlineData("DD_LOGS_CONFIG_PROCESING_RULE", "DD_LOGS_CONFIG_PROCESSING_RULES")]
    [InlineData("DD_SERVERLESS_FLUSH_STRATERGY", "DD_SERVERLESS_FLUSH_STRATEGY")]
    [InlineData("DD_ENHANCED_METRIC_ENABLE", "DD_ENHANCED_METRICS_ENABLED")]
    [InlineData("DD_TRACE_MANAGED_SERVICE", "DD_TRACE_MANAGED_SERVICES")]
    [InlineData("MAYFLY_SPOL", "MAYFLY_SPOOL")]
    public void A_name_that_is_almost_a_setting_is_pointed_out(string name, string? nearest)
    {
        if (nearest is null)
        {
            Assert.Empty(Of(name).Misspelt());
            return;
        }

        Assert.Equal([$"{name} is set, but there is no such setting, and it is ignored. Did you mean {nearest}?"], Of(name).Misspelt());
    }

    /// <summary>Variables of the tracers, the libraries, the launchers, the wrappers and the large agent.</summary>
    [Theory]
    [InlineData("DD_TRACE_ENABLED DD_TRACE_AGENT_URL DD_TRACE_AGENT_PORT DD_TRACE_SAMPLE_RATE DD_TRACE_PROPAGATION_STYLE_INJECT")]
    [InlineData("DD_TRACE_STATS_COMPUTATION_ENABLED DD_TRACE_AGENT_PROTOCOL_VERSION")]
    [InlineData("DD_PROFILING_ENABLED DD_APPSEC_ENABLED DD_REMOTE_CONFIGURATION_ENABLED DD_RUNTIME_METRICS_ENABLED DD_INSTRUMENTATION_TELEMETRY_ENABLED")]
    [InlineData("DD_LAMBDA_HANDLER DD_FLUSH_TO_LOG DD_LOGS_INJECTION DD_MERGE_XRAY_TRACES DD_COLD_START_TRACING DD_LOCAL_TESTING DD_LOGS_OTEL_ENABLED")]
    [InlineData("DD_AGENT_HOST DD_DOGSTATSD_HOST DD_DOGSTATSD_URL DD_ENTITY_ID DD_SERVICE_NAME DD_HOSTNAME DD_SERVERLESS_COMPAT_PATH DD_EXTENSION_VERSION")]
    [InlineData("DD_DATA_STREAMS_ENABLED DD_LLMOBS_ENABLED DD_DYNAMIC_INSTRUMENTATION_ENABLED DD_IAST_ENABLED DD_CIVISIBILITY_ENABLED DD_CLUSTER_NAME")]
    [InlineData("PATH AWS_REGION DDSITE _DD_SITE DATADOG_AGENT MAYFLY_NATIVE_FRAMEWORK MAYFLY_WRITE_SURVIVAL")]
    public void Names_of_others_are_passed_over(string names) => Assert.Empty(Of(names.Split(' ')).Misspelt());

    [Fact]
    public void A_setting_is_never_pointed_out()
    {
        Assert.Empty(Of([.. KnownNames.Read]).Misspelt());
        Assert.Empty(Of([.. KnownNames.Read]).WithoutEffect());
    }

    [Fact]
    public void What_other_agents_read_is_named_once() => Assert.Equal(
        ["DD_DOGSTATSD_QUEUE_SIZE", "DD_OTLP_CONFIG_LOGS_ENABLED"],
        Of("DD_OTLP_CONFIG_LOGS_ENABLED", "DD_SITE", "DD_DOGSTATSD_QUEUE_SIZE", "DD_TRACE_ENABLED").WithoutEffect());

    /// <summary>The rows of 05, 7 marked A or –.</summary>
    [Theory]
    [InlineData("DD_APM_OBFUSCATION_SQL_EXEC_PLAN_ENABLED DD_APM_OBFUSCATION_SQL_EXEC_PLAN_NORMALIZE_ENABLED DD_LOGS_CONFIG_SENDER_BACKOFF_FACTOR")]
    [InlineData("DD_DOGSTATSD_STATS_PORT DD_ORIGIN_DETECTION_UNIFIED DD_DOGSTATSD_ORIGIN_DETECTION_UNIFIED DD_APM_INSTRUMENTATION_ENABLED")]
    [InlineData("DD_APM_SOCKET_ACTIVATION_ENABLED DD_APM_WORKLOAD_SELECTION DD_APM_INSTALL_ID DD_SECRET_BACKEND_TYPE DD_SECRET_BACKEND_COMMAND")]
    [InlineData("DD_APM_MAX_REMOTE_TRACES_PER_SECOND DD_API_SECURITY_SAMPLE_DELAY DD_APPSEC_WAF_TIMEOUT DD_API_SECURITY_ENABLED DD_APM_TRACING_ENABLED")]
    [InlineData("DATADOG_APM_OBFUSCATION_CACHE_ENABLED")]
    public void What_has_no_effect_is_not_passed_over_in_silence(string names)
    {
        UnknownNames unknown = Of(names.Split(' '));
        Assert.Equal(names.Split(' ').Order(StringComparer.Ordinal), unknown.WithoutEffect());
        Assert.Empty(unknown.Misspelt());
    }

    [Fact]
    public void Nor_are_keys_of_the_file()
    {
        const string Yaml = """
            site: datadoghq.eu
            forwarder_timeout: 20
            apm_config:
              max_remote_traces_per_second: 100
              obfuscation: {cache: {enabled: true}, credit_cards: {enabled: true}}
            otlp_config:
              logs: {enabled: true}
            logs_config.batch_wait: 5
            cluster_agent: {url: x}
            apm_config.analyzed_spans: {web|request: 1}
            secret_backend_arguments: [a]
            """;
        var names = new UnknownNames(new EnvReader(static _ => null, ConfigFile.Parse(Yaml)));
        Assert.Equal(
            [
                "datadog.yaml, line 10: apm_config.analyzed_spans", "datadog.yaml, line 11: secret_backend_arguments",
                "datadog.yaml, line 2: forwarder_timeout", "datadog.yaml, line 4: apm_config.max_remote_traces_per_second",
                "datadog.yaml, line 5: apm_config.obfuscation.cache.enabled", "datadog.yaml, line 7: otlp_config.logs.enabled",
                "datadog.yaml, line 8: logs_config.batch_wait",
            ],
            names.WithoutEffect().Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("apm_config:\n  replace_tag: []", "datadog.yaml, line 2: apm_config.replace_tag", "DD_APM_REPLACE_TAGS")]
    [InlineData("sites: x", "datadog.yaml, line 1: sites", "DD_SITE")]
    [InlineData("site: x\nadditional_endpoints: {sites: [x]}", null, null)]
    [InlineData("process_config: {enabled: true}\ncluster_agent: {url: x}\njmx_custom_jars: [a]", null, null)]
    public void Keys_of_the_file_are_looked_at_too(string yaml, string? title, string? nearest)
    {
        var names = new UnknownNames(new EnvReader(static _ => null, ConfigFile.Parse(yaml)));
        Assert.Equal(title is null ? [] : [$"{title} is set, but there is no such setting, and it is ignored. Did you mean {nearest}?"], names.Misspelt());
    }

    /// <summary>Against the whole matrix.</summary>
    [Fact]
    public void The_distance_is_exact_up_to_its_limit()
    {
        var random = new Random(20261128);
        for (int i = 0; i < 20_000; i++)
        {
            string a = Word(random, "abc", random.Next(9));
            string b = Word(random, "abc", random.Next(9));
            int limit = random.Next(4);
            Assert.Equal(Math.Min(Whole(a, b), limit + 1), Math.Min(EditDistance.Of(a, b, limit), limit + 1));
        }

        Assert.Equal(2, EditDistance.Of(new string('x', 500), "x", 1));
    }

    private static string Word(Random random, string letters, int length) =>
        string.Concat(Enumerable.Range(0, length).Select(_ => letters[random.Next(letters.Length)]));

    private static int Whole(string a, string b)
    {
        int[,] d = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++)
        {
            for (int j = 0; j <= b.Length; j++)
            {
                d[i, j] = i == 0 || j == 0 ? i + j : Math.Min(Math.Min(d[i - 1, j], d[i, j - 1]) + 1, d[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    d[i, j] = Math.Min(d[i, j], d[i - 2, j - 2] + 1);
                }
            }
        }

        return d[a.Length, b.Length];
    }

    private static UnknownNames Of(params string[] names) => new(new EnvReader(static _ => null, names: () => names));
}
