using System.Buffers.Text;
using Mayfly.Wire;

namespace Mayfly.Traces.Normalization;

/// <summary>Brings the spans of a trace into the form that the intake expects, or finds that nobody can.</summary>
/// <remarks>
/// docs/spec/03-traces.md#34-normalization, in its order. Not thread-safe; made texts live in the request's arena, and where that is full the fallbacks stand
/// in for them. Normalizing twice changes nothing.
/// </remarks>
internal sealed class SpanNormalizer(TextArena arena, TimeProvider time)
{
    private const int LongestServiceBytes = 100;
    private const int LongestNameBytes = 100;
    private const int LongestTypeBytes = 100;
    private const long Year2000Ns = 946_684_800_000_000_000;

    private static readonly Utf8Slice UnnamedOperation = Utf8Slice.From("unnamed_operation");
    private static readonly Utf8Slice UnnamedService = Utf8Slice.From("unnamed-service");
    private static readonly Utf8Slice PeerService = Utf8Slice.From("peer.service");
    private static readonly Utf8Slice BaseService = Utf8Slice.From("_dd.base_service");
    private static readonly Utf8Slice Env = Utf8Slice.From("env");

    private string? _language;
    private Utf8Slice _fallbackService = UnnamedService;

    /// <param name="spans">At least one.</param>
    /// <param name="language">Of the tracer, for the name of a service without one.</param>
    /// <returns>False: the trace is unusable, because an id is missing or the spans are not of one trace. They may have been changed.</returns>
    public bool TryNormalize(ReadOnlySpan<Span> spans, string? language)
    {
        SetLanguage(language);
        ulong traceId = spans[0].TraceId;
        foreach (Span span in spans)
        {
            if (span.TraceId == 0 || span.SpanId == 0 || span.TraceId != traceId)
            {
                return false;
            }

            Normalize(span);
        }

        return true;
    }

    /// <summary>The form of <paramref name="value"/> that a tag has.</summary>
    public Utf8Slice TagValueOf(Utf8Slice value)
    {
        if (TagValue.IsNormal(value.Span))
        {
            return value;
        }

        return arena.TryAllocate(value.Length, out Utf8Slice room, out Span<byte> bytes) ? room.Slice(0, TagValue.Normalize(value.Span, bytes)) : default;
    }

    private void Normalize(Span span)
    {
        span.Service = ServiceOf(span.Service, _fallbackService);
        NormalizeTag(span.Meta, PeerService, LongestServiceBytes);
        NormalizeTag(span.Meta, BaseService, LongestServiceBytes);
        span.Name = NameOf(span.Name);
        span.Resource = span.Resource.IsEmpty ? span.Name : span.Resource;
        if (span.ParentId == span.TraceId && span.ParentId == span.SpanId)
        {
            span.ParentId = 0;
        }

        NormalizeTimes(span);
        span.Type = Utf8Cut.To(span.Type, LongestTypeBytes);
        NormalizeTag(span.Meta, Env, int.MaxValue);
        if (span.Meta.TryFind("http.status_code"u8, out Utf8Slice status) && !IsStatus(status.Span))
        {
            span.Meta.Remove("http.status_code"u8);
        }

        if (span.HasExtras)
        {
            NormalizeLinkNames(span);
        }
    }

    /// <summary>A span ends at a time that exists, and does not start before the year 2000: that is a mistake of units.</summary>
    private void NormalizeTimes(Span span)
    {
        if (span.DurationNs < 0 || EndsTooLate(span))
        {
            span.DurationNs = 0;
        }

        if (span.StartNs >= Year2000Ns)
        {
            return;
        }

        long now = (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;
        span.StartNs = now >= span.DurationNs ? now - span.DurationNs : now;
        if (EndsTooLate(span))
        {
            span.DurationNs = 0;
        }
    }

    private static bool EndsTooLate(Span span) => span.StartNs > 0 && span.DurationNs > long.MaxValue - span.StartNs;

    private Utf8Slice ServiceOf(Utf8Slice service, Utf8Slice fallback)
    {
        Utf8Slice value = TagValueOf(Utf8Cut.To(service, LongestServiceBytes));
        return value.IsEmpty ? fallback : value;
    }

    /// <summary>Stays empty when nothing of it is left.</summary>
    private void NormalizeTag(SpanMap<Utf8Slice> meta, Utf8Slice key, int longestBytes)
    {
        if (meta.TryFind(key.Span, out Utf8Slice value) && !(value.Length <= longestBytes && TagValue.IsNormal(value.Span)))
        {
            meta.Set(key, TagValueOf(Utf8Cut.To(value, longestBytes)));
        }
    }

    private Utf8Slice NameOf(Utf8Slice name)
    {
        name = Utf8Cut.To(name, LongestNameBytes);
        if (OperationName.IsNormal(name.Span))
        {
            return name;
        }

        int length = 0;
        if (arena.TryAllocate(name.Length, out Utf8Slice room, out Span<byte> bytes))
        {
            length = OperationName.Normalize(name.Span, bytes);
        }

        return length == 0 ? UnnamedOperation : room.Slice(0, length);
    }

    private void NormalizeLinkNames(Span span)
    {
        foreach (ref SpanMapEntry<Utf8Slice> attribute in span.LinkAttributes.Items)
        {
            if (attribute.Key.SequenceEqual("link.name"u8))
            {
                attribute = new SpanMapEntry<Utf8Slice>(attribute.Key, NameOf(attribute.Value));
            }
        }
    }

    /// <summary>A whole number from 100 to 599; it may have a sign.</summary>
    private static bool IsStatus(ReadOnlySpan<byte> text) =>
        Utf8Parser.TryParse(text, out int status, out int consumed) && consumed == text.Length && status is >= 100 and < 600;

    private void SetLanguage(string? language)
    {
        if (language == _language)
        {
            return;
        }

        _language = language;
        Utf8Slice named = Utf8Slice.From($"unnamed-{language}-service");
        byte[] normal = new byte[named.Length];
        _fallbackService = string.IsNullOrEmpty(language) ? UnnamedService : new Utf8Slice(normal, 0, TagValue.Normalize(named.Span, normal));
    }
}
