using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Mayfly.Platforms.Lambda.Triggers;
using Mayfly.Platforms.Lambda.Triggers.Json;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.Triggers;

/// <summary>docs/spec/02-triggers.md#8-numbers-and-time. Whole numbers are exact here; the reference is up to 128 ns off.</summary>
public class EventTimeTests
{
    [Theory]
    [InlineData("1583349317135", 1583349317135000000)]
    [InlineData("1631212283738", 1631212283738000000)]
    [InlineData("1745846213022", 1745846213022000000)]
    [InlineData("1700000000000", 1700000000000000000)]
    [InlineData("\"1700000000000\"", 1700000000000000000)]
    [InlineData("1700000000000.5", 1700000000000500000)]
    [InlineData("1700000000000.1234567", 1700000000000123456)] // Cut off.
    [InlineData("1.7e12", 1700000000000000000)]
    [InlineData("\"1700000000000.\"", 1700000000000000000)] // No JSON number, but a text may say it.
    [InlineData("0", 0)]
    [InlineData("-1", -1000000)]
    [InlineData("9223372036855", long.MaxValue)] // Saturates.
    [InlineData("1e300", long.MaxValue)]
    [InlineData("-1e300", long.MinValue)]
    [InlineData("99999999999999999999", long.MaxValue)]
    public void Milliseconds(string json, long expected) => Assert.Equal(expected, EventTime.FromMs(View(json)));

    [Theory]
    [InlineData("1643638425.163", 1643638425163000000)]
    [InlineData("1700000000", 1700000000000000000)]
    [InlineData("1700000000.5", 1700000000500000000)]
    [InlineData("1700000000.1234567891", 1700000000123456789)]
    public void Seconds(string json, long expected) => Assert.Equal(expected, EventTime.FromSeconds(View(json)));

    [Theory]
    [InlineData("\"soon\"")]
    [InlineData("\"\"")]
    [InlineData("\"1700000000000x\"")]
    [InlineData("\" 1700000000000\"")]
    [InlineData("\"NaN\"")]
    [InlineData("\"Infinity\"")]
    [InlineData("null")]
    [InlineData("true")]
    [InlineData("[1]")]
    [InlineData("{}")]
    [InlineData("")]
    public void No_time(string json)
    {
        Assert.Null(EventTime.FromMs(View(json)));
        Assert.Null(EventTime.FromSeconds(View(json)));
        Assert.Null(EventTime.FromRfc3339(View(json)));
    }

    [Theory]
    [InlineData("2023-11-14T22:13:19.750Z", 1699999999750000000)]
    [InlineData("2023-11-14T22:13:20.000Z", 1700000000000000000)]
    [InlineData("2024-11-09T08:22:15Z", 1731140535000000000)]
    [InlineData("2023-11-15T00:13:20+02:00", 1700000000000000000)]
    [InlineData("2023-11-14T22:13:20.123456789Z", 1700000000123456789)]
    [InlineData("2023-11-14", null)]
    [InlineData("", null)]
    public void Rfc3339_times(string text, long? expected) => Assert.Equal(expected, EventTime.FromRfc3339(View($"\"{text}\"")));

    [Fact]
    public void Any_number_is_within_256_ns_of_the_references_arithmetic()
    {
        Prop.ForAll<uint, ushort>(static (seconds, fraction) =>
        {
            string text = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{seconds >> 1}.{fraction:D5}");
            long reference = (long)(double.Parse(text, System.Globalization.CultureInfo.InvariantCulture) * 1e9);
            return Math.Abs(EventTime.FromSeconds(View(text))!.Value - reference) <= 256;
        }).QuickCheckThrowOnFailure();
    }

    private static JsonView View(string json) => new(Encoding.UTF8.GetBytes(json));
}
