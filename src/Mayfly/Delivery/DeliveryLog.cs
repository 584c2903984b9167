using System.Globalization;
using Mayfly.Config;
using Mayfly.Diagnostics;
using Mayfly.Intake;

namespace Mayfly.Delivery;

/// <summary>What a person is told about payloads that do not arrive, once per cause: the agent's lines come back to it as logs.</summary>
internal static class DeliveryLog
{
    private const string CountedNotRepeated = "Later ones are counted in /debug/mayfly and not repeated here.";

    /// <param name="log">Told.</param>
    /// <param name="payload">Is given up.</param>
    /// <param name="result">Why.</param>
    /// <param name="keyTitle">The setting that gave the agent's key.</param>
    public static void Rejected(Log log, IntakePayload payload, SendResult result, string keyTitle)
    {
        string cause = payload.Forward is null ? result.Detail : result.Detail.Split(' ')[0];
        string advice = Advice(payload, result, keyTitle);
        log.Once(
            $"rejected {payload.Kind} {payload.Forward?.Service} {advice} {cause}",
            LogLevel.Error,
            $"{HowMany(payload)} {Noun(payload)} dropped: {result.Detail}. {advice} {CountedNotRepeated}");
    }

    public static void Failed(Log log, IntakePayload payload, SendResult result) => log.Once(
        $"failed {payload.Kind} {payload.Forward?.Service} {WhereTo(payload)}",
        LogLevel.Warn,
        $"Sending {Noun(payload)} failed: {result.Detail}. They are kept and sent again later. {CountedNotRepeated}");

    public static void NoKey(Log log) => log.Once(
        "no-api-key",
        LogLevel.Error,
        "No API key: DD_API_KEY is not set to one, so telemetry is dropped. Set it on the function; the function itself is not affected.");

    private static string HowMany(IntakePayload payload) =>
        payload.Destination is null ? payload.Units.ToString(CultureInfo.InvariantCulture) : "A copy of";

    private static string Noun(IntakePayload payload) => payload.Signal switch
    {
        Signal.Traces => "spans",
        Signal.Metrics => "metric samples",
        Signal.Logs => "log events",
        Signal.Stats => "hits of trace statistics",
        _ => $"{payload.Forward?.Service} requests",
    };

    /// <summary>Tells causes apart; not for what is passed on, for its clients choose the hosts.</summary>
    private static Uri? WhereTo(IntakePayload payload) => payload.Forward is null ? payload.Destination?.Endpoint.Url : null;

    private static string Advice(IntakePayload payload, SendResult result, string keyTitle) => !result.IsKeyRefused
        ? "The intake refuses this payload for good."
        : $"The API key was refused: check {payload.OwnKeySetting?.Title ?? $"{keyTitle} and {Keys.Site}"}.";
}
