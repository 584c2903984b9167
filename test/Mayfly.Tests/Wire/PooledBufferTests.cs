using FsCheck;
using FsCheck.Fluent;
using Mayfly.Wire;
using Xunit;

namespace Mayfly.Tests.Wire;

public class PooledBufferTests
{
    [Fact]
    public void It_holds_what_was_written_in_whatever_pieces()
    {
        Prop.ForAll(ArbMap.Default.ArbFor<byte[][]>(), static pieces =>
        {
            using PooledBuffer buffer = PooledBuffer.Rent(1);
            using var stream = new PooledBufferStream(buffer);
            for (int i = 0; i < pieces.Length; i++)
            {
                byte[] piece = pieces[i] ?? [];
                switch (i % 4)
                {
                    case 0:
                        buffer.Write(piece);
                        break;
                    case 1:
                        stream.Write(piece, 0, piece.Length);
                        break;
                    case 2:
                        piece.CopyTo(buffer.GetSpan(piece.Length));
                        buffer.Advance(piece.Length);
                        break;
                    default:
                        Array.ForEach(piece, buffer.WriteByte);
                        break;
                }
            }

            return buffer.WrittenSpan.SequenceEqual([.. pieces.SelectMany(static piece => piece ?? [])]) && stream.Length == buffer.Length;
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void It_grows_over_every_boundary_and_can_be_cut_back()
    {
        using PooledBuffer buffer = PooledBuffer.Rent();
        for (int i = 0; i < 100_000; i++)
        {
            buffer.WriteByte((byte)i);
        }

        Assert.Equal(100_000, buffer.Length);
        Assert.True(buffer.Capacity < 4 * 100_000);
        buffer.Truncate(300);
        Assert.Equal(Enumerable.Range(0, 300).Select(static i => (byte)i), buffer.WrittenSpan.ToArray());
        buffer.Clear();
        Assert.Equal(0, buffer.Written.Length);
    }

    [Fact]
    public void Misuse_is_refused()
    {
        PooledBuffer buffer = PooledBuffer.Rent();
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Advance(buffer.Capacity + 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Advance(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Truncate(1));
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Truncate(-1));
        buffer.Dispose();
        buffer.Dispose();
        Assert.Throws<ObjectDisposedException>(() => buffer.WriteByte(1));
        Assert.Equal(0, buffer.Length);
    }

    [Fact]
    public void Slices_are_equal_by_their_bytes()
    {
        byte[] bytes = "abab"u8.ToArray();
        var first = new Utf8Slice(bytes, 0, 2);
        var second = new Utf8Slice(bytes, 2, 2);
        Assert.True(first == second && first.Equals(second) && first.Equals((object)second));
        Assert.Equal(first.GetHashCode(), second.GetHashCode());
        Assert.True(first != default && default(Utf8Slice).IsEmpty);
        Assert.Equal("", default(Utf8Slice).ToString());
        Utf8Slice copy = Utf8Slice.Copy(first.Span);
        bytes.AsSpan().Fill((byte)'#');
        Assert.Equal(("ab", "##"), (copy.ToString(), first.ToString()));
        Assert.Equal("\uFFFD", Utf8Slice.Copy([0xFF]).ToString());
    }
}
