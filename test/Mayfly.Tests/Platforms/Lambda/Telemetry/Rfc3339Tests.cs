using System.Globalization;
using System.Text;
using Mayfly.Platforms.Lambda.Telemetry;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.Telemetry;

public class Rfc3339Tests
{
    [Theory]
    [InlineData("2023-01-07T03:23:47Z", 1673061827_000000000)]
    [InlineData("2022-10-21T14:05:02.600Z", 1666361102_600000000)]
    [InlineData("2022-10-21T14:05:02.6Z", 1666361102_600000000)]
    [InlineData("2022-10-21T14:05:02.600123Z", 1666361102_600123000)]
    [InlineData("2022-10-21T14:05:02.600123456Z", 1666361102_600123456)]
    [InlineData("2022-10-21T14:05:02.6001234567899Z", 1666361102_600123456)]
    [InlineData("2022-10-21T16:05:02.6+02:00", 1666361102_600000000)]
    [InlineData("2022-10-21T09:35:02.6-04:30", 1666361102_600000000)]
    [InlineData("2022-10-21t14:05:02.600z", 1666361102_600000000)]
    [InlineData("2022-10-21 14:05:02.600Z", 1666361102_600000000)]
    [InlineData("1970-01-01T00:00:00Z", 0)]
    [InlineData("1969-12-31T23:59:59.999Z", -1_000_000)]
    [InlineData("2024-02-29T00:00:00Z", 1709164800_000000000)]
    [InlineData("2016-12-31T23:59:60Z", 1483228800_000000000)]
    [InlineData("2261-12-31T23:59:59.999999999Z", 9214646399_999999999)]
    public void A_time_is_read(string text, long expectedNs)
    {
        Assert.True(Rfc3339.TryParse(Encoding.UTF8.GetBytes(text), out long ns));
        Assert.Equal(expectedNs, ns);
    }

    [Theory]
    [InlineData("")]
    [InlineData("2022-10-21")]
    [InlineData("2022-10-21T14:05:02")]
    [InlineData("2022-10-21T14:05:02.")]
    [InlineData("2022-10-21T14:05:02.Z")]
    [InlineData("2022-10-21T14:05:02.6")]
    [InlineData("2022-10-21T14:05:02.6+2:00")]
    [InlineData("2022-10-21T14:05:02.6+0200")]
    [InlineData("2022-10-21T14:05:02+25:00")]
    [InlineData("2022-10-21T14:05:02+00:60")]
    [InlineData("2022-10-21T14:05:02ZZ")]
    [InlineData("2022-13-21T14:05:02Z")]
    [InlineData("2022-00-21T14:05:02Z")]
    [InlineData("2022-02-29T14:05:02Z")]
    [InlineData("2022-10-00T14:05:02Z")]
    [InlineData("2022-10-21T24:05:02Z")]
    [InlineData("2022-10-21T14:60:02Z")]
    [InlineData("2022-10-21T14:05:61Z")]
    [InlineData("2022-1a-21T14:05:02Z")]
    [InlineData("2022/10/21T14:05:02Z")]
    [InlineData("2022-10-21X14:05:02Z")]
    [InlineData("1677-12-31T00:00:00Z")]
    [InlineData("2262-01-01T00:00:00Z")]
    [InlineData("9999-12-31T23:59:59Z")]
    public void Anything_else_is_no_time(string text) => Assert.False(Rfc3339.TryParse(Encoding.UTF8.GetBytes(text), out _));

    [Fact]
    public void Every_time_reads_as_the_framework_reads_it()
    {
        var random = new Random(7);
        for (int i = 0; i < 20_000; i++)
        {
            DateTimeOffset time = DateTimeOffset.UnixEpoch.AddTicks(random.NextInt64(-90_000_000_000_000_000, 90_000_000_000_000_000));
            time = time.ToOffset(TimeSpan.FromMinutes(random.Next(-720, 840)));
            string text = time.ToString("yyyy-MM-ddTHH:mm:ss.fffffffzzz", CultureInfo.InvariantCulture);
            Assert.True(Rfc3339.TryParse(Encoding.UTF8.GetBytes(text), out long ns), text);
            Assert.Equal((time - DateTimeOffset.UnixEpoch).Ticks * 100, ns);
        }
    }
}
