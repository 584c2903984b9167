using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Mayfly.Config;
using Xunit;
using LogLevel = Mayfly.Diagnostics.LogLevel;

namespace Mayfly.Tests.Config;

/// <summary>docs/spec/05-config.md sections 1, 2, 3, 8 and 16, for the keys of <see cref="Keys"/>.</summary>
public class SettingsTests
{
    /// <summary>What each key turns into, as text: the rows name the key, the value and the result.</summary>
    private static readonly Dictionary<string, Func<Settings, string?>> Shown = new()
    {
        [Keys.ApiKey] = s => s.ApiKey,
        [Keys.ServiceMapping] = s => s.Triggers.ServiceMapping.ToString(),
        [Keys.RemoveIntegrationNames] = s => s.Triggers.RemovesIntegrationNames.ToString(),
        [Keys.DecodeAuthorizerContext] = s => s.Triggers.DecodesAuthorizerContext.ToString(),
        [Keys.ServiceRepresentation] = s => s.Triggers.RepresentsServices.ToString(),
        [Keys.ManagedServices] = s => s.Triggers.InfersSpans.ToString(),
        [Keys.SpanPointers] = s => s.Triggers.AddsSpanPointers.ToString(),
        [Keys.ProcEnhancedMetrics] = s => s.ProcEnhancedMetrics.ToString(),
        [Keys.Site] = s => s.Intake.Series.Host["api.".Length..],
        [Keys.LogLevel] = s => s.LogLevel.ToString(),
        [Keys.Env] = s => s.Env,
        [Keys.Service] = s => s.Service,
        [Keys.Version] = s => s.Version,
        [Keys.Tags] = s => string.Join(';', s.Tags.Select(tag => $"{tag.Key}={tag.Value}")),
        [Keys.ExtraTags] = s => string.Join(';', s.Tags.Select(tag => $"{tag.Key}={tag.Value}")),
        [Keys.TracesUrl] = s => s.Intake.Traces.AbsoluteUri,
        [Keys.MetricsUrl] = s => $"{s.Intake.Series.AbsoluteUri} {s.Intake.Sketches.AbsoluteUri}",
        [Keys.MetricsUrlWeaker] = s => $"{s.Intake.Series.AbsoluteUri} {s.Intake.Sketches.AbsoluteUri}",
        [Keys.LogsUrl] = s => s.Intake.Logs.AbsoluteUri,
        [Keys.LogsUseCompression] = s => Text(s.LogShipping.UsesCompression),
        [Keys.SkipSslValidation] = s => Text(s.Outbound.Tls.SkipsValidation),
        [Keys.TlsCertFile] = s => s.Outbound.Tls.CertFile,
        [Keys.SystemCertFile] = s => s.Outbound.Tls.SystemFile,
        [Keys.SystemCertFolder] = s => s.Outbound.Tls.SystemFolders,
        [Keys.MinTlsVersion] = s => Text(s.Outbound.Tls.RequiresTls13),
        [Keys.HttpProtocol] = s => Text(s.Outbound.PrefersHttp2),
        [Keys.FlushTimeout] = s => s.FlushTimeout.TotalMilliseconds.ToString(CultureInfo.InvariantCulture),
        [Keys.Spool] = s => Text(s.Spool.IsEnabled),
        [Keys.SpoolPath] = s => s.Spool.Folder,
        [Keys.SpoolMaxBytes] = s => s.Spool.LimitBytes.ToString(CultureInfo.InvariantCulture),
        [Keys.TracingEnabled] = s => Text(s.Listeners.TracePort),
        [Keys.TraceEnv] = s => s.TraceEnv,
        [Keys.SelfMetrics] = s => Text(s.SendsSelfMetrics),
        [Keys.LogsEnabled] = s => Text(s.LogsEnabled),
        [Keys.ServerlessLogsEnabled] = s => Text(s.LogsEnabled),
        [Keys.EnhancedMetricsEnabled] = s => Text(s.EnhancedMetrics),
        [Keys.EnhancedMetrics] = s => Text(s.EnhancedMetrics),
        [Keys.ComputeStats] = s => Text(s.ComputeStats),
        [Keys.ComputeStatsBySpanKind] = s => Text(s.StatsKeys.CountsSpanKinds),
        [Keys.PeerTags] = s => string.Join(' ', s.StatsKeys.MorePeerTags),
        [Keys.PeerTagsAggregation] = s => Text(s.StatsKeys.UsesPeerTags),
        [Keys.PropagationStyle] = s => string.Join(',', s.Propagation.ExtractStyles),
        [Keys.PropagationStyleExtract] = s => string.Join(',', s.Propagation.ExtractStyles),
        [Keys.PropagationExtractFirst] = s => Text(s.Propagation.ExtractFirst),
        [Keys.PropagationHttpBaggage] = s => Text(s.Propagation.HttpBaggage),
        [Keys.BaggageTagKeys] = s => string.Join(' ', s.Propagation.BaggageTagKeys),
        [Keys.CapturePayload] = s => Text(s.PayloadCapture.IsEnabled),
        [Keys.CapturePayloadMaxDepth] = s => Text(s.PayloadCapture.MaxDepth),
        [Keys.TracePort] = s => Text(s.Listeners.TracePort),
        [Keys.TracePortWeaker] = s => Text(s.Listeners.TracePort),
        [Keys.MaxTraceBody] = s => Text(s.Listeners.MaxTraceBodyBytes),
        [Keys.DogStatsdPort] = s => Text(s.DogStatsd.Port),
        [Keys.DogStatsdNonLocal] = s => Text(s.DogStatsd.IsNonLocal),
        [Keys.LifecyclePort] = s => Text(s.Listeners.LifecyclePort),
        [Keys.TelemetryPort] = s => Text(s.Listeners.TelemetryPort),
        [Keys.RuntimeApi] = s => s.Lambda.RuntimeApi,
        [Keys.InitializationType] = s => s.Lambda.InitializationType,
        [Keys.LocalTest] = s => Text(s.Lambda.IsLocalTest),
        [Keys.TelemetryTypes] = s => string.Join(' ', [.. s.Lambda.LogTypes, .. s.Lambda.HasPlatformLogs ? new[] { "platform" } : []]),
        [Keys.LogProcessingRules] = s => string.Join(' ', s.LogRules.Select(static rule => $"{rule.Kind}:{rule.Name}")),
        [Keys.DurableLogBufferSize] = s => Text(s.Lambda.DurableLogBufferSize),
        [Keys.FlushStrategy] = s => $"{s.FlushStrategy.Mode} {s.FlushStrategy.Interval.TotalMilliseconds}",
        [Keys.FunctionName] = s => s.Lambda.FunctionName,
        [Keys.FunctionVersion] = s => s.Lambda.FunctionVersion,
        [Keys.FunctionMemorySize] = s => s.Lambda.MemorySizeMb,
        [Keys.Region] = s => s.Lambda.Region,
        [Keys.DefaultRegion] = s => s.Lambda.Region,
    };

