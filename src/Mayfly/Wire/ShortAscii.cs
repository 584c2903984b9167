using System.Buffers.Binary;

namespace Mayfly.Wire;

/// <summary>Tells short ASCII texts, which most keys and values are, from all others by a few reads that may overlap: no call, no loop.</summary>
internal static class ShortAscii
{
    private const ulong HighBits = 0x8080_8080_8080_8080;

    /// <summary>False for longer texts, whatever is in them.</summary>
    public const int LongestBytes = 32;

    /// <summary>True when <paramref name="text"/> is ASCII and short; false: somebody has to look at it closely.</summary>
    public static bool Is(ReadOnlySpan<byte> text)
    {
        if (text.Length >= sizeof(ulong))
        {
            ulong bits = Read8(text) | Read8(text[^8..]);
            if (text.Length <= 16)
            {
                return (bits & HighBits) == 0;
            }

            return text.Length <= LongestBytes && ((bits | Read8(text[8..]) | Read8(text[^16..])) & HighBits) == 0;
        }

        if (text.Length >= sizeof(uint))
        {
            return ((BinaryPrimitives.ReadUInt32LittleEndian(text) | BinaryPrimitives.ReadUInt32LittleEndian(text[^4..])) & 0x8080_8080) == 0;
        }

        return text.IsEmpty || ((text[0] | text[text.Length >> 1] | text[^1]) & 0x80) == 0;
    }

    private static ulong Read8(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt64LittleEndian(bytes);
}
