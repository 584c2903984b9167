using Mayfly.Config;
using Mayfly.Patterns;
using Mayfly.Wire;

namespace Mayfly.Traces.Filters;

/// <summary>A condition on a tag of a span: that it exists, has a value, or has one that a pattern matches. Immutable, thread-safe.</summary>
/// <remarks>
/// docs/spec/03-traces.md#36-filters. The keys <c>name</c>, <c>service</c>, <c>resource</c> and <c>type</c> stand for the span's fields as well as for tags
/// of these names.
/// </remarks>
internal sealed class TagRule(TagCondition condition)
{
    private readonly Utf8Slice _key = Utf8Slice.From(condition.Key);
    private readonly Utf8Slice _value = Utf8Slice.From(condition.Value ?? "");
    private readonly bool _takesAny = condition.Value is null;
    private readonly Pattern? _pattern = condition.Pattern;

    public bool Matches(Span span)
    {
        if (span.Meta.TryFind(_key.Span, out Utf8Slice value) && Accepts(value))
        {
            return true;
        }

        Utf8Slice field = FieldOf(span);
        return !field.IsEmpty && Accepts(field);
    }

    private bool Accepts(Utf8Slice value) => _takesAny || (_pattern is null ? value == _value : TraceFilters.IsMatch(_pattern, value));

    private Utf8Slice FieldOf(Span span) => _key.Span switch
    {
        [(byte)'n', ..] when _key.SequenceEqual("name"u8) => span.Name,
        [(byte)'s', ..] when _key.SequenceEqual("service"u8) => span.Service,
        [(byte)'r', ..] when _key.SequenceEqual("resource"u8) => span.Resource,
        [(byte)'t', ..] when _key.SequenceEqual("type"u8) => span.Type,
        _ => default,
    };
}