    /// <summary>Keys of records that have tests of their own, and those that are read before there are settings.</summary>
    private static readonly string[] ReadElsewhere =
    [
        Keys.Mode, Keys.TaskRoot, Keys.ExperimentalProxy, Keys.ServerlessAppSecEnabled, Keys.WebAdapterProxy, Keys.ExecWrapper,
        .. SecretSettingsTests.KeysRead, .. TraceAgentSettingsTests.KeysRead, .. DogStatsdSettingsTests.KeysRead,
        .. ObfuscationSettingsTests.KeysRead, .. TraceFilterSettingsTests.KeysRead, .. LogShippingSettingsTests.KeysRead,
        .. CompressionSettingsTests.KeysRead,
        .. ProxySettingsTests.KeysRead, .. OutboundProxySettingsTests.KeysRead,
    ];

    public static TheoryData<string, string, string?> Good => new()
    {
        { Keys.ApiKey, "  k e y\n", "key" }, // 16: API keys
        { Keys.ServiceMapping, "a:b, c : d ,x:y", "a:b,c:d,x:y" }, // 16
        { Keys.RemoveIntegrationNames, "1", "True" },
        { Keys.DecodeAuthorizerContext, "false", "False" },
        { Keys.BaggageTagKeys, " user.id ,,x", "user.id x" },
        { Keys.ServiceRepresentation, "false", "False" },
        { Keys.ManagedServices, "0", "False" },
        { Keys.SpanPointers, "no", "False" },
        { Keys.ProcEnhancedMetrics, "FALSE", "False" },
        { Keys.ApiKey, "12345", "12345" }, // 2: no typing
        { Keys.ApiKey, "   \n", null }, // TV21
        { Keys.Site, "us5.datadoghq.com", "us5.datadoghq.com" },
        { Keys.Site, " DATADOGHQ.EU ", "datadoghq.eu" }, // 8: trim, lower-case
        { Keys.Site, "", "datadoghq.com" }, // 16: empty = unset
        { Keys.LogLevel, "TRACE", "Trace" }, // 04 D
        { Keys.LogLevel, "warning", "Warn" },
        { Keys.LogLevel, "none", "Off" },
        { Keys.LogLevel, "off", "Off" },
        { Keys.LogLevel, "critical", "Error" },
        { Keys.LogLevel, "err", "Error" },
        { Keys.LogLevel, "information", "Info" },
        { Keys.LogLevel, " debug ", "Debug" },
        { Keys.Env, "true", "true" }, // 2: DD_ENV=true is a text
        { Keys.Env, "   ", null }, // 16
        { Keys.Service, "123", "123" }, // 16
        { Keys.Version, "1.10", "1.10" }, // 16
        { Keys.Version, "007", "007" }, // 2
        { Keys.Tags, "team:a,url:http://x:80 env:b", "team=a;url=http://x:80;env=b" }, // 16
        { Keys.Tags, "\"team:a env:b\"", "team=a;env=b" }, // 16
        { Keys.Tags, "team:serverless  env:prod   version:1.0", "team=serverless;env=prod;version=1.0" }, // 16
        { Keys.Tags, "[a:b]", "a=b" }, // 16
        { Keys.Tags, "[\"a:b\", \"c:d\"]", "a=b;c=d" }, // 3: JSON list of texts
        { Keys.Tags, "[\"team:my team\",\"url:a,b\"]", "team=my team;url=a,b" }, // 3: an element is a tag
        { Keys.Tags, "\"[\"team:my team\"]\"", "team=my team" },
        { Keys.Tags, "d:1,e:3,d:2", "e=3;d=2" }, // 3: last duplicate wins
        { Keys.ExtraTags, "a:b c:d", "a=b;c=d" }, // 11
        { Keys.TracesUrl, " https://x/ ", "https://x/api/v0.2/traces" }, // 16
        { Keys.TracesUrl, "http://127.0.0.1:1234", "http://127.0.0.1:1234/api/v0.2/traces" }, // design 4
        { Keys.MetricsUrl, "https://x/", "https://x/api/v2/series https://x/api/beta/sketches" }, // 16
        { Keys.MetricsUrl, "x.com", "https://x.com/api/v2/series https://x.com/api/beta/sketches" }, // 16
        { Keys.MetricsUrl, "custom_proxy:3128", "https://custom_proxy:3128/api/v2/series https://custom_proxy:3128/api/beta/sketches" }, // 8
        { Keys.MetricsUrl, "https://x/dd/", "https://x/dd/api/v2/series https://x/dd/api/beta/sketches" }, // 04 B.9: a path is accepted
        { Keys.MetricsUrlWeaker, "https://y", "https://y/api/v2/series https://y/api/beta/sketches" },
        { Keys.LogsUrl, "my.proxy:10516/", "https://my.proxy:10516/api/v2/logs" }, // 16
        { Keys.LogsUrl, "http://x//", "http://x/api/v2/logs" }, // 16
        { Keys.LogsUrl, "agent-http-intake-pci.logs.datadoghq.com:443", "https://agent-http-intake-pci.logs.datadoghq.com/api/v2/logs" }, // 16
        { Keys.LogsUrl, "https://x/api/v2/logs", "https://x/api/v2/logs" },
        { Keys.LogsUseCompression, "FALSE", "False" },
        { Keys.SkipSslValidation, "yes", "True" },
        { Keys.TlsCertFile, " /var/task/ca.pem ", "/var/task/ca.pem" },
        { Keys.SystemCertFile, "/etc/ca.pem", "/etc/ca.pem" },
        { Keys.SystemCertFolder, "/a:/b", "/a:/b" },
        { Keys.MinTlsVersion, " TLSv1.3 ", "True" },
        { Keys.MinTlsVersion, "tlsv1.2", "False" },
        { Keys.HttpProtocol, "HTTP1", "False" },
        { Keys.HttpProtocol, "http2", "True" },
        { Keys.HttpProtocol, "auto", "True" },
        { Keys.FlushTimeout, "5", "5000" }, // 16
        { Keys.FlushTimeout, "5.0", "5000" },
        { Keys.FlushTimeout, "5s", "5000" },
        { Keys.FlushTimeout, "250ms", "250" },
        { Keys.FlushTimeout, " 0.5 s ", "500" },
        { Keys.Spool, "false", "False" },
        { Keys.SpoolPath, " /tmp/x ", "/tmp/x" },
        { Keys.SpoolMaxBytes, "2000000", "2000000" },
        { Keys.TracingEnabled, "True", "8126" },
        { Keys.TracingEnabled, "false", "0" }, // 7
        { Keys.TraceEnv, "apm", "apm" },
        { Keys.SelfMetrics, "true", "True" },
        { Keys.LogsEnabled, "false", "False" }, // 16
        { Keys.LogsEnabled, "TRUE", "True" }, // 16
        { Keys.ServerlessLogsEnabled, "FALSE", "False" }, // 16
        { Keys.ServerlessLogsEnabled, "", "True" }, // 04 C.1: unset
        { Keys.EnhancedMetricsEnabled, "false", "False" }, // 16
        { Keys.EnhancedMetrics, "false", "False" }, // 16
        { Keys.ComputeStats, "on", "True" },
        { Keys.ComputeStatsBySpanKind, "false", "False" }, // 03 8
        { Keys.PeerTags, """["team.name","db.owner"]""", "team.name db.owner" }, // 03 4.2: JSON list
        { Keys.PeerTags, "team.name,db.owner", "team.name db.owner" },
        { Keys.PeerTagsAggregation, "0", "False" },
        { Keys.PropagationStyle, "Datadog, B3 ", "Datadog,B3" }, // 16
        { Keys.PropagationStyleExtract, "tracecontext", "TraceContext" },
        { Keys.PropagationExtractFirst, "True", "True" },
        { Keys.PropagationHttpBaggage, "1", "True" },
        { Keys.CapturePayload, "true", "True" },
        { Keys.CapturePayloadMaxDepth, "3", "3" },
        { Keys.TracePort, "18126", "18126" },
        { Keys.TracePort, "0", "0" },
        { Keys.TracePortWeaker, "+18126", "18126" }, // 2: optional plus
        { Keys.MaxTraceBody, "1048576", "1048576" },
        { Keys.DogStatsdPort, " 18125 ", "18125" },
        { Keys.DogStatsdNonLocal, "1", "True" },
        { Keys.LifecyclePort, "65535", "65535" },
        { Keys.TelemetryPort, "1", "1" },
        { Keys.RuntimeApi, " 127.0.0.1:9001 ", "127.0.0.1:9001" },
        { Keys.InitializationType, "on-demand", "on-demand" },
        { Keys.LocalTest, "1", "True" },
        { Keys.TelemetryTypes, "platform function", "function platform" },
        { Keys.TelemetryTypes, "extension", "extension" },
        { Keys.TelemetryTypes, "platform", "platform" },
        { Keys.DurableLogBufferSize, "50", "50" }, // 04 C.8
        {
            Keys.LogProcessingRules, """[{"type":"exclude_at_match","name":"a","pattern":"x"},{"type":"multi_line","name":"b","pattern":"y"}]""",
            "ExcludeAtMatch:a MultiLine:b"
        }, // 16
        { Keys.FlushStrategy, "periodically,100", "Periodically 100" },
        { Keys.FunctionName, "My-Fn", "My-Fn" },
        { Keys.FunctionVersion, "$LATEST", "$LATEST" },
        { Keys.FunctionMemorySize, "128", "128" },
        { Keys.Region, "eu-west-1", "eu-west-1" },
        { Keys.DefaultRegion, "eu-west-1", "eu-west-1" },
    };

