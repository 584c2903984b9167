using Mayfly.Local.Intake;

namespace Mayfly.Local.Demo;

/// <summary>What arrived for one invocation.</summary>
public sealed record InvocationView(
    DemoInvocation Invocation, IReadOnlyList<ReceivedSpan> Spans, IReadOnlyList<ReceivedMetric> Metrics, IReadOnlyList<ReceivedLog> Logs)
{
    private const string EnhancedPrefix = "aws.lambda.enhanced.";

    /// <summary>
    /// Spans belong to an invocation through the trace of its <c>aws.lambda</c> span, logs through the request id, metrics through a tag
    /// <c>request:</c> with the start of the request id (only sample functions add one).
    /// </summary>
    public static InvocationView Of(DemoInvocation invocation, LocalIntake intake)
    {
        IReadOnlyList<ReceivedSpan> all = intake.Spans;
        HashSet<ulong> traces = [.. all.Where(s => s.Meta.GetValueOrDefault("request_id") == invocation.RequestId).Select(s => s.TraceId)];
        string tag = $"request:{invocation.RequestId[..Math.Min(8, invocation.RequestId.Length)]}";
        return new InvocationView(
            invocation,
            [.. all.Where(s => traces.Contains(s.TraceId))],
            [.. intake.Metrics.Where(m => m.Tags.Contains(tag)).OrderBy(m => m.Name, StringComparer.Ordinal)],
            [.. intake.Logs.Where(l => l.RequestId == invocation.RequestId).OrderBy(l => l.TimestampMs)]);
    }

    /// <summary>The platform's metrics: they carry no request id, so they are shown for all invocations together.</summary>
    public static IReadOnlyList<(string Name, IReadOnlyList<ReceivedSketch> Sketches)> Enhanced(LocalIntake intake) =>
        [.. intake.Metrics.Where(m => m.Name.StartsWith(EnhancedPrefix, StringComparison.Ordinal))
            .GroupBy(m => m.Name, StringComparer.Ordinal)
            .OrderBy(g => g.Key, StringComparer.Ordinal)
            .Select(g => (g.Key, (IReadOnlyList<ReceivedSketch>)[.. g.SelectMany(m => m.Sketches)]))];
}
