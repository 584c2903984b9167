using System.IO.Compression;
using Mayfly.Wire;

namespace Mayfly.Compression;

/// <summary>gzip (RFC 1952) by .NET.</summary>
internal static class Gzip
{
    /// <param name="level">Of zstd, 0–22, as users write it.</param>
    public static PooledBuffer Compress(ReadOnlySpan<byte> body, int level)
    {
        PooledBuffer compressed = PooledBuffer.Rent(Math.Max(256, body.Length / 4));
        using var sink = new PooledBufferStream(compressed);
        using var gzip = new GZipStream(sink, new ZLibCompressionOptions { CompressionLevel = LevelOf(level) });
        gzip.Write(body);
        return compressed;
    }

    /// <summary>False: it is no gzip.</summary>
    public static bool TryDecompress(PooledBuffer body, PooledBuffer target)
    {
        using var gzip = new GZipStream(new MemoryStream(body.Array, 0, body.Length, writable: false), CompressionMode.Decompress);
        using var sink = new PooledBufferStream(target);
        try
        {
            gzip.CopyTo(sink);
            return true;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    /// <summary>0 is the default, 1 to 3 are as quick as gzip can be, from 11 on it is as small as it gets: 1–9.</summary>
    internal static int LevelOf(int zstd) => zstd <= 3 ? 1 : Math.Min(zstd - 2, 9);
}
