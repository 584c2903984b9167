using Mayfly.Local.Intake;

namespace Mayfly.Local.Demo;

/// <summary>One row of a span tree.</summary>
/// <param name="Span">The span.</param>
/// <param name="Branch">The lines before its name, such as <c>│  └─ </c>.</param>
/// <param name="OffsetNs">Start relative to the earliest span of the tree.</param>
public sealed record SpanTreeRow(ReceivedSpan Span, string Branch, long OffsetNs);

/// <summary>Spans as a tree in order of start. Spans whose parent is not among them, or that form a circle, are roots: none is left out.</summary>
public static class SpanTree
{
    public static IReadOnlyList<SpanTreeRow> Rows(IReadOnlyList<ReceivedSpan> spans)
    {
        if (spans.Count == 0)
        {
            return [];
        }

        long start = spans.Min(s => s.StartNs);
        HashSet<ulong> ids = [.. spans.Select(s => s.SpanId)];
        ILookup<ulong, ReceivedSpan> children = spans.Where(s => s.ParentId != s.SpanId).OrderBy(s => s.StartNs).ToLookup(s => s.ParentId);
        var rows = new List<SpanTreeRow>(spans.Count);
        var done = new HashSet<ReceivedSpan>(ReferenceEqualityComparer.Instance);
        IEnumerable<ReceivedSpan> byStart = spans.OrderBy(s => s.StartNs);
        foreach (ReceivedSpan root in byStart.Where(s => s.ParentId == s.SpanId || !ids.Contains(s.ParentId)).Concat(byStart))
        {
            Add(root, "", "", children, rows, done, start);
        }

        return rows;
    }

    private static void Add(
        ReceivedSpan span, string branch, string indent, ILookup<ulong, ReceivedSpan> children, List<SpanTreeRow> rows, HashSet<ReceivedSpan> done, long start)
    {
        if (!done.Add(span))
        {
            return;
        }

        rows.Add(new SpanTreeRow(span, branch, span.StartNs - start));
        ReceivedSpan[] below = [.. children[span.SpanId]];
        for (int i = 0; i < below.Length; i++)
        {
            bool last = i == below.Length - 1;
            Add(below[i], indent + (last ? "└─ " : "├─ "), indent + (last ? "   " : "│  "), children, rows, done, start);
        }
    }
}
