using Mayfly.Config;
using Mayfly.Delivery;
using Mayfly.Diagnostics;
using Mayfly.Intake;
using Mayfly.Lifecycle;
using Mayfly.Local.Intake;
using Mayfly.Metrics;
using Mayfly.Secrets;
using Mayfly.Testing;
using Mayfly.Tests.Config;
using Mayfly.Tests.Secrets;
using Xunit;

namespace Mayfly.Tests.Delivery;

/// <summary>docs/spec/04-metrics-logs.md B.11, 401 and 403: the key may have been replaced where it is kept.</summary>
public class RefusedKeyTests
{
    [Theory]
    [InlineData(401)]
    [InlineData(403)]
    public async Task A_refused_key_is_asked_for_anew_and_the_payload_sent_once_more(int status)
    {
        int asked = 0;
        await using FakeAws aws = await FakeAws.StartAsync(_ => (200, $$"""{"SecretString":"0123456789-key-{{++asked}}"}"""));
        await using LocalIntake intake = await LocalIntake.StartAsync();
        Settings settings = Environments.Read(
            (Keys.MetricsUrl, intake.Url), (Keys.ApiKeySecretArn, "arn:x"), (Keys.AwsEndpoint, aws.Url), (Keys.AwsAccessKeyId, "a"), (Keys.AwsSecretAccessKey, "s"));
        var clock = new JumpingClock();
        var counters = new Counters();
        using var metrics = new MetricAggregator(new MetricSettings(), counters[Signal.Metrics], clock);
        using var client = new IntakeClient(settings);
        using var keys = new ApiKeyProvider(settings.Secrets, intake.Url, clock, Log.Silent);
        using var flushes = new FlushCoordinator([metrics], client, keys, counters, Log.Silent, clock);

        intake.SetFault("*", IntakeFault.Status(status, requests: 1));
        metrics.AcceptPacket("x:1|c"u8);
        Assert.Equal(new FlushReport(1, 0, 0), await FlushAsync());
        Assert.Equal(["1", "2"], intake.Requests.Select(static request => request.ApiKey![^1..]));

        // A key that is wrong stays so: it is not asked for with each payload.
        intake.SetFault("*", IntakeFault.Status(status));
        for (int i = 0; i < 3; i++)
        {
            metrics.AcceptPacket("x:1|c"u8);
            Assert.Equal(new FlushReport(0, 1, 0), await FlushAsync());
        }

        Assert.Equal(2, asked);
        intake.ClearFault();
        clock.Jump(TimeSpan.FromMinutes(6));
        intake.SetFault("*", IntakeFault.Status(status, requests: 1));
        metrics.AcceptPacket("x:1|c"u8);
        Assert.Equal(new FlushReport(1, 0, 0), await FlushAsync());
        Assert.Equal((3, 3), (asked, counters[Signal.Metrics].DroppedFor(DropReason.Rejected)));

        Task<FlushReport> FlushAsync() => flushes.FlushAsync(Deadline.In(clock, TimeSpan.FromSeconds(20)));
    }
}
