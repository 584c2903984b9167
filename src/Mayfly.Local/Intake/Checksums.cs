using System.Buffers.Binary;

namespace Mayfly.Local.Intake;

/// <summary>
/// The checksums at the end of gzip (CRC-32 and length, RFC 1952) and zlib streams (Adler-32, RFC 1950). .NET checks them only if they are there: it takes
/// a stream that lost its last bytes for a complete one.
/// </summary>
internal static class Checksums
{
    private const uint Crc32Polynomial = 0xEDB88320;
    private const uint AdlerModulus = 65521;
    private const int AdlerBlock = 5552; // The sums of so many bytes fit into 32 bits.

    private static readonly uint[] Crc32Table =
        [.. Enumerable.Range(0, 256).Select(i => Enumerable.Range(0, 8).Aggregate((uint)i, (crc, _) => NextBit(crc)))];

    /// <summary>
    /// The stream ends with the checksum and length of <paramref name="raw"/>. A stream of several members is not accepted: no agent sends one.
    /// </summary>
    public static bool EndsGZip(ReadOnlySpan<byte> stream, ReadOnlySpan<byte> raw) =>
        stream.Length >= 18
        && BinaryPrimitives.ReadUInt32LittleEndian(stream[^4..]) == (uint)raw.Length
        && BinaryPrimitives.ReadUInt32LittleEndian(stream[^8..]) == Crc32(raw);

    /// <summary>The stream ends with the checksum of <paramref name="raw"/>.</summary>
    public static bool EndsZLib(ReadOnlySpan<byte> stream, ReadOnlySpan<byte> raw) =>
        stream.Length >= 7 && BinaryPrimitives.ReadUInt32BigEndian(stream[^4..]) == Adler32(raw);

    private static uint Crc32(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in bytes)
        {
            crc = Crc32Table[(byte)(crc ^ b)] ^ (crc >> 8);
        }

        return ~crc;
    }

    private static uint Adler32(ReadOnlySpan<byte> bytes)
    {
        uint a = 1;
        uint b = 0;
        for (; bytes.Length > 0; bytes = bytes[Math.Min(AdlerBlock, bytes.Length)..])
        {
            foreach (byte value in bytes[..Math.Min(AdlerBlock, bytes.Length)])
            {
                a += value;
                b += a;
            }

            a %= AdlerModulus;
            b %= AdlerModulus;
        }

        return (b << 16) | a;
    }

    private static uint NextBit(uint crc) => (crc & 1) == 0 ? crc >> 1 : Crc32Polynomial ^ (crc >> 1);
}