    public static TheoryData<string, string> Bad => new()
    {
        { Keys.Site, "data dog" },
        { Keys.Site, "http://datadoghq.com" },
        { Keys.Site, ":" },
        { Keys.Site, "a:99999999" },
        { Keys.Site, "a..b" },
        { Keys.Site, "app." },
        { Keys.Site, "_" },
        { Keys.LogLevel, "loud" },
        { Keys.TracesUrl, "ftp://x" },
        { Keys.TracesUrl, "https://" },
        { Keys.MetricsUrl, "https://my proxy" },
        { Keys.MetricsUrlWeaker, "https://x:99999" },
        { Keys.LogsUrl, "://" },
        { Keys.LogsUseCompression, "maybe" },
        { Keys.SkipSslValidation, "2" },
        { Keys.MinTlsVersion, "tlsv1.1" },
        { Keys.HttpProtocol, "http3" },
        { Keys.FlushTimeout, "-1" },
        { Keys.FlushTimeout, "0" },
        { Keys.FlushTimeout, "NaN" },
        { Keys.FlushTimeout, "1e300" },
        { Keys.FlushTimeout, "5m" },
        { Keys.Spool, "tru" },
        { Keys.SpoolMaxBytes, "1" },
        { Keys.SpoolMaxBytes, "-1" },
        { Keys.TracingEnabled, "never" },
        { Keys.SelfMetrics, "some" },
        { Keys.LogsEnabled, "tru" },
        { Keys.LocalTest, "here" },
        { Keys.TelemetryTypes, "functions" },
        { Keys.DurableLogBufferSize, "-1" },
        { Keys.FlushStrategy, "sometimes" },
        { Keys.ServerlessLogsEnabled, "null" },
        { Keys.EnhancedMetricsEnabled, "-" },
        { Keys.EnhancedMetrics, "truefalse" },
        { Keys.ComputeStats, "10" },
        { Keys.ComputeStatsBySpanKind, "kinds" },
        { Keys.PeerTags, "[1]" },
        { Keys.PeerTags, "[" },
        { Keys.PeerTagsAggregation, "some" },
        { Keys.TracePort, "65536" },
        { Keys.TracePort, "8126.0" },
        { Keys.TracePortWeaker, "-1" },
        { Keys.MaxTraceBody, "0" },
        { Keys.MaxTraceBody, "52428801" },
        { Keys.DogStatsdPort, "0x1" },
        { Keys.DogStatsdNonLocal, "local" },
        { Keys.LifecyclePort, "99999999999999999999" },
        { Keys.TelemetryPort, "1 2" },
        { Keys.ServiceMapping, "e" }, // 16
        { Keys.RemoveIntegrationNames, "always" },
        { Keys.DecodeAuthorizerContext, "-1" },
        { Keys.Tags, "123" }, // 16
        { Keys.ExtraTags, "a" },
        { Keys.Tags, ":b" },
        { Keys.Tags, "c:" },
    };

