using Mayfly.Wire;

namespace Mayfly.Traces.Filters;

/// <summary>A condition on a tag of a span: that it exists, or that it has a value. Immutable.</summary>
/// <remarks>
/// docs/spec/03-traces.md#36-filters. The keys <c>name</c>, <c>service</c>, <c>resource</c> and <c>type</c> stand for the span's fields as well as for tags
/// of these names.
/// </remarks>
public sealed class TagRule
{
    private readonly Utf8Slice _key;
    private readonly Utf8Slice? _value;

    private TagRule(string key, string? value)
    {
        _key = Utf8Slice.From(key);
        _value = value is null ? null : Utf8Slice.From(value);
    }

    /// <summary>The tag has exactly this value; null: any.</summary>
    public static TagRule HasValue(string key, string? value) => new(key, value);

    public bool Matches(Span span)
    {
        if (span.Meta.TryFind(_key.Span, out Utf8Slice value) && Accepts(value))
        {
            return true;
        }

        Utf8Slice field = FieldOf(span);
        return !field.IsEmpty && Accepts(field);
    }

    private bool Accepts(Utf8Slice value) => _value is not { } wanted || wanted == value;

    private Utf8Slice FieldOf(Span span) => _key.Span switch
    {
        [(byte)'n', ..] when _key.SequenceEqual("name"u8) => span.Name,
        [(byte)'s', ..] when _key.SequenceEqual("service"u8) => span.Service,
        [(byte)'r', ..] when _key.SequenceEqual("resource"u8) => span.Resource,
        [(byte)'t', ..] when _key.SequenceEqual("type"u8) => span.Type,
        _ => default,
    };
}
