using System.Globalization;

namespace Mayfly.EndToEnd.Platform;

/// <summary>Telemetry events as AWS's code writes them (docs/spec/07-observed-clients.md#2-telemetry-events-as-produced-by-awss-code).</summary>
internal static class TelemetryEvents
{
    public static string Start(string requestId) => Event("platform.start", $$"""{"requestId":"{{requestId}}","version":"$LATEST"}""");

    public static string RuntimeDone(string requestId) =>
        Event("platform.runtimeDone", $$"""{"requestId":"{{requestId}}","status":"success","metrics":{"durationMs":12.5,"producedBytes":2},"spans":[]}""");

    public static string Report(string requestId) => Event(
        "platform.report",
        $$$"""
        {"requestId":"{{{requestId}}}","status":"success","metrics":{"durationMs":14.5,"billedDurationMs":15,"memorySizeMB":512,"maxMemoryUsedMB":64}}
        """);

    /// <summary>A line of the function; no characters that JSON escapes.</summary>
    public static string Line(string text) => Event("function", $"\"{text}\"");

    /// <param name="type">Such as <c>platform.start</c>.</param>
    /// <param name="record">JSON.</param>
    /// <param name="at">Null = now.</param>
    public static string Event(string type, string record, DateTimeOffset? at = null)
    {
        string time = (at ?? DateTimeOffset.UtcNow).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        return $$"""{"time":"{{time}}","type":"{{type}}","record":{{record}}}""";
    }
}