    [Fact]
    public void Every_key_has_rows()
    {
        string[] keys = [.. typeof(Keys).GetFields().Select(field => (string)field.GetRawConstantValue()!)];
        Assert.Equal(keys.Except(ReadElsewhere).Order(), Shown.Keys.Order());
        Assert.Empty(Shown.Keys.Except(Good.Select(row => row.Data.Item1)));
    }

    [Theory]
    [MemberData(nameof(Good))]
    public void A_good_value_is_used_without_a_word(string key, string value, string? expected)
    {
        Settings settings = Environments.Read((key, value));
        Assert.Equal(expected, Shown[key](settings));
        Assert.Empty(settings.Complaints());
    }

    [Theory]
    [MemberData(nameof(Bad))]
    public void A_bad_value_costs_its_key_and_one_sentence(string key, string value)
    {
        Settings settings = Environments.Read((key, value));
        Assert.Equal(Shown[key](Environments.Read()), Shown[key](settings));
        Assert.StartsWith(key + "=", Assert.Single(settings.Complaints()), StringComparison.Ordinal);
    }

    /// <summary>05, 8 and 16; 04, B.9 and B.13: data goes elsewhere than the user thinks, or is seen by others.</summary>
    [Theory]
    [InlineData(Keys.Site, "data dog")]
    [InlineData(Keys.MetricsUrl, "https://my proxy")]
    [InlineData(Keys.TracesUrl, "ftp://x")]
    [InlineData(Keys.LogsUrl, "://")]
    [InlineData(Keys.AdditionalMetrics, "not json")]
    [InlineData(Keys.AdditionalMetrics, """{"ftp://x":["k"]}""")]
    [InlineData(Keys.AdditionalMetrics, """{"https://x":[1]}""")]
    [InlineData(Keys.AdditionalTraces, "not json")]
    [InlineData(Keys.AdditionalLogs, "not json")]
    [InlineData(Keys.AdditionalLogs, """[{"Host":"h"}]""")]
    [InlineData(Keys.ReplaceTags, "not json")]
    [InlineData(Keys.ReplaceTags, """[{"name":"*","pattern":"(","repl":""}]""")]
    [InlineData(Keys.MetricNamespace, "1x")]
    [InlineData(Keys.LogProcessingRules, "not json")]
    public void What_the_user_relies_on_is_an_error(string key, string value)
    {
        Settings settings = Environments.Read((key, value));
        Assert.StartsWith(key + "=", Assert.Single(settings.Errors), StringComparison.Ordinal);
        Assert.Empty(settings.Warnings);
    }

