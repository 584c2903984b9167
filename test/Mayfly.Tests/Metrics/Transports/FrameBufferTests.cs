using System.Buffers.Binary;
using System.Text;
using Mayfly.Diagnostics;
using Mayfly.Metrics;
using Mayfly.Metrics.Transports;
using Xunit;

namespace Mayfly.Tests.Metrics.Transports;

/// <summary>docs/spec/04-metrics-logs.md A.1: frames of a Unix stream, lines of a pipe, however the bytes are cut.</summary>
public class FrameBufferTests
{
    private const int PacketBytes = 64;

    private static readonly byte[] Frames = [.. Frame("x:1|c"), .. Frame("x:2|c\ny:1|g\n"), .. Frame(""), .. Frame(new string('z', 65) + ":1|c"), .. Frame("x:4|c")];
    private static readonly byte[] Lines = Encoding.UTF8.GetBytes($"x:1|c\n\nx:2|c\r\ny:1|g\n{new string('z', 70)}:1|c\nx:4|c");

    /// <summary>What both streams hold; the line, or frame, that is too long is lost and counted.</summary>
    private static readonly string[] Expected = ["x COUNT 7 @1656581400", "y GAUGE 1 @1656581400", "lost 1"];

    [Fact]
    public void A1_frames_are_the_same_however_the_stream_is_cut() => EveryCut(Frames, isLines: false);

    [Fact]
    public void A1_lines_are_the_same_however_the_stream_is_cut() => EveryCut(Lines, isLines: true);

    /// <summary>Clients exist that write plain lines to a stream socket: no frame begins with four letters.</summary>
    [Fact]
    public void A1_a_stream_that_begins_with_text_is_lines() => EveryCut(Lines, isLines: false);

    [Theory]
    [InlineData("x:1", "lost 0")]
    [InlineData("x:1|c", "x COUNT 1 @1656581400;lost 0")]
    [InlineData("x:1|c\ny:1", "x COUNT 1 @1656581400;lost 0")]
    [InlineData("x:1|c\ny:1|c", "x COUNT 1 @1656581400;y COUNT 1 @1656581400;lost 0")]
    [InlineData("", "lost 0")]
    public void A1_the_tail_of_lines_is_read_at_the_end(string text, string expected) =>
        Assert.Equal(expected, string.Join(';', Read(isLines: true, Encoding.UTF8.GetBytes(text))));

    [Fact]
    public void A_frame_that_is_cut_off_is_lost_and_counted() => Assert.Equal(["x COUNT 1 @1656581400", "lost 1"], Read(false, [.. Frame("x:1|c"), .. Frame("y:1|c")[..^1]]));

    [Theory]
    [InlineData(PacketBytes, 0)]
    [InlineData(PacketBytes + 1, 1)]
    [InlineData((1 << 24) - 1, 1)]
    public void The_longest_frame_is_taken_and_a_longer_one_passed_over(int length, int lost)
    {
        byte[] frame = new byte[4 + length];
        BinaryPrimitives.WriteInt32LittleEndian(frame, length);
        frame.AsSpan(4).Fill((byte)'\n');
        Assert.Equal(["x COUNT 1 @1656581400", $"lost {lost}"], Read(false, [.. frame, .. Frame("x:1|c")]));
    }

    [Fact]
    public void A_million_random_bytes_end_nothing_and_leave_a_small_buffer()
    {
        var random = new Random(5);
        byte[] garbage = new byte[1_000_000];
        random.NextBytes(garbage);
        for (int start = 0; start < garbage.Length; start += 50_000)
        {
            Read(isLines: false, garbage.AsSpan(start, 50_000).ToArray());
            Read(isLines: true, garbage.AsSpan(start, 50_000).ToArray());
        }
    }

    private static void EveryCut(byte[] stream, bool isLines)
    {
        for (int first = 0; first <= stream.Length; first++)
        {
            for (int second = first; second <= stream.Length; second += 3)
            {
                Assert.Equal(Expected, Read(isLines, stream[..first], stream[first..second], stream[second..]));
            }
        }

        Assert.Equal(Expected, Read(isLines, [.. stream.Select(static one => new[] { one })]));
    }

    private static string[] Read(bool isLines, params byte[][] pieces)
    {
        using var rig = new MetricRig();
        using var frames = new FrameBuffer(PacketBytes, isLines, new PacketReceiver(rig.Aggregator, needsLineEnd: false, forward: null));
        foreach (byte[] piece in pieces)
        {
            for (ReadOnlySpan<byte> rest = piece; !rest.IsEmpty;)
            {
                Span<byte> free = frames.Free;
                Assert.InRange(free.Length, 1, 16 * 1024);
                int length = Math.Min(free.Length, rest.Length);
                rest[..length].CopyTo(free);
                frames.Advance(length);
                rest = rest[length..];
            }
        }

        frames.End();
        long lost = rig.Aggregator.Refused(DogStatsdStatus.Truncated);
        Assert.True(rig.Counters.DroppedFor(DropReason.Malformed) >= lost);
        return [.. rig.Take().Describe(), $"lost {lost}"];
    }

    private static byte[] Frame(string text)
    {
        byte[] frame = new byte[4 + Encoding.UTF8.GetByteCount(text)];
        BinaryPrimitives.WriteInt32LittleEndian(frame, frame.Length - 4);
        Encoding.UTF8.GetBytes(text, frame.AsSpan(4));
        return frame;
    }
}
