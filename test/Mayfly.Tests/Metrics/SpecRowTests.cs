using Mayfly.Config;
using Mayfly.Delivery;
using Mayfly.Diagnostics;
using Mayfly.Intake;
using Mayfly.Lifecycle;
using Mayfly.Local.Intake;
using Mayfly.Metrics;
using Mayfly.Secrets;
using Mayfly.Tests.Config;
using Mayfly.Tests.Secrets;
using Xunit;

namespace Mayfly.Tests.Metrics;

/// <summary>Rows of docs/spec/04-metrics-logs.md, A and B, that no vector names: versions of the protocol, exempt names, what clients are special about, idle flushes.</summary>
public class SpecRowTests
{
    /// <summary>A.3: what each version of the protocol added, as its documentation shows it.</summary>
    [Theory]
    [InlineData("1.0", "users.online:1|c|@0.5|#country:china", "users.online COUNT 2 @1656581400 country:china")]
    [InlineData("1.1", "page:1:2:32|d", "page SKETCH cnt 3 sum 35 avg 11.666666666666666 min 1 max 32 {1338:1,1383:1,1562:1} @1656581400")]
    [InlineData("1.2", "page.views:1|g|#env:dev|c:83c0a99c0a54c0c187f461c7980e9b57f3f6a8b0c918c8d93df19a9de6f3fe1d", "page.views GAUGE 1 @1656581400 env:dev")]
    [InlineData("1.3, count", "page.views:15|c|#env:dev|T1656581400", "page.views COUNT 15 @1656581400 env:dev")]
    [InlineData("1.3, gauge", "page.views:15|g|T1656581400", "page.views GAUGE 15 @1656581400")]
    [InlineData("later, local data", "x:1|c|c:ci-1,in-2", "x COUNT 1 @1656581400")]
    [InlineData("later, external data", "x:1|c|e:it-false,cn-app,pu-1", "x COUNT 1 @1656581400")]
    [InlineData("later, cardinality", "x:1|c|card:none|#a", "x COUNT 1 @1656581400 a")]
    [InlineData("fields in any order, of repeated ones the last", "x:1|c|T1656581400|@1|#z|c:in-1|@0.25|#a", "x COUNT 4 @1656581400 a")]
    public void A3(string row, string line, string expected)
    {
        using var rig = new MetricRig();
        rig.Send(line);
        Assert.Equal((row, expected), (row, Assert.Single(rig.Take().Describe())));
    }

    /// <summary>A.5 and A.13: what clients send that is easily taken for something else.</summary>
    [Theory]
    [InlineData("gaugeDelta of hot-shots is absolute", "x:-5|g", "x GAUGE -5 @1656581400")]
    [InlineData("datadog-lambda-js, decimals of a second", "x:1|d|#a:b|T1656581404.987", "x SKETCH cnt 1 sum 1 avg 1 min 1 max 1 {1338:1} @1656581400 a:b")]
    [InlineData("dd-trace-js, entity behind the tags", "x:1|c|#a:b|c:in-1\n", "x COUNT 1 @1656581400 a:b")]
    [InlineData("tags with blanks and emoji", "x:1|c|#who:ann b 🎉", "x COUNT 1 @1656581400 who:ann b 🎉")]
    [InlineData("two values of one key", "x:1|c|#k:a,k:b", "x COUNT 1 @1656581400 k:a,k:b")]
    public void A13(string row, string line, string expected)
    {
        using var rig = new MetricRig();
        rig.Send(line);
        Assert.Equal((row, expected), (row, Assert.Single(rig.Take().Describe())));
    }

    /// <summary>A.8, the whole list.</summary>
    [Theory]
    [InlineData("datadog.agent datadog.dogstatsd datadog.process datadog.trace_agent datadog.tracer activemq activemq_58 airflow cassandra confluent hazelcast hive")]
    [InlineData("ignite jboss jvm kafka presto sidekiq solr tomcat runtime")]
    public void A8_exempt_names(string prefixes)
    {
        using var rig = new MetricRig(MetricSettings.Of(Environments.Read((Keys.MetricNamespace, "ns")).CustomMetrics));
        foreach (string prefix in prefixes.Split(' '))
        {
            rig.Send($"{prefix}.x:1|c\nmy.{prefix}.x:1|c");
        }

        Assert.Equal(
            prefixes.Split(' ').SelectMany(static prefix => (string[])[$"{prefix}.x", $"ns.my.{prefix}.x"]).Order(StringComparer.Ordinal),
            rig.Take().Series.Select(static one => one.Metric).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task B12_without_metrics_nothing_is_sent_and_no_key_is_looked_up()
    {
        await using FakeAws aws = await FakeAws.StartAsync(static _ => (200, """{"SecretString":"0123456789abcdef"}"""));
        await using LocalIntake intake = await LocalIntake.StartAsync();
        Settings settings = Environments.Read(
            (Keys.MetricsUrl, intake.Url), (Keys.ApiKeySecretArn, "arn:x"), (Keys.AwsEndpoint, aws.Url), (Keys.AwsAccessKeyId, "a"), (Keys.AwsSecretAccessKey, "s"));
        var counters = new Counters();
        using var metrics = new MetricAggregator(new MetricSettings(), counters[Signal.Metrics], TimeProvider.System);
        using var client = new IntakeClient(settings);
        using var keys = new ApiKeyProvider(settings.Secrets, intake.Url, TimeProvider.System, Log.Silent);
        using var flushes = new FlushCoordinator([metrics], client, keys, counters, Log.Silent);

        Assert.Equal(default, await FlushAsync());
        Assert.Empty(aws.Calls);
        Assert.Empty(intake.Requests);

        metrics.AcceptPacket("x:1|c"u8);
        Assert.Equal(new FlushReport(1, 0, 0), await FlushAsync());
        Assert.Single(aws.Calls);

        Task<FlushReport> FlushAsync() => flushes.FlushAsync(Deadline.In(TimeProvider.System, TimeSpan.FromSeconds(20)));
    }
}