    /// <summary>05, 8: a site that can be repaired is repaired with a warning.</summary>
    [Theory]
    [InlineData("https://app.datadoghq.eu/", "datadoghq.eu")]
    [InlineData("app.datadoghq.com", "datadoghq.com")]
    [InlineData("us3.datadoghq.com/", "us3.datadoghq.com")]
    public void A_site_is_repaired(string value, string expected)
    {
        Settings settings = Environments.Read((Keys.Site, value));
        Assert.Equal($"https://trace.agent.{expected}/api/v0.2/traces", settings.Intake.Traces.AbsoluteUri);
        Assert.Equal($"https://http-intake.logs.{expected}/api/v2/logs", settings.Intake.Logs.AbsoluteUri);
        Assert.Single(settings.Warnings);
    }

    /// <summary>05, 16: bad tags cost themselves, one warning each; their neighbours stay.</summary>
    [Fact]
    public void Bad_tags_are_skipped_one_by_one()
    {
        Settings settings = Environments.Read((Keys.Tags, "a,:b,c:,d:1,d:2"));
        Assert.Equal("d=2", Shown[Keys.Tags](settings));
        Assert.Equal(3, settings.Warnings.Count);
        Assert.All(settings.Warnings, warning => Assert.StartsWith(Keys.Tags + "=", warning, StringComparison.Ordinal));
    }

