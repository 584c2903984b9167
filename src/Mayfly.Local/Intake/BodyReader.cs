using System.IO.Compression;

namespace Mayfly.Local.Intake;

/// <summary>Reads and decompresses request bodies within a byte limit. What a client can get wrong comes back as a <see cref="BodyStatus"/>.</summary>
internal static class BodyReader
{
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
    /// Undoes <c>Content-Encoding</c>: none or identity, gzip, deflate (zlib format, RFC 9110 section 8.4.1.2). zstd and anything else is
    /// <see cref="BodyStatus.UnknownEncoding"/>: .NET 10 has no decoder for it.
    /// </summary>
    public static async Task<(BodyStatus Status, byte[] Raw)> DecompressAsync(byte[] body, string? encoding, int maxBytes)
    {
        Stream? stream = encoding?.Trim().ToLowerInvariant() switch
        {
            null or "" or "identity" => new MemoryStream(body, writable: false),
            "gzip" or "x-gzip" => new GZipStream(new MemoryStream(body, writable: false), CompressionMode.Decompress),
            "deflate" => new ZLibStream(new MemoryStream(body, writable: false), CompressionMode.Decompress),
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
                    _ => true,
                };
                return raw is null ? (BodyStatus.TooLarge, []) : complete ? (BodyStatus.Ok, raw) : (BodyStatus.Corrupt, []);
            }
            catch (InvalidDataException)
            {
                return (BodyStatus.Corrupt, []);
            }
        }
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
