using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Mayfly.Config;
using Mayfly.Delivery;
using Mayfly.Diagnostics;
using Mayfly.Intake;
using Mayfly.Lifecycle;
using Mayfly.Local.Intake;
using Mayfly.Metrics;
using Mayfly.Metrics.Transports;
using Mayfly.Secrets;
using Mayfly.Tags;
using Mayfly.Testing;
using Mayfly.Tests.Config;
using Mayfly.Tests.Http;
using Mayfly.Tests.Lifecycle;
using Mayfly.Tests.Platforms.Lambda;
using Mayfly.Tests.Secrets;
using Xunit;
using Pb = Mayfly.Local.Intake.Protos;

namespace Mayfly.Tests.Metrics;

/// <summary>
/// What the references do wrong and Mayfly does not, numbered as in docs/spec/04-metrics-logs.md#known-defects-and-missing-features-of-the-references: those of
/// metrics, 1 to 14. 11 is about the compat mode, as far as it concerns aggregation.
/// </summary>
public class KnownDefectTests
{
    private const string Name = "x";

    [Theory]
    [InlineData("x:1|c|@0.1", 10)]
    [InlineData("x:1:2:3|c", 6)]
    [InlineData("x:1:2:3|c|@0.5", 12)]
    public void D01_Sample_rates_and_packed_values_count(string line, double expected) => Assert.Equal(expected, Single(line).Points[0].Value);

    [Fact]
    public void D02_Every_type_arrives()
    {
        using var rig = new MetricRig();
        rig.Send("h:1|h\nt:1|ms\ns:a|s\n_e{1,1}:a|b\n_sc|db|0");
        Decoded decoded = rig.Take();
        Assert.Equal((5 + 5 + 1, 1, 1), (decoded.Series.Count, decoded.Events.Count, decoded.Checks.Count));
        Assert.Equal(0, rig.Counters.DroppedInAll);
    }

    /// <summary>One port, IPv4 only, and the end of the process where it is taken.</summary>
    [Fact]
    public void D02_A_port_that_is_taken_costs_one_line()
    {
        using var other = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        other.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        int port = ((IPEndPoint)other.LocalEndPoint!).Port;
        using var output = new MemoryStream();
        using var rig = new MetricRig();
        DogStatsdSettings settings = Environments.Read((Keys.DogStatsdPort, port.ToString(CultureInfo.InvariantCulture))).DogStatsd;
        using DogStatsdServer server = DogStatsdServer.Bind(settings, rig.Aggregator, new Counters(), TimeProvider.System, new Log(LogLevel.Error, output));
        server.Start();
        Assert.StartsWith(
            $"MAYFLY | ERROR | DogStatsD: UDP port {port} cannot be used (UDP 127.0.0.1:{port}: AddressAlreadyInUse), so custom metrics over UDP are off.",
            Assert.Single(Lines(output)),
            StringComparison.Ordinal);
    }

    [Fact]
    public void D03_Types_intervals_and_origins_are_those_of_the_intake()
    {
        using var rig = new MetricRig(new MetricSettings { OriginCategory = 38 });
        rig.Send("c:1|c\ng:1|g\nh:1|h");
        Dictionary<string, Pb.MetricSeries> series = rig.Take().Series.ToDictionary(static one => one.Metric);
        Assert.Equal((Pb.SeriesType.SeriesCount, 10L), (series["c"].Type, series["c"].Interval));
        Assert.Equal((Pb.SeriesType.SeriesGauge, 0L), (series["g"].Type, series["g"].Interval));
        Assert.Equal((Pb.SeriesType.SeriesRate, 10L), (series["h.count"].Type, series["h.count"].Interval));
        Assert.All(series.Values, static one => Assert.Equal((1u, 38u, 472u), Origin(one)));
    }

    [Fact]
    public void D04_The_type_tells_contexts_apart()
    {
        using var rig = new MetricRig();
        rig.Send("x:1|c\nx:5|g\nx:2|d\nx:1|c");
        Assert.Equal(
            ["x COUNT 2 @1656581400", "x GAUGE 5 @1656581400", "x SKETCH cnt 1 sum 2 avg 2 min 2 max 2 {1383:1} @1656581400"],
            rig.Take().Describe());
    }