    /// <summary>05, 3: bad elements are skipped one by one.</summary>
    [Theory]
    [InlineData(Keys.Tags, """["a:b",7,"c:d",["e:f"]]""", "a=b;c=d", "element 2", "element 4")]
    [InlineData(Keys.Tags, """["a:b","x"]""", "a=b", "x")]
    [InlineData(Keys.PeerTags, """[1,"a",null,"b"]""", "a b", "element 1", "element 3")]
    [InlineData(Keys.BaggageTagKeys, """["a",true]""", "a", "element 2")]
    [InlineData(Keys.TelemetryTypes, """[{"a":"b"},"function"]""", "function", "element 1")]
    public void Bad_elements_are_skipped_one_by_one(string key, string value, string expected, params string[] wrong)
    {
        Settings settings = Environments.Read((key, value));
        Assert.Equal(expected, Shown[key](settings));
        Assert.Equal(wrong.Select(part => $"{key}={part} is not"), settings.Complaints().Select(static line => line[..(line.IndexOf(" is not", StringComparison.Ordinal) + 7)]));
    }

    /// <summary>05, 11: they are appended, and replace none.</summary>
    [Fact]
    public void Extra_tags_stand_behind_the_others() =>
        Assert.Equal("a=1;b=2;c=3", Shown[Keys.Tags](Environments.Read((Keys.Tags, "a:1,b:2"), (Keys.ExtraTags, "b:9,c:3"))));

    /// <summary>05, 16, first row.</summary>
    [Fact]
    public void Nothing_set()
    {
        Settings settings = Environments.Read();
        Assert.Null(settings.ApiKey);
        Assert.Equal(LogLevel.Info, settings.LogLevel);
        Assert.Equal("https://trace.agent.datadoghq.com/api/v0.2/traces", settings.Intake.Traces.AbsoluteUri);
        Assert.Equal("https://api.datadoghq.com/api/v2/series", settings.Intake.Series.AbsoluteUri);
        Assert.Equal("https://api.datadoghq.com/api/beta/sketches", settings.Intake.Sketches.AbsoluteUri);
        Assert.Equal("https://http-intake.logs.datadoghq.com/api/v2/logs", settings.Intake.Logs.AbsoluteUri);
        Assert.Equal(TimeSpan.FromSeconds(30), settings.FlushTimeout);
        Assert.True(settings.LogsEnabled && settings.EnhancedMetrics && settings.LogShipping.UsesCompression);
        Assert.False(settings.ComputeStats || settings.Outbound.Tls.SkipsValidation || settings.SendsSelfMetrics || settings.DogStatsd.IsNonLocal);
        ListenerSettings ports = settings.Listeners;
        Assert.Equal((8124, 8125, 8126, 8999), (ports.LifecyclePort, settings.DogStatsd.Port, ports.TracePort, ports.TelemetryPort));
        Assert.Equal(50 * 1024 * 1024, settings.Listeners.MaxTraceBodyBytes);
        Assert.Equal("us-east-1", settings.Lambda.Region);
        Assert.Empty(settings.Tags);
        Assert.Empty(settings.Warnings);
    }

