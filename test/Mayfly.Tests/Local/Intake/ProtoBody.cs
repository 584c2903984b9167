using System.Text;

namespace Mayfly.Tests.Local.Intake;

/// <summary>Protobuf bytes put together by hand, field by field, so that the intake's generated classes are not tested with themselves.</summary>
internal sealed class ProtoBody
{
    private readonly MemoryStream _bytes = new();

    public ProtoBody Varint(int field, ulong value)
    {
        Raw(((ulong)field << 3) | 0);
        Raw(value);
        return this;
    }

    public ProtoBody Fixed64(int field, ulong value)
    {
        Raw(((ulong)field << 3) | 1);
        _bytes.Write(BitConverter.GetBytes(value));
        return this;
    }

    public ProtoBody Double(int field, double value) => Fixed64(field, BitConverter.DoubleToUInt64Bits(value));

    public ProtoBody Text(int field, string value) => Bytes(field, Encoding.UTF8.GetBytes(value));

    public ProtoBody Message(int field, ProtoBody value) => Bytes(field, value.ToArray());

    public ProtoBody Entry(int field, string key, string value) => Message(field, new ProtoBody().Text(1, key).Text(2, value));

    public ProtoBody Entry(int field, string key, double value) => Message(field, new ProtoBody().Text(1, key).Double(2, value));

    public ProtoBody Entry(int field, string key, byte[] value) => Message(field, new ProtoBody().Text(1, key).Bytes(2, value));

    public ProtoBody Bytes(int field, byte[] value)
    {
        Raw(((ulong)field << 3) | 2);
        Raw((ulong)value.Length);
        _bytes.Write(value);
        return this;
    }

    public byte[] ToArray() => _bytes.ToArray();

    private void Raw(ulong value)
    {
        while (value >= 0x80)
        {
            _bytes.WriteByte((byte)(value | 0x80));
            value >>= 7;
        }

        _bytes.WriteByte((byte)value);
    }
}
