using System.Globalization;
using Mayfly.Local.Intake;

namespace Mayfly.Local.Demo;

/// <summary>
/// Compares what the function and the platform produced with what the intake decoded: one <c>aws.lambda</c> span per invocation, every child span, every
/// metric value, every log line, the enhanced metrics (docs/spec/01-lambda-lifecycle.md, 4.4 and 5). A pure function.
/// </summary>
public static class DeliveryCheck
{
    private const string Placeholder = "dd-tracer-serverless-span";

    public static DeliveryReport Compare(SentManifest sent, IReadOnlyList<DemoInvocation> invocations, IReadOnlyList<ReceivedRequest> requests)
    {
        List<ReceivedSpan> spans = [.. requests.SelectMany(r => r.Spans)];
        List<ReceivedMetric> metrics = [.. requests.SelectMany(r => r.Metrics)];
        List<ReceivedLog> logs = [.. requests.SelectMany(r => r.Logs)];
        var problems = new List<string>();
        problems.AddRange(sent.Failures.Select(failure => $"The agent did not take something: {failure}."));
        problems.AddRange(requests.Where(r => r.Error is not null).Select(r => $"The intake could not use a request to {r.Path}: {r.Error}."));
        DeliveryRow[] rows =
        [
            InvocationSpans(sent, invocations, spans, problems),
            ChildSpans(sent, spans, problems),
            MetricCheck.Custom(sent.Metrics, metrics, problems),
            Logs(sent.Logs, logs, problems),
            MetricCheck.Enhanced(invocations, metrics, problems),
        ];
        return new DeliveryReport(rows, problems);
    }

    private static DeliveryRow InvocationSpans(
        SentManifest sent, IReadOnlyList<DemoInvocation> invocations, List<ReceivedSpan> spans, List<string> problems)
    {
        int arrived = 0;
        foreach (DemoInvocation invocation in invocations)
        {
            ReceivedSpan[] found = [.. spans.Where(s => s.Name == "aws.lambda" && s.Meta.GetValueOrDefault("request_id") == invocation.RequestId)];
            if (found.Length != 1)
            {
                problems.Add(found.Length == 0
                    ? $"The aws.lambda span of {invocation.RequestId} ({invocation.Title}) did not arrive."
                    : $"The aws.lambda span of {invocation.RequestId} ({invocation.Title}) arrived {found.Length} times.");
                continue;
            }

            string? wrong = Difference(found[0], invocation, sent.Roots.FirstOrDefault(r => r.RequestId == invocation.RequestId));
            if (wrong is null)
            {
                arrived++;
            }
            else
            {
                problems.Add($"The aws.lambda span of {invocation.RequestId} ({invocation.Title}) {wrong}.");
            }
        }

        if (spans.Count(s => s.Resource == Placeholder) is var left and > 0)
        {
            problems.Add($"{left} placeholder span{(left == 1 ? "" : "s")} ({Placeholder}) reached the intake instead of being replaced.");
        }

        return new DeliveryRow("aws.lambda spans", invocations.Count, arrived);
    }

    private static string? Difference(ReceivedSpan span, DemoInvocation invocation, SentSpan? root) =>
        root is not null && span.SpanId != root.SpanId ? $"has the span id {span.SpanId}, the tracer said {root.SpanId}"
        : root is not null && span.TraceId != root.TraceId ? $"has the trace id {span.TraceId}, the tracer said {root.TraceId}"
        : (span.Error != 0) != invocation.Failed ? invocation.Failed ? "is not marked as failed" : "is marked as failed"
        : null;

    private static DeliveryRow ChildSpans(SentManifest sent, List<ReceivedSpan> spans, List<string> problems)
    {
        ILookup<(ulong TraceId, ulong SpanId), ReceivedSpan> byId = spans.ToLookup(s => (s.TraceId, s.SpanId));
        int arrived = 0;
        foreach (SentSpan span in sent.Spans)
        {
            ReceivedSpan[] found = [.. byId[(span.TraceId, span.SpanId)]];
            string? problem = found switch
            {
                [] => "did not arrive",
                [var one] when one.ParentId != span.ParentId => $"hangs below span {one.ParentId} instead of {span.ParentId}",
                [var one] when one.Name != span.Name || one.Error != span.Error => $"arrived as {one.Name} with error {one.Error}",
                [_] => null,
                _ => $"arrived {found.Length} times",
            };
            if (problem is null)
            {
                arrived++;
            }
            else
            {
                problems.Add($"Span {span.Name} ({span.SpanId}) of {span.RequestId} {problem}.");
            }
        }

        return new DeliveryRow("child spans", sent.Spans.Count, arrived);
    }

    private static DeliveryRow Logs(IReadOnlyList<SentLog> sent, List<ReceivedLog> logs, List<string> problems)
    {
        ILookup<string, ReceivedLog> byText = logs.ToLookup(l => l.Message.Trim());
        int arrived = 0;
        foreach (IGrouping<(string RequestId, string Text), SentLog> group in sent.GroupBy(l => (l.RequestId, Text: l.Text.Trim())))
        {
            int wanted = group.Count();
            int found = byText[group.Key.Text].Count(l => l.RequestId == group.Key.RequestId);
            arrived += Math.Min(wanted, found);
            if (found == wanted)
            {
                continue;
            }

            int elsewhere = byText[group.Key.Text].Count(l => l.RequestId is null);
            string how = found > 0 ? string.Create(CultureInfo.InvariantCulture, $"was written {Times(wanted)} and arrived {Times(found)}")
                : elsewhere > 0 ? "arrived without its request id"
                : "did not arrive";
            problems.Add($"Log line \"{group.Key.Text}\" of {group.Key.RequestId} {how}.");
        }

        return new DeliveryRow("log lines", sent.Count, arrived);
    }

    private static string Times(int count) => count == 1 ? "once" : $"{count} times";
}