    /// <summary>The stronger name wins (05, 1 and 8; 01, 2.6); a blank stronger one is no value.</summary>
    [Theory]
    [InlineData(Keys.Site, "DATADOG_SITE", Keys.Site, "a.com", "b.com", "b.com")]
    [InlineData(Keys.Site, "DATADOG_SITE", Keys.Site, "a.com", " ", "a.com")]
    [InlineData(Keys.Env, "DATADOG_ENV", Keys.Env, "weak", "strong", "strong")]
    [InlineData(Keys.ApiKey, "DATADOG_API_KEY", Keys.ApiKey, "weak", "", "weak")]
    [InlineData(Keys.Tags, "DATADOG_TAGS", Keys.Tags, "x:1", "y:2", "y=2")]
    [InlineData(Keys.MetricsUrl, Keys.MetricsUrlWeaker, Keys.MetricsUrl, "https://a", "https://b", "https://b/api/v2/series https://b/api/beta/sketches")]
    [InlineData(Keys.TracePort, Keys.TracePortWeaker, Keys.TracePort, "1", "2", "2")]
    [InlineData(Keys.Region, Keys.DefaultRegion, Keys.Region, "a", "b", "b")]
    [InlineData(Keys.EnhancedMetrics, Keys.EnhancedMetrics, Keys.EnhancedMetricsEnabled, "true", "false", "False")]
    public void The_stronger_name_wins(string shown, string weaker, string stronger, string weakValue, string strongValue, string expected) =>
        Assert.Equal(expected, Shown[shown](Environments.Read((weaker, weakValue), (stronger, strongValue))));

    /// <summary>04, C.1.</summary>
    [Theory]
    [InlineData(null, null, true)]
    [InlineData("false", null, false)]
    [InlineData(null, "false", false)]
    [InlineData("true", "false", true)]
    [InlineData("false", "true", true)]
    [InlineData("false", "false", false)]
    [InlineData("nonsense", null, true)]
    public void Logs_are_on_if_one_switch_says_so(string? serverless, string? general, bool expected) =>
        Assert.Equal(expected, Environments.Read((Keys.ServerlessLogsEnabled, serverless!), (Keys.LogsEnabled, general!)).LogsEnabled);

    [Theory]
    [InlineData("true 1 t yes y on TRUE Yes oN", true)]
    [InlineData("false 0 f no n off FALSE No oFF", false)]
    public void Bools_have_many_forms(string forms, bool expected)
    {
        foreach (string form in forms.Split(' '))
        {
            EnvReader env = Environments.Reader(("DD_X", $" {form} "));
            Assert.Equal(expected, env.BoolOrNull("DD_X"));
            Assert.Empty(env.Warnings);
        }
    }

    [Fact]
    public void Any_environment_gives_settings()
    {
        Gen<string> value = Gen.OneOf(
            ArbMap.Default.GeneratorFor<string>().Select(text => text ?? ""),
            Gen.Elements("[", "]", "[]", "\"", "\"\"", ":", "::", "a:b:c", "https://", "//", "://x", "http://[::1", "http://%", "-", "+", ".", "1e9", "∞", "\0", "🙂", "９", "a.-:", "-a"),
            Gen.Choose(-70000, 70000).Select(number => number.ToString(CultureInfo.InvariantCulture)));
        Gen<(string, string)[]> environment = Shown.Keys.Aggregate(
            Gen.Constant(Array.Empty<(string, string)>()),
            (all, key) => all.SelectMany(known => value.Select(text => known.Append((key, text)).ToArray())));
        Prop.ForAll(environment.ToArbitrary(), variables => Environments.Read(variables) is not null).Check(FsCheck.Config.QuickThrowOnFailure.WithMaxTest(300));
    }

    /// <summary>What the key has become, as text.</summary>
    internal static string? Show(string key, Settings settings) => Shown[key](settings);

    private static string Text(bool value) => value.ToString();

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);
}
