using System.Text;
using System.Text.Json;
using Mayfly.Wire;

namespace Mayfly.Platforms.Lambda.Triggers;

/// <summary>The tag <c>_dd.span_links</c>, a JSON array in which span pointers travel (docs/spec/02-triggers.md#7-span-pointers).</summary>
public static class SpanPointerLinks
{
    public const string Key = "_dd.span_links";

    /// <summary>
    /// The links a tracer wrote, as it wrote them, and the pointers behind them. An <paramref name="existing"/> text that is no JSON array is replaced.
    /// </summary>
    public static string Append(string? existing, IReadOnlyList<SpanPointer> pointers)
    {
        string kept = ElementsOf(existing);
        var links = new StringBuilder("[").Append(kept);
        foreach (SpanPointer pointer in pointers)
        {
            links.Append(links.Length > 1 ? "," : "")
                .Append("""{"trace_id":0,"trace_id_high":0,"span_id":0,"attributes":{"link.kind":"span-pointer","ptr.dir":"u","ptr.hash":""")
                .Append('"').Append(pointer.Hash).Append("\",\"ptr.kind\":\"").Append(pointer.Kind)
                .Append("""
                    "},"tracestate":"","flags":0}
                    """);
        }

        return links.Append(']').ToString();
    }

    /// <summary>What stands between the brackets of a JSON array; empty for anything else.</summary>
    private static string ElementsOf(string? existing)
    {
        string text = existing?.Trim(' ', '\t', '\r', '\n') ?? "";
        return IsArray(text) ? text[1..^1].Trim(' ', '\t', '\r', '\n') : "";
    }

    private static bool IsArray(string text)
    {
        if (text is not ['[', .., ']'])
        {
            return false;
        }

        using PooledBuffer json = PooledBuffer.Rent(Encoding.UTF8.GetMaxByteCount(text.Length));
        json.Advance(Encoding.UTF8.GetBytes(text, json.GetSpan()));
        try
        {
            var reader = new Utf8JsonReader(json.WrittenSpan);
            while (reader.Read())
            {
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
