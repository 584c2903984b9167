using System.Globalization;
using System.Text.Json.Nodes;

namespace Mayfly.EndToEnd.Reference;

/// <summary>What two agents made of one request: fields by path, see <see cref="TraceOutcome"/>.</summary>
internal sealed record TraceComparison(TraceRequest Request, IReadOnlyDictionary<string, string> Ours, IReadOnlyDictionary<string, string> Theirs)
{
    public IEnumerable<FieldDifference> Differing => Ours.Keys.Union(Theirs.Keys)
        .Select(path => new FieldDifference(this, path, Ours.GetValueOrDefault(path), Theirs.GetValueOrDefault(path)))
        .Where(static one => one.Ours != one.Theirs);
}

/// <summary>A field that is not the same.</summary>
/// <param name="Of">Where it was seen.</param>
/// <param name="Path">With the numbers of trace and span.</param>
/// <param name="Ours">Mayfly's; null: none.</param>
/// <param name="Theirs">The mini agent's; null: none.</param>
internal sealed record FieldDifference(TraceComparison Of, string Path, string? Ours, string? Theirs)
{
    /// <summary>Both have the field.</summary>
    public bool IsChanged => Ours is not null && Theirs is not null;

    /// <summary>The path without numbers.</summary>
    public string Field => Path[PrefixLength..];

    public bool IsOfPayload => Field.StartsWith("payload ", StringComparison.Ordinal) || Field.StartsWith("agent ", StringComparison.Ordinal);

    /// <summary>It belongs to no trace alone.</summary>
    public bool IsOfRequest => IsOfPayload || Field is "status" or "spans";

    /// <summary>Where the priority of the field's trace stands.</summary>
    public string PriorityPath => Position.Trace > 0 ? $"[{Position.Trace}] chunk priority" : "chunk priority";

    public bool IsOfSpan => !IsOfRequest && !Field.StartsWith("chunk ", StringComparison.Ordinal);

    /// <summary>The spans of the trace that the field belongs to, as sent; all traces' for fields of the whole request.</summary>
    public IEnumerable<JsonObject> TraceSent => Of.Request.Spans
        .Where(one => IsOfRequest || one.Trace == Position.Trace)
        .Select(static one => one.Fields);

    /// <summary>The field's span, as sent.</summary>
    public JsonObject Sent => Of.Request.Traces[Position.Trace]![Position.Span]!.AsObject();

    /// <summary>The text that the field had when it was sent; null: none.</summary>
    public string? Input => Field.Split(' ', 2) is ["meta", var tag] ? (Sent["meta"] as JsonObject)?[tag]?.ToString() : Sent[Field.Split(' ')[0]] switch
    {
        JsonArray list => list.ToJsonString(),
        var value => value?.ToString(),
    };

    public override string ToString() => $"{Path}: Mayfly {Ours ?? "–"}, mini agent {Theirs ?? "–"}\n{(IsOfSpan ? Sent.ToJsonString() : Of.Request)}";

    /// <summary>Another field of the same span, ours and theirs.</summary>
    public (string? Ours, string? Theirs) Sibling(string field) => (Of.Ours.GetValueOrDefault(PathOf(field)), Of.Theirs.GetValueOrDefault(PathOf(field)));

    public string PathOf(string field) => Path[..PrefixLength] + field;

    /// <summary>Where a field of all spans of the trace stands.</summary>
    public IEnumerable<string> PathsInTrace(string field) => Of.Request.Spans
        .Where(one => one.Trace == Position.Trace)
        .Select(one => TraceOutcome.PrefixOf(one.Trace, one.Span) + field);

    private int PrefixLength => Path[0] == '[' ? Path.IndexOf(' ', StringComparison.Ordinal) + 1 : 0;

    private (int Trace, int Span) Position
    {
        get
        {
            string[] texts = Path[..PrefixLength].Trim('[', ']', ' ').Split(',', StringSplitOptions.RemoveEmptyEntries);
            int[] numbers = [.. texts.Select(static number => int.Parse(number, CultureInfo.InvariantCulture))];
            return numbers switch
            {
                [var trace, var span] => (trace, span),
                [var one] => IsOfSpan ? (0, one) : (one, 0),
                _ => (0, 0),
            };
        }
    }
}