    [Fact]
    public void D04_Equal_tags_are_one_wherever_they_stand() => Assert.Equal(["env:a", "x:1"], Single("x:1|c|#env:a,x:1,env:a").Tags);

    [Fact]
    public void D04_More_than_100_default_tags_are_sent_all_and_so_is_the_origin()
    {
        using var rig = new MetricRig();
        rig.Aggregator.DefaultTags = TagSet.From(
            Enumerable.Range(0, 150).Select(static i => KeyValuePair.Create($"k{i:000}", "v")).Append(KeyValuePair.Create("function_arn", "arn")));
        rig.Send("x:1|c|#a");
        Pb.MetricSeries series = rig.Take().Series.Single();
        Assert.Equal(152, series.Tags.Count);
        Assert.Equal((1u, 38u, 472u), Origin(series));
    }

    [Theory]
    [InlineData("x:nan|d")]
    [InlineData("x:NaN|c")]
    [InlineData("x:inf|g")]
    [InlineData("x:-Infinity|d")]
    [InlineData("x:1e999|c")]
    [InlineData("x:1:nan|d")]
    public void D05_What_is_no_finite_number_is_refused(string line)
    {
        using var rig = new MetricRig();
        rig.Send(line + "\ny:1|c");
        Assert.Equal(["y COUNT 1 @1656581400"], rig.Take().Describe());
        Assert.Equal(1, rig.Aggregator.Refused(DogStatsdStatus.InvalidValue));
    }

    [Fact]
    public void D05_A_byte_that_is_no_text_costs_itself_and_a_carriage_return_is_a_line_end()
    {
        using var rig = new MetricRig();
        rig.Aggregator.AcceptPacket([.. "x:1|c\r\ny"u8, 0xFF, .. ":1|c\nz:1|c\r\n"u8]);
        Assert.Equal(["x COUNT 1 @1656581400", "y\uFFFD COUNT 1 @1656581400", "z COUNT 1 @1656581400"], rig.Take().Describe());
        Assert.Equal(0, rig.Counters.DroppedInAll);
    }

    [Fact]
    public void D05_The_cut_line_of_a_truncated_datagram_is_left_out()
    {
        using var rig = new MetricRig();
        new PacketReceiver(rig.Aggregator, needsLineEnd: false, forward: null).Accept("x:1|c\ny:12"u8, isTruncated: true, MetricRig.Now);
        Assert.Equal(["x COUNT 1 @1656581400"], rig.Take().Describe());
        Assert.Equal(1, rig.Aggregator.Refused(DogStatsdStatus.Truncated));
    }

