using Mayfly.Tags;
using Mayfly.Wire;

namespace Mayfly.Traces;

/// <summary>What the platform adds to spans: its tags, overwriting, and its origin where the tracer named none.</summary>
/// <remarks>
/// Immutable; see docs/spec/03-traces.md#310-tags-added-per-platform. A span with an origin of its own (<c>synthetics</c>, <c>rum</c>) keeps it, and what the
/// tracer knows is not replaced by <c>unknown</c>.
/// </remarks>
public sealed class PlatformTags
{
    private static readonly Utf8Slice DatadogOrigin = Utf8Slice.From("_dd.origin");
    private static readonly Utf8Slice BaseServiceKey = Utf8Slice.From("_dd.base_service");
    private static readonly Utf8Slice PlainOrigin = Utf8Slice.From("origin");

    private static readonly Utf8Slice Unknown = Utf8Slice.From("unknown");

    private readonly PlatformTag[] _spanTags;
    private readonly PlatformTag[] _siteTags = [];
    private readonly PlatformTag[] _rootTags = [];
    private readonly Utf8Slice _origin;
    private readonly Utf8Slice _service;

    /// <summary>Tags of the function, which every span gets unless there are <see cref="SpanTags"/>, and the platform's origin; both may be empty.</summary>
    public PlatformTags(TagSet functionTags, string origin)
    {
        _spanTags = EntriesOf(functionTags);
        _origin = Utf8Slice.From(origin);
        _service = Utf8Slice.From(functionTags.Find("service") ?? "");
        FunctionTags = Utf8Slice.From(functionTags.Joined);
    }

    /// <summary>The service that a library's spans have when it does not know better: they get that of the function tag <c>service</c>. Empty: none.</summary>
    public Utf8Slice PlaceholderService { get; init; }

    /// <summary>The service that inferred spans call: their <c>_dd.base_service</c>, where they name none. Empty: none.</summary>
    public Utf8Slice BaseService { get; init; }

    /// <summary>Every span's, in place of the function's.</summary>
    public TagSet SpanTags
    {
        init => _spanTags = EntriesOf(value);
    }

    /// <summary>Every span's but those named <see cref="ForeignName"/>.</summary>
    public TagSet SiteTags
    {
        init => _siteTags = EntriesOf(value);
    }

    /// <summary>Name of spans that something before the function made: where the function runs is not said of them.</summary>
    public Utf8Slice ForeignName { get; init; }

    /// <summary>Those of a trace's root alone.</summary>
    public TagSet RootTags
    {
        init => _rootTags = EntriesOf(value);
    }

    /// <summary>Only a trace's root gets the origin; else every span does.</summary>
    public bool IsOriginOfRootOnly { get; init; }

    public static PlatformTags None { get; } = new(TagSet.Empty, "");

    /// <summary><c>k:v,k:v</c>: the value of the payload tag <c>_dd.tags.function</c>.</summary>
    public Utf8Slice FunctionTags { get; }

    /// <param name="spans">Of one trace.</param>
    /// <param name="root">One of them.</param>
    internal void AddTo(ReadOnlySpan<Span> spans, Span root)
    {
        foreach (Span span in spans)
        {
            Set(span, _spanTags);
            if (_siteTags.Length > 0 && span.Name != ForeignName)
            {
                Set(span, _siteTags);
            }

            if (!_service.IsEmpty && span.Service == PlaceholderService)
            {
                span.Service = _service;
            }

            if (!BaseService.IsEmpty && span.Meta.Contains("_inferred_span.tag_source"u8) && !span.Meta.Contains(BaseServiceKey.Span))
            {
                span.Meta.Add(BaseServiceKey, BaseService);
            }

            if (!IsOriginOfRootOnly)
            {
                SetOrigin(span);
            }
        }

        Set(root, _rootTags);
        if (IsOriginOfRootOnly)
        {
            SetOrigin(root);
        }
    }

    private static void Set(Span span, PlatformTag[] tags)
    {
        foreach (ref readonly PlatformTag tag in tags.AsSpan())
        {
            if (!tag.IsUnknown || !span.Meta.Contains(tag.Key.Span))
            {
                span.Meta.Set(tag.Key, tag.Mark, tag.Value);
            }
        }
    }

    private void SetOrigin(Span span)
    {
        if (!_origin.IsEmpty && (!span.Meta.TryFind(DatadogOrigin.Span, out Utf8Slice origin) || origin.IsEmpty))
        {
            span.Meta.Set(DatadogOrigin, _origin);
            span.Meta.Set(PlainOrigin, _origin);
        }
    }

    private static PlatformTag[] EntriesOf(TagSet tags) => [.. tags.Items.Select(static tag => new PlatformTag(Whole(tag.KeyUtf8), Whole(tag.ValueUtf8)))];

    private static Utf8Slice Whole(byte[] bytes) => new(bytes, 0, bytes.Length);

    /// <summary>A tag with what is the same for all spans.</summary>
    private readonly struct PlatformTag(Utf8Slice key, Utf8Slice value)
    {
        public Utf8Slice Key { get; } = key;

        public Utf8Slice Value { get; } = value;

        public ulong Mark { get; } = SpanMap<Utf8Slice>.MarkOf(key.Span);

        public bool IsUnknown { get; } = value == Unknown;
    }
}
