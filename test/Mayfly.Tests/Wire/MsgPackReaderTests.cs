using Mayfly.Wire;
using Xunit;

namespace Mayfly.Tests.Wire;

public class MsgPackReaderTests
{
    [Theory]
    [InlineData("00", 0UL)]
    [InlineData("7f", 127UL)]
    [InlineData("cc80", 128UL)]
    [InlineData("cdffff", 65535UL)]
    [InlineData("ceffffffff", 4294967295UL)]
    [InlineData("cfffffffffffffffff", ulong.MaxValue)]
    [InlineData("d07f", 127UL)]
    [InlineData("d17fff", 32767UL)]
    [InlineData("d27fffffff", 2147483647UL)]
    [InlineData("d37fffffffffffffff", 9223372036854775807UL)]
    public void Integers_that_are_not_negative(string hex, ulong expected)
    {
        MsgPackReader reader = ReaderOf(hex);
        Assert.True(reader.TryReadNumber(out MsgPackNumber number));
        Assert.True(number.TryGetUnsigned(out ulong value));
        Assert.Equal(expected, value);
        Assert.Equal(MsgPackKind.End, reader.Peek());
    }

    [Theory]
    [InlineData("ff", -1L)]
    [InlineData("e0", -32L)]
    [InlineData("d080", -128L)]
    [InlineData("d18000", -32768L)]
    [InlineData("d280000000", int.MinValue)]
    [InlineData("d38000000000000000", long.MinValue)]
    public void Negative_integers(string hex, long expected)
    {
        MsgPackReader reader = ReaderOf(hex);
        Assert.True(reader.TryReadNumber(out MsgPackNumber number));
        Assert.False(number.TryGetUnsigned(out _));
        Assert.True(number.TryGetInteger(long.MinValue, long.MaxValue, out long value));
        Assert.Equal(expected, value);
        Assert.Equal(expected, number.ToDouble());
    }

    [Theory]
    [InlineData("ca3e800000", 0.25)]
    [InlineData("cb3fd0000000000000", 0.25)]
    [InlineData("cb7ff0000000000000", double.PositiveInfinity)]
    public void Floats(string hex, double expected)
    {
        MsgPackReader reader = ReaderOf(hex);
        Assert.True(reader.TryReadNumber(out MsgPackNumber number));
        Assert.True(number.IsFloat);
        Assert.Equal(expected, number.ToDouble());
        Assert.False(number.TryGetInteger(long.MinValue, long.MaxValue, out _));
    }

    [Theory]
    [InlineData("c0", "")]
    [InlineData("a0", "")]
    [InlineData("a3616263", "abc")]
    [InlineData("d903616263", "abc")]
    [InlineData("da0003616263", "abc")]
    [InlineData("db00000003616263", "abc")]
    [InlineData("c403616263", "abc")]
    [InlineData("c50003616263", "abc")]
    [InlineData("c600000003616263", "abc")]
    public void Texts_and_byte_strings_of_every_form(string hex, string expected)
    {
        MsgPackReader reader = ReaderOf(hex);
        Assert.True(reader.TryReadBytes(out Utf8Slice text));
        Assert.Equal(expected, text.ToString());
        Assert.Equal(MsgPackKind.End, reader.Peek());
    }

    [Theory]
    [InlineData("dcffff", MsgPackError.Truncated)]
    [InlineData("ddffffffff", MsgPackError.Truncated)]
    [InlineData("dd000000", MsgPackError.Truncated)]
    [InlineData("9f00", MsgPackError.Truncated)]
    [InlineData("80", MsgPackError.WrongType)]
    [InlineData("c0", MsgPackError.WrongType)]
    [InlineData("c1", MsgPackError.ReservedByte)]
    [InlineData("", MsgPackError.Truncated)]
    public void An_array_head_that_cannot_be_true_is_refused(string hex, MsgPackError expected)
    {
        MsgPackReader reader = ReaderOf(hex);
        Assert.False(reader.TryReadArrayHeader(out _));
        Assert.Equal(expected, reader.Error);
        Assert.Equal(0, reader.ErrorOffset);
    }

    [Theory]
    [InlineData("8100", MsgPackError.Truncated)]
    [InlineData("dfffffffff0000", MsgPackError.Truncated)]
    [InlineData("df80000000", MsgPackError.Truncated)]
    [InlineData("de00", MsgPackError.Truncated)]
    [InlineData("90", MsgPackError.WrongType)]
    public void A_map_head_that_cannot_be_true_is_refused(string hex, MsgPackError expected)
    {
        MsgPackReader reader = ReaderOf(hex);
        Assert.False(reader.TryReadMapHeader(out _));
        Assert.Equal(expected, reader.Error);
    }

