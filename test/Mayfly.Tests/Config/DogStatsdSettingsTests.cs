using System.Net;
using Mayfly.Config;
using Xunit;

namespace Mayfly.Tests.Config;

/// <summary>Where DogStatsD is listened to and what is made of custom metrics: docs/spec/05-config.md#6-keys-by-name and #7, docs/spec/04-metrics-logs.md, A.</summary>
public class DogStatsdSettingsTests
{
    /// <summary>The keys of these records, which have no row in <see cref="SettingsTests"/>.</summary>
    internal static readonly string[] KeysRead =
    [
        Keys.AdditionalMetrics, Keys.UseDogStatsd, Keys.BindHost, Keys.DogStatsdSocket, Keys.DogStatsdStreamSocket, Keys.DogStatsdPipe,
        Keys.DogStatsdWindowsPipe, Keys.DogStatsdPipeSecurity, Keys.DogStatsdBufferSize, Keys.DogStatsdReceiveBuffer, Keys.DogStatsdLineEndRequired,
        Keys.StatsdForwardHost, Keys.StatsdForwardPort, Keys.DogStatsdTags, Keys.ExcludedMetricTags, Keys.MetricNamespace, Keys.MetricNamespaceExemptions,
        Keys.MetricBlocklist, Keys.MetricBlocklistMatchPrefix, Keys.MetricFilterlist, Keys.MetricFilterlistMatchPrefix, Keys.HistogramAggregates,
        Keys.HistogramPercentiles, Keys.HistogramCopy, Keys.HistogramCopyPrefix, Keys.HistogramsAndSets, Keys.MaxMetricContexts,
        Keys.MetricMapperProfiles,
    ];

    [Fact]
    public void Nothing_set()
    {
        Settings settings = Environments.Read();
        Assert.Equal(
            new DogStatsdSettings
            {
                Port = 8125,
                IsNonLocal = false,
                Address = null,
                SocketPath = null,
                StreamSocketPath = null,
                PipeName = null,
                PipeSecurityDescriptor = "D:AI(A;;GA;;;WD)",
                PacketBytes = 65_536,
                ReceiveQueueBytes = 8 * 1024 * 1024,
                LineEndRequired = settings.DogStatsd.LineEndRequired,
                Forward = null,
            },
            settings.DogStatsd);
        Assert.Empty(settings.DogStatsd.LineEndRequired);
        CustomMetricSettings metrics = settings.CustomMetrics;
        Assert.Equal((null, null, true, 10_240), (metrics.Namespace, metrics.HistogramCopyPrefix, metrics.HistogramsAndSets, metrics.MaxContexts));
        Assert.Equal(21, metrics.NamespaceExemptions.Count);
        Assert.Equal(["max", "median", "avg", "count"], metrics.HistogramAggregates.OrderBy(static name => "max median avg count".IndexOf(name, StringComparison.Ordinal)));
        Assert.Equal([95], metrics.HistogramPercentiles);
        Assert.Empty(settings.Warnings);
    }

    [Theory]
    [InlineData("FALSE")]
    [InlineData("0")]
    public void Off_is_off_on_every_transport(string off)
    {
        DogStatsdSettings settings = Environments.Read(
            (Keys.UseDogStatsd, off), (Keys.DogStatsdPort, "18125"), (Keys.DogStatsdSocket, "/a"), (Keys.DogStatsdStreamSocket, "/b"),
            (Keys.DogStatsdPipe, "c")).DogStatsd;
        Assert.Equal((0, null, null, null), (settings.Port, settings.SocketPath, settings.StreamSocketPath, settings.PipeName));
    }

    [Theory]
    [InlineData("/run/dsd.socket", "/run/dsd.socket")]
    [InlineData(" unix:///run/dsd.socket ", "/run/dsd.socket")]
    [InlineData("unixgram:///run/dsd.socket", "/run/dsd.socket")]
    public void Sockets(string value, string path)
    {
        Assert.Equal(path, Environments.Read((Keys.DogStatsdSocket, value)).DogStatsd.SocketPath);
        Assert.Equal(path, Environments.Read((Keys.DogStatsdStreamSocket, value)).DogStatsd.StreamSocketPath);
    }

