using System.Text;
using System.Text.Unicode;
using Mayfly.Wire;

namespace Mayfly.Metrics;

/// <summary>
/// Events and service checks between two flushes: their texts, unescaped and valid, in one arena within a limit of bytes. Not thread-safe.
/// </summary>
/// <remarks>docs/spec/04-metrics-logs.md#a6-events-and-service-checks; <see cref="EventEncoder"/> makes payloads of them.</remarks>
internal sealed class EventBuffer(int limitBytes) : IDisposable
{
    /// <summary>What one costs beside its texts.</summary>
    private const int EntryBytes = 128;

    private readonly PooledBuffer _texts = PooledBuffer.Rent();
    private readonly CanonicalTags _canonicalTags = new();
    private readonly List<EventEntry> _entries = [];

    public IReadOnlyList<EventEntry> Entries => _entries;

    /// <summary>The array that the entries' texts lie in; stays as it is until the next entry.</summary>
    public byte[] TextArray => _texts.Array;

    public ReadOnlySpan<byte> TextOf(TextRange range) => _texts.WrittenSpan.Slice(range.Offset, range.Length);

    /// <summary>False: there is no room.</summary>
    public bool TryAdd(in EventLine line, long now)
    {
        EventFields fields = line.Fields;
        if (!HasRoomFor(line.Title.Length + line.Text.Length + fields.AggregationKey.Length + fields.SourceType.Length, fields))
        {
            return false;
        }

        _entries.Add(Common(fields, now) with
        {
            Title = Keep(line.Title, Escapes.Text),
            Text = Keep(line.Text, Escapes.Text),
            AggregationKey = Keep(fields.AggregationKey),
            SourceType = Keep(fields.SourceType),
            IsLowPriority = fields.IsLowPriority,
            AlertType = fields.AlertType,
        });
        return true;
    }

    /// <inheritdoc cref="TryAdd(in EventLine, long)"/>
    public bool TryAdd(in ServiceCheckLine line, long now)
    {
        EventFields fields = line.Fields;
        if (!HasRoomFor(line.Name.Length + fields.Message.Length, fields))
        {
            return false;
        }

        _entries.Add(Common(fields, now) with { Title = Keep(line.Name), Text = Keep(fields.Message, Escapes.Message), CheckStatus = line.Status });
        return true;
    }

    public void Clear()
    {
        _entries.Clear();
        _texts.Clear();
    }

    public void Dispose() => _texts.Dispose();

    private bool HasRoomFor(int ownBytes, EventFields fields)
    {
        // A byte that is no UTF-8 becomes three.
        long needed = EntryBytes + 3L * (ownBytes + fields.Host.Length + fields.Tags.Length);
        return needed <= limitBytes - _texts.Length - (long)_entries.Count * EntryBytes;
    }

    private EventEntry Common(EventFields fields, long now)
    {
        return new EventEntry
        {
            UnixSeconds = fields.UnixSeconds == 0 ? now : fields.UnixSeconds,
            Host = Keep(fields.Host),
            Tags = Keep(_canonicalTags.Of(Valid(fields.Tags))),
        };
    }

    /// <summary>What is no UTF-8 becomes U+FFFD.</summary>
    private static ReadOnlySpan<byte> Valid(ReadOnlySpan<byte> text) =>
        Utf8.IsValid(text) ? text : Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(text));

    private TextRange Keep(ReadOnlySpan<byte> text, Escapes escapes = Escapes.None)
    {
        int start = _texts.Length;
        text = Valid(text);
        int escape;
        while (escapes != Escapes.None && (escape = text.IndexOf((byte)'\\')) >= 0)
        {
            ReadOnlySpan<byte> behind = text[(escape + 1)..];
            bool isLineFeed = behind is [(byte)'n', ..];
            bool isColon = escapes == Escapes.Message && escape > 0 && text[escape - 1] == 'm' && behind is [(byte)':', ..];
            _texts.Write(text[..escape]);
            _texts.WriteByte(isLineFeed ? (byte)'\n' : isColon ? (byte)':' : (byte)'\\');
            text = behind[(isLineFeed || isColon ? 1 : 0)..];
        }

        _texts.Write(text);
        return new TextRange(start, _texts.Length - start);
    }

    /// <summary>What clients write as two characters.</summary>
    private enum Escapes
    {
        None,

        /// <summary>A line feed as <c>\n</c>.</summary>
        Text,

        /// <summary>Also <c>m:</c> as <c>m\:</c>.</summary>
        Message,
    }
}

/// <summary>A text in an arena.</summary>
internal readonly record struct TextRange(int Offset, int Length);

/// <summary>An event, or a service check where <see cref="CheckStatus"/> is set.</summary>
internal readonly record struct EventEntry
{
    public long UnixSeconds { get; init; }

    /// <summary>Title of the event, name of the check.</summary>
    public TextRange Title { get; init; }

    /// <summary>Text of the event, message of the check.</summary>
    public TextRange Text { get; init; }

    public TextRange Host { get; init; }

    public TextRange Tags { get; init; }

    public TextRange AggregationKey { get; init; }

    public TextRange SourceType { get; init; }

    public bool IsLowPriority { get; init; }

    public AlertType AlertType { get; init; }

    /// <summary>0 to 3; null: it is an event.</summary>
    public int? CheckStatus { get; init; }
}
