using Mayfly.Tags;
using Mayfly.Traces.Normalization;
using Mayfly.Traces.Obfuscation;
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

    private readonly TagGroup _spanTags;
    private readonly TagGroup _siteTags = TagGroup.None;
    private readonly TagGroup _rootTags = TagGroup.None;
    private readonly Utf8Slice _origin;
    private readonly Utf8Slice _service;

    /// <summary>Tags of the function, which every span gets unless there are <see cref="SpanTags"/>, and the platform's origin; both may be empty.</summary>
    public PlatformTags(TagSet functionTags, string origin)
    {
        _spanTags = new TagGroup(functionTags);
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
        init => _spanTags = new TagGroup(value);
    }

    /// <summary>Every span's but those named <see cref="ForeignName"/>.</summary>
    public TagSet SiteTags
    {
        init => _siteTags = new TagGroup(value);
    }

    /// <summary>Name of spans that something before the function made: where the function runs is not said of them.</summary>
    public Utf8Slice ForeignName { get; init; }

    /// <summary>Those of a trace's root alone.</summary>
    public TagSet RootTags
    {
        init => _rootTags = new TagGroup(value);
    }

    /// <summary>Only a trace's root gets the origin; else every span does.</summary>
    public bool IsOriginOfRootOnly { get; init; }

    public static PlatformTags None { get; } = new(TagSet.Empty, "");

    /// <summary><c>k:v,k:v</c>: the value of the payload tag <c>_dd.tags.function</c>.</summary>
    public Utf8Slice FunctionTags { get; }

    /// <param name="spans">Of one trace, all or some.</param>
    /// <param name="root">The trace's; one of them, or not.</param>
    internal void AddTo(ReadOnlySpan<Span> spans, Span root)
    {
        foreach (Span span in spans)
        {
            _spanTags.AddTo(span.Meta, isOfAllSpans: true);
            if (!_siteTags.IsEmpty && span.Name != ForeignName)
            {
                _siteTags.AddTo(span.Meta);
            }

            if (!_service.IsEmpty && span.Service == PlaceholderService)
            {
                span.Service = _service;
            }

            if (!BaseService.IsEmpty && span.Meta.Contains("_inferred_span.tag_source"u8) && !span.Meta.Contains(BaseServiceKey.Span))
            {
                span.Meta.Add(BaseServiceKey, BaseService);
            }

            if (span == root)
            {
                _rootTags.AddTo(root.Meta);
            }

            if (span == root || !IsOriginOfRootOnly)
            {
                SetOrigin(span);
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

    /// <summary>Tags that are set together.</summary>
    private sealed class TagGroup
    {
        private readonly SharedEntries<Utf8Slice> _tags;
        private readonly Utf8Slice[] _unknown;

        /// <summary>Nobody changes them on their way to the intake but by rules, which look at all entries.</summary>
        private readonly bool _isSettled;

        public TagGroup(TagSet tags)
        {
            var map = new SpanMap<Utf8Slice>();
            foreach (Tag tag in tags.Items)
            {
                map.Set(Whole(tag.KeyUtf8), Whole(tag.ValueUtf8));
            }

            SpanMapEntry<Utf8Slice>[] entries = map.Entries.ToArray();
            _tags = new SharedEntries<Utf8Slice>(entries, SpanWriter.EncodeMeta(entries));
            _unknown = [.. entries.Where(static entry => entry.Value == Unknown).Select(static entry => entry.Key)];
            _isSettled = !entries.Any(static entry => SpanTruncation.IsCut(entry) || Obfuscator.MayHide(entry));
        }

        public static TagGroup None { get; } = new(TagSet.Empty);

        public bool IsEmpty => _tags.Items.IsEmpty;

        /// <param name="isOfAllSpans">Nearly all spans get them, and nothing was shared with them before.</param>
        public void AddTo(SpanMap<Utf8Slice> meta, bool isOfAllSpans = false)
        {
            if (IsEmpty)
            {
                return;
            }

            if (isOfAllSpans && _isSettled && !KnowsMore(meta))
            {
                meta.Share(_tags);
                return;
            }

            foreach (ref readonly SpanMapEntry<Utf8Slice> tag in _tags.Items)
            {
                if (tag.Value != Unknown || !meta.Contains(tag.Key.Span))
                {
                    meta.Set(tag.Key, tag.Value);
                }
            }
        }

        private bool KnowsMore(SpanMap<Utf8Slice> meta)
        {
            foreach (Utf8Slice key in _unknown)
            {
                if (meta.Contains(key.Span))
                {
                    return true;
                }
            }

            return false;
        }

        private static Utf8Slice Whole(byte[] bytes) => new(bytes, 0, bytes.Length);
    }
}
