using Mayfly.Config;
using Mayfly.Wire;

namespace Mayfly.Compression;

/// <summary>Bodies into their compressed forms and back.</summary>
internal static class Codecs
{
    /// <summary>The compressed form, which the caller disposes.</summary>
    /// <param name="coding">What it is: gzip where zstd is not linked in, or fails.</param>
    public static PooledBuffer Compress(ReadOnlySpan<byte> body, BodyCompression how, out ContentCoding coding)
    {
        if (how.Coding == ContentCoding.Zstd && Zstd.IsLinked && Zstd.TryCompress(body, how.Level, out PooledBuffer? compressed))
        {
            coding = ContentCoding.Zstd;
            return compressed;
        }

        coding = ContentCoding.Gzip;
        return Gzip.Compress(body, how.Level);
    }

    /// <summary>Appends what <paramref name="body"/> was before. False: it is nothing that can be undone here.</summary>
    public static bool TryDecompress(PooledBuffer body, ContentCoding coding, PooledBuffer target)
    {
        switch (coding)
        {
            case ContentCoding.Identity:
                target.Write(body.WrittenSpan);
                return true;
            case ContentCoding.Gzip:
                return Gzip.TryDecompress(body, target);
            default:
                return Zstd.IsLinked && Zstd.TryDecompress(body.WrittenSpan, target);
        }
    }

    /// <summary>As <c>Content-Encoding</c> says it; null: it does not.</summary>
    public static string? NameOf(ContentCoding coding) => coding switch
    {
        ContentCoding.Gzip => "gzip",
        ContentCoding.Zstd => "zstd",
        _ => null,
    };
}
