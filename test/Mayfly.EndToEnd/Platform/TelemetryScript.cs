using System.Text.Json;
using Mayfly.Local.Intake;

namespace Mayfly.EndToEnd.Platform;

/// <summary>What is expected of one log event.</summary>
internal sealed record ExpectedLog(string Message, string? RequestId, string Status, long TimestampMs, string OwnTags);

/// <summary>
/// Telemetry records, each a millisecond after the one before, with the log events that are expected of them. <see cref="SendAsync"/> posts what was added since.
/// </summary>
internal sealed class TelemetryScript
{
    private readonly List<string> _batch = [];
    private readonly List<ExpectedLog> _held = [];
    private long _timeMs = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() - 60_000;

    /// <summary>In the order in which they are to be sent.</summary>
    public List<ExpectedLog> Expected { get; } = [];

    /// <summary>A record that makes no event.</summary>
    public TelemetryScript Silent(string type, string record = "{}")
    {
        Append(type, record);
        return this;
    }

    /// <summary>A record that makes this event at once.</summary>
    public TelemetryScript Log(string type, string record, string message, string? requestId, string status = "info", string ownTags = "")
    {
        Expected.Add(new ExpectedLog(message, requestId, status, Append(type, record), ownTags));
        return this;
    }

    /// <summary>A line of text that comes as it is.</summary>
    public TelemetryScript Line(string text, string? requestId, string type = "function") => Log(type, JsonSerializer.Serialize(text), text, requestId);

    /// <summary>A record whose event has to wait until a start says which request it belongs to.</summary>
    public TelemetryScript Orphan(string type, string record, string message)
    {
        _held.Add(new ExpectedLog(message, null, "info", Append(type, record), ""));
        return this;
    }

    /// <summary>The start of an invocation; what waited follows it.</summary>
    public TelemetryScript Start(string requestId)
    {
        Log("platform.start", $$"""{"requestId":"{{requestId}}","version":"$LATEST"}""", $"START RequestId: {requestId} Version: $LATEST", requestId);
        return Release(requestId);
    }

    /// <summary>What still waits goes with this id.</summary>
    public TelemetryScript Release(string? requestId)
    {
        Expected.AddRange(_held.Select(held => held with { RequestId = requestId }));
        _held.Clear();
        return this;
    }

    public async Task SendAsync(ScriptedSandbox sandbox)
    {
        string[] batch = [.. _batch];
        _batch.Clear();
        await sandbox.TellAsync(batch);
    }

    /// <summary>The same of what arrived; tags that stand behind <paramref name="commonTags"/> are the event's own.</summary>
    public static IEnumerable<ExpectedLog> Arrived(IEnumerable<ReceivedLog> logs, string commonTags) => logs.Select(log => new ExpectedLog(
        log.Message,
        log.RequestId,
        log.Status,
        log.TimestampMs,
        log.DdTags == commonTags ? "" : log.DdTags.Replace(commonTags + ",", "", StringComparison.Ordinal)));

    private long Append(string type, string record)
    {
        _timeMs++;
        _batch.Add(TelemetryEvents.Event(type, record, DateTimeOffset.FromUnixTimeMilliseconds(_timeMs)));
        return _timeMs;
    }
}
