using System.Text;
using System.Text.Json;
using Mayfly.Diagnostics;
using Xunit;
using LogLevel = Mayfly.Diagnostics.LogLevel;

namespace Mayfly.Tests.Diagnostics;

/// <summary>The design's row "own metrics": the counters on <c>/debug/mayfly</c>; and the agent's own lines.</summary>
public class DebugPageTests
{
    [Fact]
    public void The_page_adds_up()
    {
        var counters = new Counters();
        counters[Signal.Traces].Accept(17);
        counters[Signal.Traces].Recover(2);
        counters[Signal.Traces].Store(5);
        counters[Signal.Traces].Deliver(3);
        counters[Signal.Traces].Retry(2);
        foreach (DropReason reason in Enum.GetValues<DropReason>())
        {
            counters[Signal.Traces].Drop(reason, 1);
        }

        JsonElement page = JsonDocument.Parse(DebugPage.Write(counters)).RootElement;
        Assert.Equal(BuildInfo.Version, page.GetProperty("version").GetString());
        JsonElement traces = page.GetProperty("traces");
        Assert.Equal((19, 3, 2, 1), (Number(traces, "accepted"), Number(traces, "delivered"), Number(traces, "retried"), Number(traces, "buffered")));
        Assert.Equal((5, 2), (Number(traces, "stored"), Number(traces, "recovered")));
        Assert.Equal(
            ["buffer_full", "context_limit", "damaged", "filtered", "malformed", "no_api_key", "rejected", "sampled", "shutdown", "spool_full", "unreachable"],
            traces.GetProperty("dropped").EnumerateObject().Select(static p => p.Name).Order(StringComparer.Ordinal));
        Assert.Empty(page.GetProperty("logs").GetProperty("dropped").EnumerateObject());
        Assert.Equal(0, Number(page.GetProperty("metrics"), "accepted"));
        Assert.Equal(0, Number(page.GetProperty("stats"), "accepted"));
        Assert.Empty(page.GetProperty("omitted").EnumerateObject());
        Assert.False(page.TryGetProperty("invocations", out _));
        Assert.Equal(4, Number(JsonDocument.Parse(DebugPage.Write(counters, invocations: 4)).RootElement, "invocations"));
    }

    [Fact]
    public void What_limits_left_out_has_a_name()
    {
        var counters = new Counters();
        foreach (Omission kind in Enum.GetValues<Omission>())
        {
            counters.Omit(kind, 2);
        }

        JsonElement omitted = JsonDocument.Parse(DebugPage.Write(counters)).RootElement.GetProperty("omitted");
        Assert.Equal(
            ["baggage_items", "batch_records", "datagrams", "payload_values", "reparented_invocations", "spooled_files"],
            omitted.EnumerateObject().Select(static p => p.Name).Order(StringComparer.Ordinal));
        Assert.All(omitted.EnumerateObject(), static p => Assert.Equal(2, p.Value.GetInt32()));
    }

    /// <summary>The design's row "own events": one line each, <c>MAYFLY | LEVEL | text</c>.</summary>
    [Fact]
    public void The_log_writes_one_line_per_event()
    {
        using var output = new MemoryStream();
        var log = new Log(LogLevel.Debug, output);
        log.Error("a\r\nb\nc");
        log.Warn("é");
        log.Debug($"x {1 + 1} {0.5:F2}");
        log.Once("cause", LogLevel.Info, "first");
        log.Once("cause", LogLevel.Info, "second");
        Assert.Equal("MAYFLY | ERROR | a b c\nMAYFLY | WARN | é\nMAYFLY | DEBUG | x 2 0.50\nMAYFLY | INFO | first\n", Encoding.UTF8.GetString(output.ToArray()));
    }

    [Theory]
    [InlineData(LogLevel.Off, "")]
    [InlineData(LogLevel.Error, "E")]
    [InlineData(LogLevel.Warn, "EW")]
    [InlineData(LogLevel.Info, "EWI")]
    [InlineData(LogLevel.Debug, "EWID")]
    [InlineData(LogLevel.Trace, "EWID")]
    public void Lines_below_the_level_are_not_written(LogLevel level, string expected)
    {
        using var output = new MemoryStream();
        var log = new Log(level, output);
        log.Error("e");
        log.Warn("w");
        log.Info("i");
        log.Debug($"d");
        Assert.Equal(expected, string.Concat(Encoding.UTF8.GetString(output.ToArray()).Split('\n').Where(static l => l.Length > 0).Select(static l => l[9])));
    }

    private static long Number(JsonElement element, string name) => element.GetProperty(name).GetInt64();
}