    [Fact]
    public void Every_first_byte_is_skipped_or_refused_and_every_cut_of_its_value_is_refused()
    {
        for (int code = 0; code <= 255; code++)
        {
            byte[] whole = ValueThatStartsWith((byte)code);
            if (whole.Length == 0)
            {
                Assert.Equal(0xc1, code);
                continue;
            }

            var reader = new MsgPackReader(whole, whole.Length);
            Assert.True(reader.TrySkip(), $"0x{code:x2}");
            Assert.Equal(whole.Length, reader.Position);
            for (int cut = 0; cut < whole.Length; cut++)
            {
                var shorter = new MsgPackReader(whole, cut);
                Assert.False(shorter.TrySkip(), $"0x{code:x2} cut at {cut}");
                Assert.Equal(MsgPackError.Truncated, shorter.Error);
            }
        }
    }

    [Theory]
    [InlineData(MsgPackReader.MaxDepth, true)]
    [InlineData(MsgPackReader.MaxDepth + 1, false)]
    [InlineData(1_000_000, false)]
    public void Nesting_is_followed_to_its_limit(int depth, bool isFollowed)
    {
        byte[] bytes = new byte[depth];
        Array.Fill(bytes, (byte)0x91);
        bytes[^1] = 0x90;
        var reader = new MsgPackReader(bytes, bytes.Length);
        Assert.Equal(isFollowed, reader.TrySkip());
        Assert.Equal(isFollowed ? MsgPackError.None : MsgPackError.TooDeep, reader.Error);
    }

    [Fact]
    public void The_first_failure_stays()
    {
        MsgPackReader reader = ReaderOf("00c1");
        Assert.True(reader.TryReadNumber(out _));
        Assert.False(reader.TryReadNumber(out _));
        Assert.False(reader.TryReadArrayHeader(out _));
        Assert.False(reader.Fail(MsgPackError.TooDeep, 0));
        Assert.Equal(MsgPackError.ReservedByte, reader.Error);
        Assert.Equal(1, reader.ErrorOffset);
    }

    [Fact]
    public void Bytes_behind_the_given_length_are_not_read()
    {
        byte[] bytes = [0xa3, (byte)'a', (byte)'b', (byte)'c'];
        var reader = new MsgPackReader(bytes, 3);
        Assert.False(reader.TryReadBytes(out _));
        Assert.Equal(MsgPackError.Truncated, reader.Error);
    }

    /// <summary>A complete value with this first byte and a little content; empty for the byte that starts none.</summary>
    private static byte[] ValueThatStartsWith(byte code)
    {
        byte[] Of(int headBytes, int contentBytes)
        {
            byte[] value = new byte[1 + headBytes + contentBytes];
            value[0] = code;
            if (headBytes > 0)
            {
                value[headBytes] = 2;
            }

            return value;
        }

        return code switch
        {
            <= 0x7f or >= 0xe0 or 0xc0 or 0xc2 or 0xc3 => [code],
            <= 0x8f => Of(0, (code & 0x0f) * 2),
            <= 0x9f => Of(0, code & 0x0f),
            <= 0xbf => Of(0, code & 0x1f),
            0xc1 => [],
            0xc4 or 0xd9 => Of(1, 2),
            0xc5 or 0xda => Of(2, 2),
            0xc6 or 0xdb => Of(4, 2),
            0xc7 => Of(1, 3),
            0xc8 => Of(2, 3),
            0xc9 => Of(4, 3),
            0xcc or 0xd0 => Of(0, 1),
            0xcd or 0xd1 => Of(0, 2),
            0xce or 0xd2 or 0xca => Of(0, 4),
            0xcf or 0xd3 or 0xcb => Of(0, 8),
            >= 0xd4 and <= 0xd8 => Of(0, 1 + (1 << (code - 0xd4))),
            0xdc => Of(2, 2),
            0xdd => Of(4, 2),
            0xde => Of(2, 4),
            _ => Of(4, 4),
        };
    }

    private static MsgPackReader ReaderOf(string hex)
    {
        byte[] bytes = Convert.FromHexString(hex);
        return new MsgPackReader(bytes, bytes.Length);
    }
}
