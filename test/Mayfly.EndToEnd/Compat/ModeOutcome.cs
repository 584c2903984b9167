using System.Globalization;
using Mayfly.Local.Intake;

namespace Mayfly.EndToEnd.Compat;

/// <summary>
/// What reached an intake, beside traces, as fields by path: <c>stats web hits</c>,
/// <c>request /api/v2/profile X-Datadog-Additional-Tags</c>. Times and what says who sent it are left out.
/// </summary>
internal static class ModeOutcome
{
    private static readonly string[] ComparedHeaders = ["Content-Type", "X-Datadog-Additional-Tags", "Datadog-Meta-Lang", "X-Own", "Content-Encoding"];

    /// <param name="intake">After the last flush.</param>
    /// <param name="answers">Statuses of the agent's answers, by path.</param>
    public static Dictionary<string, string> Of(LocalIntake intake, IReadOnlyDictionary<string, string> answers)
    {
        Dictionary<string, string> fields = answers.ToDictionary(static one => $"answer {one.Key}", static one => one.Value);
        foreach (ReceivedStats stats in intake.Stats)
        {
            AddStats(fields, $"stats {stats.Resource} ", stats);
        }

        foreach (ReceivedRequest request in intake.Requests.Where(static one => one.Path == "/api/v2/profile"))
        {
            foreach (string header in ComparedHeaders)
            {
                fields[$"request {request.Path} {header}"] = request.Headers.GetValueOrDefault(header) ?? "-";
            }

            fields[$"request {request.Path} body"] = Convert.ToHexString(request.RawBody.Span);
        }

        return fields;
    }

    private static void AddStats(Dictionary<string, string> fields, string prefix, ReceivedStats stats)
    {
        (string, string)[] all =
        [
            ("service", stats.Service), ("name", stats.Name), ("type", stats.Type), ("kind", stats.SpanKind), ("status", Text(stats.HttpStatusCode)),
            ("synthetics", $"{stats.Synthetics}"), ("root", Text(stats.IsTraceRoot)), ("peers", string.Join(',', stats.PeerTags)), ("hits", Text(stats.Hits)),
            ("errors", Text(stats.Errors)), ("duration", Text(stats.Duration)), ("top", Text(stats.TopLevelHits)), ("ok", Text(stats.Ok.Count)),
            ("bucket", Text(stats.BucketDuration)), ("start", stats.BucketStart == ModeTests.StatsStart ? "as sent" : "another"),
            ("payload hostname", stats.Payload.Hostname), ("payload env", stats.Payload.Env), ("payload version", stats.Payload.Version),
            ("payload lang", stats.Payload.Lang), ("payload tracer", stats.Payload.TracerVersion), ("payload runtime", stats.Payload.RuntimeId),
            ("payload service", stats.Payload.Service), ("payload container", stats.Payload.ContainerId), ("payload tags", stats.Payload.Tags), ("client computed", $"{stats.Payload.ClientComputed}"),
        ];
        foreach ((string name, string value) in all)
        {
            fields[prefix + name] = value;
        }
    }

    private static string Text(IFormattable value) => value.ToString(null, CultureInfo.InvariantCulture);
}
