using System.IO.Compression;
using ZstdSharp;
using ZstdSharp.Unsafe;

namespace Mayfly.Local.Intake;

/// <summary>Reads and decompresses request bodies within a byte limit. What a client can get wrong comes back as a <see cref="BodyStatus"/>.</summary>
internal static class BodyReader
{
    /// <summary>8 MiB.</summary>
    private const int LargestWindowLog = 23;

    /// <summary>Reads the whole stream; null if it is longer than <paramref name="maxBytes"/>.</summary>
    public static async Task<byte[]?> ReadAsync(Stream body, int maxBytes, CancellationToken cancellation)
    {
        using var bytes = new MemoryStream();
        byte[] chunk = new byte[16 << 10];
        int read;
        while ((read = await body.ReadAsync(chunk, cancellation)) > 0)
        {
            if (bytes.Length + read > maxBytes)
            {
                return null;
            }

            bytes.Write(chunk, 0, read);
        }

        return bytes.ToArray();
    }

    /// <summary>
    /// Undoes <c>Content-Encoding</c>: none or identity, gzip, deflate (zlib format, RFC 9110 section 8.4.1.2), zstd (RFC 8878). Anything else is
    /// <see cref="BodyStatus.UnknownEncoding"/>.
    /// </summary>
    public static async Task<(BodyStatus Status, byte[] Raw)> DecompressAsync(byte[] body, string? encoding, int maxBytes)
    {
        Stream? stream = encoding?.Trim().ToLowerInvariant() switch
        {
            null or "" or "identity" => new MemoryStream(body, writable: false),
            "gzip" or "x-gzip" => new GZipStream(new MemoryStream(body, writable: false), CompressionMode.Decompress),
            "deflate" => new ZLibStream(new MemoryStream(body, writable: false), CompressionMode.Decompress),
            "zstd" => Zstd(body),
            _ => null,
        };
        if (stream is null)
        {
            return (BodyStatus.UnknownEncoding, []);
        }

        await using (stream)
        {
            try
            {
                byte[]? raw = await ReadAsync(stream, maxBytes, CancellationToken.None);
                bool complete = stream switch
                {
                    GZipStream => Checksums.EndsGZip(body, raw),
                    ZLibStream => Checksums.EndsZLib(body, raw),
                    DecompressionStream => body.Length > 0,
                    _ => true,
                };
                return raw is null ? (BodyStatus.TooLarge, []) : complete ? (BodyStatus.Ok, raw) : (BodyStatus.Corrupt, []);
            }
            catch (Exception e) when (e is InvalidDataException or ZstdException or EndOfStreamException)
            {
                return (BodyStatus.Corrupt, []);
            }
        }
    }

    /// <summary>
    /// Decoders need not take frames that make them remember more than 8 MiB (RFC 8878 section 3.1.1.1.2): one of 128 MiB costs its sender 20 bytes.
    /// </summary>
    private static DecompressionStream Zstd(byte[] body)
    {
        var stream = new DecompressionStream(new MemoryStream(body, writable: false), leaveOpen: false);
        stream.SetParameter(ZSTD_dParameter.ZSTD_d_windowLogMax, LargestWindowLog);
        return stream;
    }
}

/// <summary>Outcome of reading a body.</summary>
internal enum BodyStatus
{
    Ok,
    UnknownEncoding,
    Corrupt,
    TooLarge,
}
