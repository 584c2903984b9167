using System.Buffers;
using System.Text;
using Mayfly.Wire;

namespace Mayfly.Platforms.Lambda.Triggers.Json;

/// <summary>The inside of JSON strings. Invalid UTF-8 and lone surrogates become U+FFFD (docs/spec/02-triggers.md#8-numbers-and-time).</summary>
internal static class JsonText
{
    /// <summary>Longest text that is kept, in bytes of JSON; equals the longest tag value that the intake takes. A longer one counts as missing.</summary>
    public const int LimitBytes = 25_000;

    /// <summary>Null above <see cref="LimitBytes"/>.</summary>
    public static string? ToText(ReadOnlySpan<byte> raw)
    {
        if (raw.Length > LimitBytes)
        {
            return null;
        }

        if (!raw.Contains((byte)'\\'))
        {
            return Encoding.UTF8.GetString(raw);
        }

        byte[] array = ArrayPool<byte>.Shared.Rent(raw.Length);
        raw.CopyTo(array);
        string text = Encoding.UTF8.GetString(array, 0, JsonUnescape.ToText(array.AsSpan(0, raw.Length)));
        ArrayPool<byte>.Shared.Return(array);
        return text;
    }

    /// <summary>Appends the text, whatever its length.</summary>
    public static void CopyTo(ReadOnlySpan<byte> raw, PooledBuffer buffer)
    {
        Span<byte> target = buffer.GetSpan(raw.Length)[..raw.Length];
        raw.CopyTo(target);
        buffer.Advance(JsonUnescape.ToText(target));
    }

    public static bool Equals(ReadOnlySpan<byte> raw, ReadOnlySpan<byte> text) => raw.Contains((byte)'\\') ? EqualsEscaped(raw, text) : raw.SequenceEqual(text);

    private static bool EqualsEscaped(ReadOnlySpan<byte> raw, ReadOnlySpan<byte> text)
    {
        // An escape takes at most 6 bytes for each byte it stands for.
        if (raw.Length > text.Length * 6)
        {
            return false;
        }

        Span<byte> copy = new byte[raw.Length];
        raw.CopyTo(copy);
        return copy[..JsonUnescape.ToText(copy)].SequenceEqual(text);
    }
}
