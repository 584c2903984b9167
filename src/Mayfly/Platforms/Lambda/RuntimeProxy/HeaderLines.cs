using System.Text;

namespace Mayfly.Platforms.Lambda.RuntimeProxy;

/// <summary>
/// The headers or trailers of an observed message as they were on the wire: any bytes in a value, any number of lines under one name. Valid during the
/// observer's call only.
/// </summary>
/// <remarks>Runtimes put UTF-8 into header values (docs/spec/07-observed-clients.md#3-the-runtime-api-clients).</remarks>
public readonly struct HeaderLines(ReadOnlyMemory<byte> lines)
{
    private readonly ReadOnlyMemory<byte> _lines = lines;

    public bool IsEmpty => _lines.IsEmpty;

    /// <summary>The first value under <paramref name="name"/>, which compares without case; false when there is none.</summary>
    public bool TryFind(ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        var lines = new HeaderLineReader(_lines.Span);
        while (lines.MoveNext())
        {
            if (Ascii.EqualsIgnoreCase(lines.Name, name))
            {
                value = lines.Value;
                return true;
            }
        }

        value = default;
        return false;
    }

    /// <summary>The first value under <paramref name="name"/> as text, or null.</summary>
    public string? Text(string name)
    {
        var lines = new HeaderLineReader(_lines.Span);
        while (lines.MoveNext())
        {
            if (Ascii.EqualsIgnoreCase(lines.Name, name))
            {
                return TextOf(lines.Value);
            }
        }

        return null;
    }

    /// <summary>Every header in its order, as text.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> ToTexts()
    {
        var texts = new List<KeyValuePair<string, string>>();
        var lines = new HeaderLineReader(_lines.Span);
        while (lines.MoveNext())
        {
            if (!lines.Name.IsEmpty)
            {
                texts.Add(new(TextOf(lines.Name), TextOf(lines.Value)));
            }
        }

        return texts;
    }

    /// <summary>UTF-8 where the bytes are that, else one character per byte.</summary>
    private static string TextOf(ReadOnlySpan<byte> bytes) =>
        System.Text.Unicode.Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : Encoding.Latin1.GetString(bytes);
}