    [Theory]
    [InlineData(Keys.DogStatsdPipe, "test_pipe")]
    [InlineData(Keys.DogStatsdWindowsPipe, "test_pipe")]
    [InlineData(Keys.DogStatsdWindowsPipe, @"\\.\pipe\test_pipe")]
    [InlineData(Keys.DogStatsdWindowsPipe, @"\\.\PIPE\test_pipe")]
    public void F6_pipes(string key, string value) => Assert.Equal("test_pipe", Environments.Read((key, value)).DogStatsd.PipeName);

    [Fact]
    public void V16_sizes_as_given()
    {
        DogStatsdSettings settings = Environments.Read((Keys.DogStatsdBufferSize, "65507"), (Keys.DogStatsdReceiveBuffer, "1048576")).DogStatsd;
        Assert.Equal((65_507, 1_048_576), (settings.PacketBytes, settings.ReceiveQueueBytes));
    }

    [Fact]
    public void Addresses()
    {
        Assert.Equal(IPAddress.Parse("169.254.1.1"), Environments.Read((Keys.BindHost, " 169.254.1.1 ")).DogStatsd.Address);
        Assert.Null(Environments.Read((Keys.BindHost, "LocalHost")).DogStatsd.Address);
        Assert.Equal(new DnsEndPoint("other", 8125), Environments.Read((Keys.StatsdForwardHost, "other"), (Keys.StatsdForwardPort, "8125")).DogStatsd.Forward);
        Assert.Null(Environments.Read((Keys.StatsdForwardHost, "other")).DogStatsd.Forward);
        Assert.Equal(["udp", "uds"], Environments.Read((Keys.DogStatsdLineEndRequired, "uds udp")).DogStatsd.LineEndRequired);
    }

    /// <summary>04 A.8, the vectors of the namespace, and one trailing point.</summary>
    [Theory]
    [InlineData("myapp", "myapp")]
    [InlineData("my_app", "my_app")]
    [InlineData("my.app", "my.app")]
    [InlineData("myApp123", "myApp123")]
    [InlineData("a1.b2_c3", "a1.b2_c3")]
    [InlineData("  myapp  ", "myapp")]
    [InlineData("myapp.", "myapp")]
    [InlineData("   ", null)]
    [InlineData("1myapp", null)]
    [InlineData("_myapp", null)]
    [InlineData(".myapp", null)]
    [InlineData("-myapp", null)]
    [InlineData("my-app", null)]
    [InlineData("my app", null)]
    [InlineData("my@app", null)]
    [InlineData(".", null)]
    [InlineData("1x", null)]
    public void A8_namespaces(string value, string? expected)
    {
        Settings settings = Environments.Read((Keys.MetricNamespace, value));
        Assert.Equal(expected, settings.CustomMetrics.Namespace);
        Assert.Equal(expected is null && value.Trim().Length > 0 ? 1 : 0, settings.Errors.Count);
    }

    [Theory]
    [InlineData(Keys.DogStatsdTags, "a:b c:d", "a:b;c:d")]
    [InlineData(Keys.DogStatsdTags, """["a:b","c d"]""", "a:b;c d")]
    [InlineData(Keys.ExcludedMetricTags, " function_arn ,, region", "function_arn;region")]
    public void Lists(string key, string value, string expected)
    {
        CustomMetricSettings settings = Environments.Read((key, value)).CustomMetrics;
        Assert.Equal(expected, string.Join(';', key == Keys.DogStatsdTags ? settings.Tags : settings.ExcludedTags));
    }

    [Fact]
    public void Lists_of_names_are_exact_unless_they_match_prefixes()
    {
        CustomMetricSettings settings = Environments.Read(
            (Keys.MetricBlocklist, "a.b,c"), (Keys.MetricFilterlist, """["d"]"""), (Keys.MetricFilterlistMatchPrefix, "true"),
            (Keys.MetricNamespaceExemptions, "mine")).CustomMetrics;
        Assert.Equal(["a.b", "c"], settings.BlockedNames);
        Assert.Equal(["d"], settings.BlockedPrefixes);
        Assert.Equal(["mine"], settings.NamespaceExemptions);
    }