    [Fact]
    public void D06_Runtime_metrics_are_exempt_from_the_namespace()
    {
        using var rig = new MetricRig(MetricSettings.Of(Environments.Read((Keys.MetricNamespace, "ns")).CustomMetrics));
        rig.Send("runtime.go.mem:1|g\njvm.heap:1|g\nx:1|g");
        Assert.Equal(["jvm.heap", "ns.x", "runtime.go.mem"], rig.Take().Series.Select(static one => one.Metric).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void D07_A_bucket_that_is_flushed_twice_has_two_times()
    {
        using var rig = new MetricRig();
        rig.Send("x:1|c");
        long first = rig.Take().Series.Single().Points[0].Timestamp;
        rig.Send("x:2|c");
        Assert.Equal(first + 1, rig.Take().Series.Single().Points[0].Timestamp);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(404)]
    [InlineData(413)]
    public async Task D08_What_is_refused_for_good_is_asked_once_and_holds_up_nothing(int status)
    {
        await using FlushRig rig = await FlushRig.StartAsync();
        rig.Intake.SetFault("*", IntakeFault.Status(status, requests: 1));
        rig.Put(IntakeKind.Series, units: 2);
        rig.Put(IntakeKind.Series, units: 3);
        Assert.Equal(new FlushReport(3, 2, 0), await rig.FlushAsync());
        Assert.Equal(2, rig.Intake.Requests.Count);
        Assert.Equal(2, rig.Counters[Signal.Metrics].DroppedFor(DropReason.Rejected));
    }

    [Theory]
    [InlineData(200)]
    [InlineData(204)]
    public async Task D08_Every_2xx_is_success(int status)
    {
        await using FlushRig rig = await FlushRig.StartAsync();
        rig.Intake.SetFault("*", IntakeFault.Status(status));
        rig.Put(IntakeKind.Sketches, units: 2);
        rig.Put(IntakeKind.Sketches, units: 3);
        Assert.Equal(new FlushReport(5, 0, 0), await rig.FlushAsync());
    }

    [Theory]
    [InlineData(429)]
    [InlineData(503)]
    public async Task D08_What_failed_is_kept_and_the_batches_behind_it_are_sent(int status)
    {
        await using FlushRig rig = await FlushRig.StartAsync();
        rig.Intake.SetFault("*", IntakeFault.Status(status, requests: 4));
        rig.Put(IntakeKind.Series, units: 2);
        rig.Put(IntakeKind.Series, units: 3);
        rig.Put(IntakeKind.Series, units: 4);

        // Three attempts with the first one, one with the second: then it is known to be the intake.
        Assert.Equal(new FlushReport(0, 0, 9), await rig.FlushAsync());
        rig.Time.Jump(TimeSpan.FromSeconds(3));
        Assert.Equal(new FlushReport(9, 0, 0), await rig.FlushAsync());
    }

    [Fact]
    public async Task D08_One_batch_that_fails_does_not_lose_those_behind_it()
    {
        await using FlushRig rig = await FlushRig.StartAsync();
        rig.Intake.SetFault("*", IntakeFault.Status(503, requests: 3));
        rig.Put(IntakeKind.Series, units: 2);
        rig.Put(IntakeKind.Series, units: 3);
        Assert.Equal(new FlushReport(5, 0, 0), await rig.FlushAsync());
        Assert.Equal(5, rig.Intake.Requests.Count);
    }

    [Fact]
    public async Task D09_A_key_is_looked_up_again_when_it_failed_and_when_it_is_old()
    {
        string answer = "";
        await using FakeAws aws = await FakeAws.StartAsync(_ => (answer.Length > 0 ? 200 : 500, $$"""{"SecretString":"{{answer}}"}"""));
        await using LocalIntake intake = await LocalIntake.StartAsync();
        Settings settings = Environments.Read(
            (Keys.MetricsUrl, intake.Url), (Keys.ApiKeySecretArn, "arn:x"), (Keys.ApiKeyReloadInterval, "60"), (Keys.AwsEndpoint, aws.Url),
            (Keys.AwsAccessKeyId, "a"), (Keys.AwsSecretAccessKey, "s"));
        var clock = new FakeClock(DateTimeOffset.UnixEpoch.AddYears(56));
        var counters = new Counters();
        using var metrics = new MetricAggregator(new MetricSettings(), counters[Signal.Metrics], clock);
        using var client = new IntakeClient(settings);
        using var keys = new ApiKeyProvider(settings.Secrets, intake.Url, clock, Log.Silent);
        using var flushes = new FlushCoordinator([metrics], client, keys, counters, Log.Silent);

        metrics.AcceptPacket("x:1|c"u8);
        Assert.Equal(new FlushReport(0, 0, 1), await FlushAsync());
        foreach (string key in new[] { "first-key-11111", "second-key-22222" })
        {
            answer = key;
            clock.Advance(TimeSpan.FromSeconds(61));
            await Task.Run(async () =>
            {
                Deadline patience = Deadline.In(TimeProvider.System, TimeSpan.FromSeconds(20));
                while (!patience.HasPassed && !intake.Requests.Any(request => request.ApiKey!.EndsWith(key[^5..], StringComparison.Ordinal)))
                {
                    metrics.AcceptPacket("x:1|c"u8);
                    await FlushAsync();
                }
            });
            Assert.Contains(intake.Requests, request => request.ApiKey!.EndsWith(key[^5..], StringComparison.Ordinal));
        }

        Assert.Equal(0, counters[Signal.Metrics].DroppedInAll);

        Task<FlushReport> FlushAsync() => flushes.FlushAsync(Deadline.In(TimeProvider.System, TimeSpan.FromSeconds(20)));
    }

    [Theory]
    [InlineData(Keys.Site, "not a site")]
    [InlineData(Keys.MetricsUrl, "http://")]
    [InlineData(Keys.MetricsUrlWeaker, ":")]
    public void D10_A_bad_address_costs_itself(string key, string value)
    {
        Settings settings = Environments.Read((key, value));
        Assert.Equal("https://api.datadoghq.com/api/v2/series", settings.Intake.Series.AbsoluteUri);
        Assert.Single(settings.Errors);
    }

    [Fact]
    public void D10_A_bad_additional_address_is_nobodys()
    {
        Settings settings = Environments.Read((Keys.AdditionalMetrics, """{"nonsense://x":["k1"],"https://app.datadoghq.eu":["k2"]}"""));
        Assert.Equal("k2", Assert.Single(settings.Intake.AdditionalMetrics).ApiKey.Value);
        Assert.Single(settings.Errors);
    }

    [Theory]
    [InlineData("origin:cloudfunction", 36u)]
    [InlineData("origin:lambda", 38u)]
    public void D11_Every_platform_has_an_origin(string tag, uint category) => Assert.Equal((1u, category, 472u), Origin(Single($"x:1|c|#{tag}")));

    /// <summary>What cannot be sent now does not make the agent deaf: the next bucket has room again.</summary>
    [Fact]
    public void D11_A_full_aggregator_takes_in_again_after_a_flush()
    {
        using var rig = new MetricRig(new MetricSettings { MaxContexts = 2 });
        rig.Send("a:1|c\nb:1|c\nc:1|c");
        Assert.Equal(2, rig.Take().Series.Count);
        rig.Send("c:1|c");
        Assert.Single(rig.Take().Series);
    }

    [Fact]
    public void D12_Nothing_of_a_tag_is_kept_beyond_its_flush()
    {
        var settings = new MetricSettings();
        var set = new MetricSet(settings, seed: 1);
        int largest = 0;
        for (int cycle = 0; cycle < 50; cycle++)
        {
            for (int i = 0; i < 500; i++)
            {
                ReadOnlySpan<byte> packet = Encoding.UTF8.GetBytes($"name-{cycle}-{i}:1|c|#user:{cycle}-{i},request:{Guid.NewGuid()}");
                Assert.True(DogStatsdLine.TryTake(ref packet, out _, out DogStatsdLine line, out _));
                Assert.True(set.Add(in line, MetricRig.Bucket, isClients: true).IsPlain);
            }

            set.Clear();
            Assert.Equal((0, 0, 0L), (set.Table.Count, set.Table.EntryCount, set.UsedBytes));
            largest = cycle == 1 ? set.Table.TextArray.Length : largest;
            Assert.True(cycle < 1 || set.Table.TextArray.Length <= largest);
        }
    }

    [Fact]
    public async Task D13_Only_the_name_that_the_platform_counts_itself_is_left_out_and_only_there()
    {
        await using (AgentRig lambda = await AgentRig.StartAsync())
        {
            await lambda.Platform.NextAskedAsync(1);
            RawAnswer answer = await lambda.PostAsync(
                lambda.Settings.Listeners.TracePort,
                "/dogstatsd/v2/proxy",
                "aws.lambda.enhanced.invocations:1|d\naws.lambda.enhanced.invocations_custom:1|d\naws.lambda.enhanced.errors:1|d");
            Assert.Equal(200, answer.Status);
            lambda.Platform.Shutdown();
            await lambda.EndAsync();
            Assert.Equal((0, 1, 1), (lambda.Metric("invocations").Count, lambda.Metric("invocations_custom").Count, lambda.Metric("errors").Count));
        }

        using var elsewhere = new MetricRig(MetricSettings.Of(Environments.Read().CustomMetrics));
        elsewhere.Send("aws.lambda.enhanced.invocations:1|d");
        Assert.Single(elsewhere.Take().Sketches);
    }

    [Fact]
    public void D14_A_resource_is_a_type_and_a_name()
    {
        Pb.MetricSeries series = Single("x:1|c|#dd.internal.resource:host:web-1,a");
        Assert.Equal(("host", "web-1"), (series.Resources.Single().Type, series.Resources.Single().Name));
        Assert.Equal(["a"], series.Tags);
    }

    private static Pb.MetricSeries Single(string line)
    {
        using var rig = new MetricRig();
        rig.Send(line);
        return Assert.Single(rig.Take().Series, static one => one.Metric == Name);
    }

    private static (uint Product, uint Category, uint Service) Origin(Pb.MetricSeries series) =>
        (series.Metadata.Origin.OriginProduct, series.Metadata.Origin.OriginCategory, series.Metadata.Origin.OriginService);

    private static string[] Lines(MemoryStream output) => Encoding.UTF8.GetString(output.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
