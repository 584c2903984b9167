using Mayfly.Platforms.Lambda.Triggers.Json;
using Mayfly.Wire;

namespace Mayfly.Platforms.Lambda.Triggers;

/// <summary>What the records of a batch bring, beside the first one, which the inferred span is about (docs/spec/02-triggers.md#12, number 13).</summary>
public static class Batch
{
    /// <summary>Records that are looked at for trace contexts and span pointers; equals OpenTelemetry's limit for links of a span.</summary>
    public const int RecordLimit = 128;

    /// <summary>Records that a batch can have; nothing behind them is read or counted.</summary>
    internal const int Largest = 10_000;

    /// <param name="record">One of the records.</param>
    /// <param name="scratch">For whatever the method needs; empty at each call.</param>
    internal delegate TriggerContext? ContextOf(JsonView record, PooledBuffer scratch);

    internal delegate SpanPointer? PointerOf(JsonView record);

    /// <summary>The trace contexts of all records within <see cref="RecordLimit"/>, in their order.</summary>
    /// <param name="records">The batch; its first record was read already.</param>
    /// <param name="first">What the first record brings.</param>
    /// <param name="contextOf">Reads one of the others.</param>
    /// <param name="skipped">Records beyond the limit.</param>
    internal static IReadOnlyList<TriggerContext> ContextsOf(JsonView records, TriggerContext? first, ContextOf contextOf, out int skipped)
    {
        List<TriggerContext>? contexts = null;
        PooledBuffer? scratch = null;
        int index = 0;
        foreach (JsonMember record in records.Members)
        {
            if (index == Largest)
            {
                break;
            }

            if (index is > 0 and < RecordLimit)
            {
                scratch ??= PooledBuffer.Rent();
                scratch.Clear();
                if (contextOf(record.Value, scratch) is { } context)
                {
                    (contexts ??= [.. ListOf(first)]).Add(context);
                }
            }

            index++;
        }

        scratch?.Dispose();
        skipped = Math.Max(0, index - RecordLimit);
        return contexts ?? ListOf(first);
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
