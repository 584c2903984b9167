using System.Text;

namespace Mayfly.Metrics;

/// <summary>
/// An event as ranges of its line: <c>_e{TITLE_LEN,TEXT_LEN}:title|text|fields</c>. Bad input is a <see cref="DogStatsdStatus"/>, never an exception; an
/// optional field that cannot be read is left out and noted.
/// </summary>
/// <remarks>
/// docs/spec/04-metrics-logs.md#a6-events-and-service-checks. The lengths count bytes; where they do not lead to a <c>|</c> or to the end, UTF-16 units.
/// </remarks>
internal readonly ref struct EventLine
{
    private EventLine(ReadOnlySpan<byte> title, ReadOnlySpan<byte> text, EventFields fields)
    {
        Title = title;
        Text = text;
        Fields = fields;
    }

    /// <summary>Never empty; line feeds still as <c>\n</c>.</summary>
    public ReadOnlySpan<byte> Title { get; }

    /// <summary>Line feeds still as <c>\n</c>.</summary>
    public ReadOnlySpan<byte> Text { get; }

    public EventFields Fields { get; }

    /// <summary>Reads a line that begins with <c>_e{</c>, without its line end.</summary>
    public static DogStatsdStatus Parse(ReadOnlySpan<byte> line, out EventLine result)
    {
        result = default;
        ReadOnlySpan<byte> rest = line["_e{".Length..];
        if (!TryTakeLength(ref rest, (byte)',', out int titleLength) || !TryTakeLength(ref rest, (byte)'}', out int textLength)
            || titleLength == 0 || rest is not [(byte)':', ..])
        {
            return DogStatsdStatus.InvalidEvent;
        }

        rest = rest[1..];
        if (!TryCut(rest, titleLength, textLength, out int titleBytes, out int textBytes)
            && !(TryCountBytes(rest, titleLength, out titleBytes) && titleBytes < rest.Length
                && TryCountBytes(rest[(titleBytes + 1)..], textLength, out textBytes) && TryCut(rest, titleBytes, textBytes, out titleBytes, out textBytes)))
        {
            return DogStatsdStatus.InvalidEvent;
        }

        ReadOnlySpan<byte> fields = rest[(titleBytes + 1 + textBytes)..];
        result = new EventLine(rest[..titleBytes], rest.Slice(titleBytes + 1, textBytes), EventFields.Read(fields, isEvent: true));
        return DogStatsdStatus.Ok;
    }

    /// <summary>Whether the parts of that many bytes end where they should.</summary>
    private static bool TryCut(ReadOnlySpan<byte> rest, int title, int text, out int titleBytes, out int textBytes)
    {
        (titleBytes, textBytes) = (title, text);
        long end = (long)title + 1 + text;
        return title < rest.Length && rest[title] == '|' && end <= rest.Length && (end == rest.Length || rest[(int)end] == '|');
    }

    /// <summary>How many bytes the first so many UTF-16 units are; false: there are not so many, or they end within a character.</summary>
    private static bool TryCountBytes(ReadOnlySpan<byte> text, int units, out int bytes)
    {
        bytes = 0;
        while (units > 0 && bytes < text.Length)
        {
            Rune.DecodeFromUtf8(text[bytes..], out Rune rune, out int consumed);
            units -= rune.Utf16SequenceLength;
            bytes += consumed;
        }

        return units == 0;
    }

    private static bool TryTakeLength(scoped ref ReadOnlySpan<byte> rest, byte end, out int length)
    {
        const int MostDigits = 9;
        length = 0;
        int at = 0;
        while (at < rest.Length && at <= MostDigits && rest[at] is >= (byte)'0' and <= (byte)'9')
        {
            length = length * 10 + rest[at++] - '0';
        }

        if (at == 0 || at > MostDigits || at == rest.Length || rest[at] != end)
        {
            return false;
        }

        rest = rest[(at + 1)..];
        return true;
    }
}
