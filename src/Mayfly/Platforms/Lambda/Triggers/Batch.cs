using Mayfly.Platforms.Lambda.Triggers.Json;

namespace Mayfly.Platforms.Lambda.Triggers;

/// <summary>What the records of a batch bring, beside the first one, which the inferred span is about (docs/spec/02-triggers.md#12, number 13).</summary>
public static class Batch
{
    /// <summary>Records that are looked at for span links and span pointers; equals OpenTelemetry's limit for links of a span.</summary>
    public const int RecordLimit = 128;

    /// <summary>Records that a batch can have; nothing behind them is read or counted.</summary>
    internal const int Largest = 10_000;

    internal delegate TriggerContext? ContextOf(JsonView record);

    internal delegate SpanPointer? PointerOf(JsonView record);

    /// <summary>The trace contexts of all records but the first, within <see cref="RecordLimit"/>.</summary>
    /// <param name="skipped">Records beyond the limit.</param>
    internal static IReadOnlyList<TriggerContext> LinksOf(JsonView records, ContextOf contextOf, out int skipped)
    {
        List<TriggerContext>? links = null;
        int index = 0;
        foreach (JsonMember record in records.Members)
        {
            if (index == Largest)
            {
                break;
            }

            if (index is > 0 and < RecordLimit && contextOf(record.Value) is { } context)
            {
                (links ??= []).Add(context);
            }

            index++;
        }

        skipped = Math.Max(0, index - RecordLimit);
        return links is null ? [] : links;
    }

    /// <summary>The pointers of all records within <see cref="RecordLimit"/>.</summary>
    /// <param name="skipped">Records beyond the limit.</param>
    internal static IReadOnlyList<SpanPointer> PointersOf(JsonView records, PointerOf pointerOf, out int skipped)
    {
        var pointers = new List<SpanPointer>();
        int index = 0;
        foreach (JsonMember record in records.Members)
        {
            if (index == Largest)
            {
                break;
            }

            if (index++ < RecordLimit && pointerOf(record.Value) is { } pointer)
            {
                pointers.Add(pointer);
            }
        }

        skipped = Math.Max(0, index - RecordLimit);
        return pointers;
    }

    /// <summary>A list of one, or of none for null.</summary>
    internal static IReadOnlyList<TriggerContext> ListOf(TriggerContext? context) => context is null ? [] : [context];
}
