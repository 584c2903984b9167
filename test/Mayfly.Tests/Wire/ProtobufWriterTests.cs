using Google.Protobuf;
using Mayfly.Wire;
using Xunit;

namespace Mayfly.Tests.Wire;

public class ProtobufWriterTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(127)]
    [InlineData(128)]
    [InlineData(16383)]
    [InlineData(16384)]
    [InlineData(3_000_000)]
    public void A_nested_message_of_any_length_is_read_back(int contentBytes)
    {
        // Whatever room is left for its length: too little, enough, too much.
        for (int lengthBytes = 1; lengthBytes <= 5; lengthBytes++)
        {
            ReadBack(contentBytes, lengthBytes);
        }
    }

    private static void ReadBack(int contentBytes, int lengthBytes)
    {
        byte[] content = new byte[contentBytes];
        Array.Fill(content, (byte)0x5a);
        using PooledBuffer buffer = PooledBuffer.Rent();
        var writer = new ProtobufWriter(buffer);

        MessageMark mark = writer.BeginMessage(7, lengthBytes);
        writer.Bytes(1, content);
        writer.EndMessage(mark);
        writer.Varint(8, 99UL);

        var reader = new CodedInputStream(buffer.WrittenSpan.ToArray());
        Assert.Equal(WireFormat.MakeTag(7, WireFormat.WireType.LengthDelimited), reader.ReadTag());
        byte[] nested = reader.ReadBytes().ToByteArray();
        Assert.Equal(WireFormat.MakeTag(8, WireFormat.WireType.Varint), reader.ReadTag());
        Assert.Equal(99UL, reader.ReadUInt64());
        Assert.True(reader.IsAtEnd);
        if (contentBytes > 0)
        {
            var inner = new CodedInputStream(nested);
            Assert.Equal(WireFormat.MakeTag(1, WireFormat.WireType.LengthDelimited), inner.ReadTag());
            Assert.Equal(content, inner.ReadBytes().ToByteArray());
        }
        else
        {
            Assert.Empty(nested);
        }
    }

    [Fact]
    public void Every_varint_has_the_size_that_is_predicted_for_it()
    {
        using PooledBuffer buffer = PooledBuffer.Rent();
        var writer = new ProtobufWriter(buffer);
        for (int shift = 0; shift < 64; shift++)
        {
            foreach (ulong value in new[] { 1UL << shift, (1UL << shift) - 1, ulong.MaxValue >> shift })
            {
                buffer.Clear();
                writer.RawVarint(value);
                Assert.Equal(ProtobufWriter.VarintSize(value), buffer.Length);
                Assert.Equal(value, new CodedInputStream(buffer.WrittenSpan.ToArray()).ReadUInt64());
            }
        }
    }

    [Fact]
    public void A_negative_int32_is_a_ten_byte_varint()
    {
        using PooledBuffer buffer = PooledBuffer.Rent();
        new ProtobufWriter(buffer).Varint(1, -128L);
        Assert.Equal(11, buffer.Length);
        var reader = new CodedInputStream(buffer.WrittenSpan.ToArray());
        reader.ReadTag();
        Assert.Equal(-128, reader.ReadInt32());
    }
}
