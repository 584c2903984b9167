using System.IO.Compression;
using System.Text;
using Mayfly.Compression;
using Mayfly.Wire;
using Xunit;
using ZstdSharp;

namespace Mayfly.Tests.Compression;

/// <summary>Bodies into gzip and zstd, read back by decoders that share nothing with the agent.</summary>
public class CodecTests
{
    private static readonly string[] Contents = ["random", "zeros", "text"];
    private static readonly int[] Lengths = [0, 1, 2, 100, 1023, 1025, 5_000, 16_384, 16_385, 65_537, 131_071, 131_072, 131_073, 262_144, 1_000_001];

    public static TheoryData<string, int> Bodies => new(Contents.SelectMany(static content => Lengths.Select(length => (content, length))));

    [Theory]
    [MemberData(nameof(Bodies))]
    public void Zstd_of_each_level_is_read_by_others_and_by_itself(string content, int length)
    {
        SystemZstd.Need();
        byte[] body = Body(content, length);
        using var other = new Decompressor();
        foreach (int level in (int[])[0, 1, 3, 4, 22])
        {
            Assert.True(Zstd.TryCompress(body, level, out PooledBuffer? compressed));
            using (compressed)
            {
                Assert.Equal((ulong)length, Decompressor.GetDecompressedSize(compressed.WrittenSpan));
                Assert.True(other.Unwrap(compressed.WrittenSpan).SequenceEqual(body), $"level {level}");
                Assert.True(compressed.Length < (content == "random" ? length + 100 : length / 3 + 100));
                using PooledBuffer back = PooledBuffer.Rent();
                back.WriteByte(7);
                Assert.True(Zstd.TryDecompress(compressed.WrittenSpan, back));
                Assert.True(back.WrittenSpan[1..].SequenceEqual(body));
            }
        }
    }

    /// <summary>Also of others' encoders, with blocks and tables of all kinds.</summary>
    [Theory]
    [InlineData(-5)]
    [InlineData(1)]
    [InlineData(9)]
    [InlineData(19)]
    public void Zstd_of_others_is_read(int level)
    {
        SystemZstd.Need();
        byte[] body = Body("text", 300_000);
        using var other = new Compressor(level);
        using PooledBuffer back = PooledBuffer.Rent();
        Assert.True(Zstd.TryDecompress(other.Wrap(body), back));
        Assert.True(back.WrittenSpan.SequenceEqual(body));
    }

    /// <summary>Cut at each byte, and with each byte changed: an answer, and nothing else.</summary>
    [Fact]
    public void Damaged_zstd_is_refused_or_read_as_something_else()
    {
        SystemZstd.Need();
        Assert.True(Zstd.TryCompress(Body("text", 3_000), 3, out PooledBuffer? compressed));
        using (compressed)
        {
            byte[] whole = compressed.WrittenSpan.ToArray();
            for (int i = 0; i < whole.Length; i++)
            {
                using PooledBuffer back = PooledBuffer.Rent();
                Assert.False(Zstd.TryDecompress(whole.AsSpan(0, i), back));
                Assert.Equal(0, back.Length);
                byte[] changed = [.. whole];
                changed[i] ^= 0x55;
                Zstd.TryDecompress(changed, back);
            }
        }
    }

    /// <summary>A flush compresses some bodies side by side; what waits afterwards for another attempt is not longer than it has to be.</summary>
    [Fact]
    public void Zstd_is_compressed_on_many_threads_into_short_arrays()
    {
        SystemZstd.Need();
        byte[] body = Body("text", 100_000);
        Parallel.For(0, 200, _ =>
        {
            Assert.True(Zstd.TryCompress(body, 3, out PooledBuffer? compressed));
            using (compressed)
            {
                using var other = new Decompressor();
                Assert.True(other.Unwrap(compressed.WrittenSpan).SequenceEqual(body));
                Assert.InRange(compressed.Capacity, compressed.Length, Math.Max(256, compressed.Length * 2));
            }
        });
    }

    [Theory]
    [MemberData(nameof(Bodies))]
    public void Gzip_is_read_by_others_and_by_itself(string content, int length)
    {
        byte[] body = Body(content, length);
        using PooledBuffer compressed = Gzip.Compress(body, 3);
        using var other = new GZipStream(new MemoryStream(compressed.WrittenSpan.ToArray()), CompressionMode.Decompress);
        using var read = new MemoryStream();
        other.CopyTo(read);
        Assert.Equal(body, read.ToArray());
        using PooledBuffer back = PooledBuffer.Rent();
        Assert.True(Gzip.TryDecompress(compressed, back));
        Assert.True(back.WrittenSpan.SequenceEqual(body));
    }

    /// <summary>docs/spec/04-metrics-logs.md#c11-shipping.</summary>
    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 1)]
    [InlineData(3, 1)]
    [InlineData(4, 2)]
    [InlineData(9, 7)]
    [InlineData(10, 8)]
    [InlineData(11, 9)]
    [InlineData(22, 9)]
    public void A_level_of_zstd_becomes_one_of_gzip(int zstd, int gzip) => Assert.Equal(gzip, Gzip.LevelOf(zstd));

    private static byte[] Body(string content, int length)
    {
        var random = new Random(length);
        byte[] body = new byte[length];
        switch (content)
        {
            case "random":
                random.NextBytes(body);
                break;
            case "text":
                var text = new StringBuilder();
                while (text.Length < length)
                {
                    text.Append(System.Globalization.CultureInfo.InvariantCulture, $"{{\"message\":\"order {random.Next(1000)} accepted\",\"service\":\"orders\"}},");
                }

                Encoding.ASCII.GetBytes(text.ToString(0, length)).CopyTo(body, 0);
                break;
        }

        return body;
    }
}
