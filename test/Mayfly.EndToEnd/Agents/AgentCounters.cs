using System.Text.Json;
using Xunit;

namespace Mayfly.EndToEnd.Agents;

/// <summary>One signal of <c>GET /debug/mayfly</c>, in spans, metric samples, log events, hits or requests.</summary>
internal sealed record SignalCount(long Accepted, long Delivered, long Buffered, long Stored, long Retried, IReadOnlyDictionary<string, long> Dropped)
{
    public long DroppedInAll => Dropped.Values.Sum();
}

/// <summary>The agent's own account of what went through it.</summary>
internal sealed record AgentCounters(SignalCount Traces, SignalCount Metrics, SignalCount Logs, SignalCount Stats, SignalCount Proxied)
{
    private static readonly SignalCount None = new(0, 0, 0, 0, 0, new Dictionary<string, long>());

    /// <summary>Asks the agent that listens on <paramref name="tracePort"/>.</summary>
    public static async Task<AgentCounters> ReadAsync(int tracePort)
    {
        using var connection = new RawHttpConnection(tracePort);
        (int status, string body) = await connection.SendAsync("GET", "/debug/mayfly", default);
        Assert.Equal(200, status);
        using JsonDocument page = JsonDocument.Parse(body);
        return new AgentCounters(Read(page, "traces"), Read(page, "metrics"), Read(page, "logs"), Read(page, "stats"), Read(page, "proxied"));
    }

    /// <summary>accepted = delivered + buffered + stored + Σ dropped, per signal. Units that were malformed were never accepted.</summary>
    public void MustBalance()
    {
        foreach ((string name, SignalCount count) in new[] { ("traces", Traces), ("metrics", Metrics), ("logs", Logs), ("stats", Stats), ("proxied", Proxied) })
        {
            long dropped = count.DroppedInAll - count.Dropped.GetValueOrDefault("malformed");
            Assert.True(count.Buffered >= 0 && count.Accepted == count.Delivered + count.Buffered + count.Stored + dropped, $"{name} do not add up: {count}");
        }
    }

    private static SignalCount Read(JsonDocument page, string signal) =>
        page.RootElement.TryGetProperty(signal, out JsonElement count) ? Read(count) : None;

    private static SignalCount Read(JsonElement count) => new(
        count.GetProperty("accepted").GetInt64(),
        count.GetProperty("delivered").GetInt64(),
        count.GetProperty("buffered").GetInt64(),
        count.GetProperty("stored").GetInt64(),
        count.GetProperty("retried").GetInt64(),
        count.GetProperty("dropped").EnumerateObject().ToDictionary(reason => reason.Name, reason => reason.Value.GetInt64()));
}
