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
using Mayfly.Tests.Lifecycle;
using Mayfly.Tests.Proxies;
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

    /// <summary>Whoever reads the line has to look at the setting that the key came from, not at another one.</summary>
    [Fact]
    public async Task The_setting_that_holds_the_refused_key_is_named()
    {
        await using LocalIntake other = await LocalIntake.StartAsync();
        other.SetFault("*", IntakeFault.Status(403));
        string map = $$"""{"{{other.Url}}":["0123456789-other"]}""";
        var url = new Uri(other.Url);
        await using FlushRig rig = await FlushRig.StartAsync(
            FlushRig.Key,
            (Keys.AdditionalMetrics, map),
            (Keys.AdditionalTraces.Replace("DD_", "DATADOG_", StringComparison.Ordinal), map),
            (Keys.AdditionalLogs, $$"""[{"api_key":"0123456789-other","Host":"http://{{url.Host}}","Port":{{url.Port}}}]"""));
        rig.Put(IntakeKind.Series);
        rig.Put(IntakeKind.Traces);
        rig.Put(IntakeKind.Logs);
        Assert.Equal(new FlushReport(3, 0, 0), await rig.FlushAsync());
        foreach (string setting in (string[])[Keys.AdditionalMetrics, "DATADOG_APM_ADDITIONAL_ENDPOINTS", Keys.AdditionalLogs])
        {
            Assert.Single(rig.Lines, line => line.Contains($"The API key was refused: check {setting}.", StringComparison.Ordinal));
        }

        rig.Intake.SetFault("*", IntakeFault.Status(403));
        rig.Put(IntakeKind.Series);
        Assert.Equal(new FlushReport(0, 1, 0), await rig.FlushAsync());
        Assert.Single(rig.Lines, static line => line.Contains("The API key was refused: check DD_API_KEY and DD_SITE.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task So_is_that_of_a_key_that_was_asked_for()
    {
        await using FakeAws aws = await FakeAws.StartAsync(static _ => (200, $$"""{"Plaintext":"{{FakeAws.Base64("0123456789")}}"}"""));
        await using FlushRig rig = await StartAsync(aws, "", (Keys.ApiKeyKmsEncrypted, "Q0lQSEVS"));
        await MustNameAsync(rig, "DD_API_KEY_KMS_ENCRYPTED and DD_SITE");
    }

    /// <summary>Not the one that should have given the key, and could not.</summary>
    [Fact]
    public async Task So_is_that_of_a_key_that_is_used_instead()
    {
        await using FakeAws aws = await FakeAws.StartAsync(static _ => (400, "{}"));
        await using FlushRig rig = await StartAsync(aws, FlushRig.Key, (Keys.ApiKeySecretArn, "arn:x"));
        await MustNameAsync(rig, "DD_API_KEY and DD_SITE");
    }

    /// <summary>The key was replaced, and the new one cannot be had at this moment: what the old one got refused for waits for it.</summary>
    [Fact]
    public async Task A_payload_waits_for_a_key_that_was_replaced()
    {
        string secret = "0123456789-key-1";
        bool isDown = false;
        await using FakeAws aws = await FakeAws.StartAsync(_ => isDown ? (500, "{}") : (200, $$"""{"SecretString":"{{secret}}"}"""));
        await using FlushRig rig = await StartAsync(aws, "", (Keys.ApiKeySecretArn, "arn:x"));
        rig.Put(IntakeKind.Series);
        Assert.Equal(new FlushReport(1, 0, 0), await rig.FlushAsync());

        isDown = true;
        rig.Intake.SetFault("*", IntakeFault.Status(403));
        rig.Put(IntakeKind.Series);
        Assert.Equal(new FlushReport(0, 0, 1), await rig.FlushAsync());

        (isDown, secret) = (false, "0123456789-key-2");
        rig.Intake.SetFault("*", IntakeFault.Status(403, requests: 1));
        rig.Time.Jump(TimeSpan.FromMinutes(1));
        Assert.Equal(new FlushReport(1, 0, 0), await rig.FlushAsync());
        Assert.Equal("2", rig.Intake.Requests[^1].ApiKey![^1..]);
    }

    [Fact]
    public async Task So_is_that_of_what_is_passed_on()
    {
        await using ProxyRig rig = await ProxyRig.StartAsync((Keys.DebuggerApiKey, "0123456789-debugger"));
        rig.Intake.Answer = static _ => "HTTP/1.1 403 x\r\nContent-Length: 0\r\n\r\n";
        Assert.Equal(200, (await rig.SendAsync("POST", "/debugger/v1/input", "{}"u8.ToArray())).Status);
        await rig.FlushAsync();
        Assert.Single(rig.Lines, static line => line.Contains("The API key was refused: check DD_APM_DEBUGGER_API_KEY.", StringComparison.Ordinal));
    }

    private static Task<FlushRig> StartAsync(FakeAws aws, string plainKey, (string Name, string Value) source) => FlushRig.StartAsync(
        plainKey, source, (Keys.AwsEndpoint, aws.Url), (Keys.AwsAccessKeyId, "a"), (Keys.AwsSecretAccessKey, "s"));

    /// <summary>An intake that refuses the key, and what a person is told to look at.</summary>
    private static async Task MustNameAsync(FlushRig rig, string settings)
    {
        rig.Intake.SetFault("*", IntakeFault.Status(403));
        rig.Put(IntakeKind.Series);
        Assert.Equal(new FlushReport(0, 1, 0), await rig.FlushAsync());
        Assert.Single(rig.Lines, line => line.Contains($"check {settings}.", StringComparison.Ordinal));
    }
}
