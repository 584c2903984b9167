using System.Buffers.Binary;

namespace Mayfly.Wire;

/// <summary>
/// A fast 64-bit hash of bytes by folded 64 × 64 → 128 bit multiplication. Seeded per process, so that nobody outside can choose colliding names.
/// </summary>
internal static class BytesHash
{
    private const ulong OddA = 0x9E3779B97F4A7C15;
    private const ulong OddB = 0xD1B54A32D192ED03;

    public static ulong Of(ReadOnlySpan<byte> bytes, ulong seed)
    {
        ulong state = seed ^ (ulong)bytes.Length * OddA;
        while (bytes.Length > 16)
        {
            state = Mix(Read8(bytes) ^ state, Read8(bytes[8..]) ^ seed);
            bytes = bytes[16..];
        }

        // The last 0 to 16 bytes; the two reads overlap where fewer than 16 are left, which is harmless as the length is part of the state.
        ulong first = 0;
        ulong second = 0;
        if (bytes.Length >= 8)
        {
            first = Read8(bytes);
            second = Read8(bytes[^8..]);
        }
        else if (bytes.Length >= 4)
        {
            first = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
            second = BinaryPrimitives.ReadUInt32LittleEndian(bytes[^4..]);
        }
        else if (bytes.Length > 0)
        {
            first = (ulong)bytes[0] << 16 | (ulong)bytes[bytes.Length >> 1] << 8 | bytes[^1];
        }

        return Mix(Mix(first ^ state, second ^ seed), seed);
    }

    /// <summary>Folds one more number into a hash.</summary>
    public static ulong Mix(ulong hash, ulong value)
    {
        ulong high = Math.BigMul(hash ^ OddA, value ^ OddB, out ulong low);
        return high ^ low;
    }

    private static ulong Read8(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt64LittleEndian(bytes);
}
