using System.Globalization;
using Mayfly.Config;
using Mayfly.Diagnostics;
using Mayfly.Intake;
using Mayfly.Testing;
using Mayfly.Tests.Config;
using Mayfly.Tests.Proxies;
using Mayfly.Wire;
using Xunit;

namespace Mayfly.Tests.Delivery;

/// <summary>docs/spec/04-metrics-logs.md B.11: how long an intake wants to be left alone, in all the ways it can say so.</summary>
public class RetryAfterTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    [Theory]
    [InlineData("Retry-After: 7", 7)]
    [InlineData("Retry-After: Fri, 02 Jan 2026 03:05:05 GMT", 60)]
    [InlineData("Date: Fri, 02 Jan 2026 03:05:00 GMT\r\nRetry-After: Fri, 02 Jan 2026 03:05:05 GMT", 5)]
    [InlineData("X: y", null)]
    [InlineData("Retry-After: later", null)]
    public async Task It_is_understood(string headers, int? seconds)
    {
        await using var intake = new RecordingIntake { Answer = _ => $"HTTP/1.1 503 x\r\n{headers}\r\nContent-Length: 0\r\n\r\n" };
        using var client = new IntakeClient(Environments.Read((Keys.MetricsUrl, intake.Url)), time: new FakeClock(Now));
        using var payload = new IntakePayload(Signal.Metrics, IntakeKind.Series, PooledBuffer.Rent(), units: 1);
        SendResult result = await client.SendAsync(payload, "key", CancellationToken.None);
        Assert.Equal(
            (SendOutcome.Failed, seconds?.ToString(CultureInfo.InvariantCulture)),
            (result.Outcome, result.RetryAfter?.TotalSeconds.ToString(CultureInfo.InvariantCulture)));
    }
}
