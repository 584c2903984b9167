using Mayfly.Tags;
using Mayfly.Wire;

namespace Mayfly.Traces;

/// <summary>What the platform adds to spans: its tags, overwriting, on every span, and its origin where the tracer named none.</summary>
/// <remarks>
/// Immutable; see docs/spec/03-traces.md#310-tags-added-per-platform. A span with an origin of its own (<c>synthetics</c>, <c>rum</c>) keeps it.
/// </remarks>
public sealed class PlatformTags
{
    private static readonly Utf8Slice DatadogOrigin = Utf8Slice.From("_dd.origin");
    private static readonly Utf8Slice BaseServiceKey = Utf8Slice.From("_dd.base_service");
    private static readonly Utf8Slice PlainOrigin = Utf8Slice.From("origin");

    private readonly SpanMapEntry<Utf8Slice>[] _spanTags;
    private readonly Utf8Slice _origin;
    private readonly Utf8Slice _service;

    /// <summary>Tags of the function and the platform's origin (<c>lambda</c>); both may be empty.</summary>
    public PlatformTags(TagSet functionTags, string origin)
    {
        _spanTags = [.. functionTags.Items.Select(static tag => new SpanMapEntry<Utf8Slice>(Whole(tag.KeyUtf8), Whole(tag.ValueUtf8)))];
        _origin = Utf8Slice.From(origin);
        _service = Utf8Slice.From(functionTags.Find("service") ?? "");
        FunctionTags = Utf8Slice.From(functionTags.Joined);
    }

    /// <summary>The service that a library's spans have when it does not know better: they get that of the function tag <c>service</c>. Empty: none.</summary>
    public Utf8Slice PlaceholderService { get; init; }

    /// <summary>The service that inferred spans call: their <c>_dd.base_service</c>, where they name none. Empty: none.</summary>
    public Utf8Slice BaseService { get; init; }

    public static PlatformTags None { get; } = new(TagSet.Empty, "");

    /// <summary><c>k:v,k:v</c>: the value of the payload tag <c>_dd.tags.function</c>.</summary>
    public Utf8Slice FunctionTags { get; }

    internal void AddTo(ReadOnlySpan<Span> spans)
    {
        foreach (Span span in spans)
        {
            foreach (ref readonly SpanMapEntry<Utf8Slice> tag in _spanTags.AsSpan())
            {
                span.Meta.Set(tag.Key, tag.Value);
            }

            if (!_service.IsEmpty && span.Service == PlaceholderService)
            {
                span.Service = _service;
            }

            if (!BaseService.IsEmpty && span.Meta.Contains("_inferred_span.tag_source"u8) && !span.Meta.Contains(BaseServiceKey.Span))
            {
                span.Meta.Add(BaseServiceKey, BaseService);
            }

            if (!_origin.IsEmpty && (!span.Meta.TryFind(DatadogOrigin.Span, out Utf8Slice origin) || origin.IsEmpty))
            {
                span.Meta.Set(DatadogOrigin, _origin);
                span.Meta.Set(PlainOrigin, _origin);
            }
        }
    }

    private static Utf8Slice Whole(byte[] bytes) => new(bytes, 0, bytes.Length);
}
