using System.Buffers;

namespace Mayfly.Metrics;

/// <summary>
/// Brings a metric's tags into the form that identifies its context: empty ones and agent-internal ones removed, sorted by their bytes, duplicates removed,
/// cut to <see cref="MaxTags"/>, joined by commas. Reused from line to line; not thread-safe.
/// </summary>
/// <remarks>docs/spec/04-metrics-logs.md#a7-tags-contexts-limits.</remarks>
internal sealed class CanonicalTags
{
    public const int MaxTags = 100;

    private readonly ArrayBufferWriter<byte> _joined = new(256);
    private readonly Comparison<TagRange> _byText;
    private byte[] _text = [];
    private TagRange[] _ranges = new TagRange[32];
    private int _length;

    public CanonicalTags()
    {
        // Made once: sorting with a comparer would make a delegate each time.
        _byText = (x, y) => _text.AsSpan(x.Start, x.Length).SequenceCompareTo(_text.AsSpan(y.Start, y.Length));
    }

    /// <summary>Whether the last tags were more than <see cref="MaxTags"/>.</summary>
    public bool WereCut { get; private set; }

    /// <summary>The canonical form of <paramref name="tags"/>; valid until the next call.</summary>
    public ReadOnlySpan<byte> Of(ReadOnlySpan<byte> tags)
    {
        WereCut = false;
        _joined.ResetWrittenCount();
        if (tags.IsEmpty)
        {
            return default;
        }

        Split(tags);
        Sort(tags);
        return Join(tags);
    }

    private static bool IsInternal(ReadOnlySpan<byte> tag) =>
        tag.StartsWith("dd.internal."u8) &&
        (tag.StartsWith("dd.internal.entity_id:"u8) || tag.StartsWith("dd.internal.card:"u8) || tag.StartsWith("dd.internal.jmx_check_name:"u8));

    private void Split(ReadOnlySpan<byte> tags)
    {
        _length = 0;
        int start = 0;
        while (start < tags.Length)
        {
            int comma = tags[start..].IndexOf((byte)',');
            int length = comma < 0 ? tags.Length - start : comma;
            if (length > 0 && !IsInternal(tags.Slice(start, length)))
            {
                if (_length == _ranges.Length)
                {
                    Array.Resize(ref _ranges, _length * 2);
                }

                _ranges[_length++] = new TagRange(start, length);
            }

            start += length + 1;
        }
    }

    private void Sort(ReadOnlySpan<byte> tags)
    {
        if (_text.Length < tags.Length)
        {
            _text = new byte[Math.Max(tags.Length, 512)];
        }

        tags.CopyTo(_text);
        _ranges.AsSpan(0, _length).Sort(_byText);
    }

    private ReadOnlySpan<byte> Join(ReadOnlySpan<byte> tags)
    {
        int kept = 0;
        ReadOnlySpan<byte> previous = default;
        foreach (TagRange range in _ranges.AsSpan(0, _length))
        {
            ReadOnlySpan<byte> tag = tags.Slice(range.Start, range.Length);
            if (kept > 0 && tag.SequenceEqual(previous))
            {
                continue;
            }

            if (kept == MaxTags)
            {
                WereCut = true;
                break;
            }

            if (kept++ > 0)
            {
                _joined.Write(","u8);
            }

            _joined.Write(tag);
            previous = tag;
        }

        return _joined.WrittenSpan;
    }

    private readonly record struct TagRange(int Start, int Length);
}