    [Fact]
    public void Histograms()
    {
        CustomMetricSettings settings = Environments.Read(
            (Keys.HistogramAggregates, "MIN, sum"), (Keys.HistogramPercentiles, "0.29,0.99, 0.99"), (Keys.HistogramCopy, "true"),
            (Keys.HistogramCopyPrefix, "dist."), (Keys.HistogramsAndSets, "false"), (Keys.MaxMetricContexts, "7")).CustomMetrics;
        Assert.Equal(["min", "sum"], settings.HistogramAggregates);
        Assert.Equal([29, 99], settings.HistogramPercentiles);
        Assert.Equal(("dist.", false, 7), (settings.HistogramCopyPrefix, settings.HistogramsAndSets, settings.MaxContexts));
        Assert.Equal("", Environments.Read((Keys.HistogramCopy, "true")).CustomMetrics.HistogramCopyPrefix);
        Assert.Null(Environments.Read((Keys.HistogramCopyPrefix, "dist.")).CustomMetrics.HistogramCopyPrefix);
    }

    [Theory]
    [InlineData(Keys.UseDogStatsd, "maybe")]
    [InlineData(Keys.BindHost, "not an address")]
    [InlineData(Keys.DogStatsdBufferSize, "63")]
    [InlineData(Keys.DogStatsdReceiveBuffer, "-1")]
    [InlineData(Keys.DogStatsdLineEndRequired, "tcp")]
    [InlineData(Keys.StatsdForwardPort, "70000")]
    [InlineData(Keys.HistogramAggregates, "mode")]
    [InlineData(Keys.HistogramPercentiles, "95")]
    [InlineData(Keys.HistogramPercentiles, "nan")]
    [InlineData(Keys.HistogramCopy, "2")]
    [InlineData(Keys.MaxMetricContexts, "0")]
    [InlineData(Keys.MetricBlocklistMatchPrefix, "-")]
    [InlineData(Keys.AdditionalMetrics, "not json")]
    [InlineData(Keys.MetricMapperProfiles, "[]")]
    public void What_is_not_understood_costs_itself_and_one_sentence(string key, string value)
    {
        Settings settings = Environments.Read((key, value));
        Assert.StartsWith(key + "=", Assert.Single(settings.Complaints()), StringComparison.Ordinal);
        Settings plain = Environments.Read();
        Assert.Equal(plain.DogStatsd, settings.DogStatsd);
        Assert.Equal(plain.CustomMetrics.HistogramAggregates, settings.CustomMetrics.HistogramAggregates);
        Assert.Equal(plain.CustomMetrics.HistogramPercentiles, settings.CustomMetrics.HistogramPercentiles);
    }

    /// <summary>04 B.9: what is made of metrics goes to one prefix.</summary>
    [Theory]
    [InlineData(Keys.MetricsUrl)]
    [InlineData(Keys.MetricsUrlWeaker)]
    public void B9_events_and_service_checks_go_where_metrics_go(string key)
    {
        Settings settings = Environments.Read((key, "x.com/dd/"));
        Assert.Equal(("https://x.com/dd/intake/", "https://x.com/dd/api/v1/check_run"), (settings.Intake.Events.AbsoluteUri, settings.Intake.ServiceChecks.AbsoluteUri));
        Settings plain = Environments.Read((Keys.Site, "datadoghq.eu"));
        Assert.Equal(
            ("https://api.datadoghq.eu/intake/", "https://api.datadoghq.eu/api/v1/check_run"),
            (plain.Intake.Events.AbsoluteUri, plain.Intake.ServiceChecks.AbsoluteUri));
    }

    /// <summary>05, 16: two addresses, three keys.</summary>
    [Fact]
    public void V16_additional_endpoints()
    {
        Settings settings = Environments.Read(
            (Keys.AdditionalMetrics, """{"https://app.datadoghq.com/":["k1","k2"],"app.datadoghq.eu":["k3"],"ftp://x":["k4"]}"""));
        Assert.Equal(
            ["https://app.datadoghq.com/ k1", "https://app.datadoghq.com/ k2", "https://app.datadoghq.eu/ k3"],
            settings.Intake.AdditionalMetrics.Select(static one => $"{one.Url} {one.ApiKey.Value}"));
        Assert.Contains("ftp://x", Assert.Single(settings.Errors), StringComparison.Ordinal);
    }
}
