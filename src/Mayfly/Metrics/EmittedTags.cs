using System.Text;
using Mayfly.Tags;
using Mayfly.Wire;

namespace Mayfly.Metrics;

/// <summary>
/// The tags of one context as they go out: its own and the default ones, merged in byte order without duplicates; resource tags taken out of them.
/// Reused from context to context; not thread-safe.
/// </summary>
/// <param name="clientTags">Default tags of what clients send, beside those of the platform.</param>
/// <remarks>docs/spec/04-metrics-logs.md#a7-tags-contexts-limits and #b5-series-v2-post-apiv2series (resources).</remarks>
internal sealed class EmittedTags(IReadOnlyList<string> clientTags)
{
    private TagSet? _source;
    private byte[][] _defaults = [];
    private byte[][] _clientDefaults = [];
    private Utf8Slice[] _tags = new Utf8Slice[128];
    private Resource[] _resources = new Resource[4];
    private int _tagCount;
    private int _resourceCount;

    public ReadOnlySpan<Utf8Slice> Tags => _tags.AsSpan(0, _tagCount);

    public ReadOnlySpan<Resource> Resources => _resources.AsSpan(0, _resourceCount);

    /// <summary>A hash of all tags and resources.</summary>
    public ulong Hash { get; private set; }

    /// <summary>Sets the default tags of the contexts to come.</summary>
    public void UseDefaults(TagSet defaults)
    {
        if (!ReferenceEquals(_source, defaults))
        {
            _source = defaults;
            byte[][] tags = [.. defaults.Items.Select(static tag => tag.TextUtf8).Where(static text => text.Length > 0)];
            _defaults = Sorted(tags);
            _clientDefaults = clientTags.Count == 0 ? _defaults : Sorted([.. tags, .. clientTags.Select(Encoding.UTF8.GetBytes)]);
        }
    }

    /// <summary>Takes over the canonical tags of a context, which lie in <paramref name="texts"/> and have to stay there.</summary>
    public void Set(byte[] texts, int offset, int length, bool isClients)
    {
        byte[][] defaults = isClients ? _clientDefaults : _defaults;
        _tagCount = 0;
        _resourceCount = 0;
        Hash = 0;
        int end = offset + length;
        int nextDefault = 0;
        while (offset < end)
        {
            ReadOnlySpan<byte> rest = texts.AsSpan(offset, end - offset);
            int comma = rest.IndexOf((byte)',');
            var tag = new Utf8Slice(texts, offset, comma < 0 ? rest.Length : comma);
            while (nextDefault < defaults.Length && defaults[nextDefault].AsSpan().SequenceCompareTo(tag.Span) < 0)
            {
                AddDefault(defaults[nextDefault++]);
            }

            Add(tag);
            offset += tag.Length + 1;
        }

        while (nextDefault < defaults.Length)
        {
            AddDefault(defaults[nextDefault++]);
        }
    }

    private static byte[][] Sorted(byte[][] tags)
    {
        Array.Sort(tags, static (x, y) => x.AsSpan().SequenceCompareTo(y));
        return tags;
    }

    private void AddDefault(byte[] tag) => Add(new Utf8Slice(tag, 0, tag.Length));

    private void Add(Utf8Slice tag)
    {
        if (_tagCount > 0 && _tags[_tagCount - 1] == tag)
        {
            return;
        }

        Hash = BytesHash.Of(tag.Span, Hash);
        if (TryReadResource(tag.Span, out Resource resource))
        {
            AddTo(ref _resources, ref _resourceCount, resource);
        }
        else
        {
            AddTo(ref _tags, ref _tagCount, tag);
        }

        bool TryReadResource(ReadOnlySpan<byte> text, out Resource found)
        {
            ReadOnlySpan<byte> prefix = "dd.internal.resource:"u8;
            int separator = text.StartsWith(prefix) ? text[prefix.Length..].IndexOf((byte)':') : -1;
            found = separator < 0 ? default : new Resource(tag, prefix.Length, separator);
            return separator >= 0;
        }
    }

    private static void AddTo<T>(ref T[] items, ref int count, T item)
    {
        if (count == items.Length)
        {
            Array.Resize(ref items, count * 2);
        }

        items[count++] = item;
    }

    /// <summary>A tag <c>dd.internal.resource:type:name</c>.</summary>
    internal readonly struct Resource(Utf8Slice tag, int start, int typeLength)
    {
        public ReadOnlySpan<byte> Type => tag.Span.Slice(start, typeLength);

        public ReadOnlySpan<byte> Name => tag.Span[(start + typeLength + 1)..];
    }
}
