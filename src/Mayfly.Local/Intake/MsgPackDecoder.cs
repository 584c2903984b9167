using System.Buffers.Binary;
using System.Text;

namespace Mayfly.Local.Intake;

/// <summary>
/// Reads msgpack into plain objects: null, bool, long (ulong above 2⁶³), double, string, byte[], <c>List&lt;object?&gt;</c> and dictionaries with text keys.
/// Anything else, and bytes after the value, throw <see cref="InvalidDataException"/>.
/// </summary>
internal static class MsgPackDecoder
{
    private const int MaxDepth = 32;

    /// <summary>The one value that <paramref name="bytes"/> hold.</summary>
    public static object? Decode(ReadOnlySpan<byte> bytes)
    {
        object? value = Read(ref bytes, MaxDepth);
        return bytes.IsEmpty ? value : throw new InvalidDataException($"{bytes.Length} bytes follow the msgpack value");
    }

    private static object? Read(ref ReadOnlySpan<byte> rest, int depth)
    {
        byte code = Take(ref rest, 1)[0];
        return code switch
        {
            <= 0x7f => (long)code,
            <= 0x8f => Map(ref rest, (uint)(code & 0x0f), depth),
            <= 0x9f => Array(ref rest, (uint)(code & 0x0f), depth),
            <= 0xbf => Text(ref rest, (uint)(code & 0x1f)),
            0xc0 => null,
            0xc2 => false,
            0xc3 => true,
            0xc4 or 0xc5 or 0xc6 => Take(ref rest, (uint)Unsigned(ref rest, 1 << (code - 0xc4))).ToArray(),
            0xca => (double)BinaryPrimitives.ReadSingleBigEndian(Take(ref rest, 4)),
            0xcb => BinaryPrimitives.ReadDoubleBigEndian(Take(ref rest, 8)),
            >= 0xcc and <= 0xcf => Integer(Unsigned(ref rest, 1 << (code - 0xcc))),
            0xd0 => (long)(sbyte)Take(ref rest, 1)[0],
            0xd1 => (long)BinaryPrimitives.ReadInt16BigEndian(Take(ref rest, 2)),
            0xd2 => (long)BinaryPrimitives.ReadInt32BigEndian(Take(ref rest, 4)),
            0xd3 => BinaryPrimitives.ReadInt64BigEndian(Take(ref rest, 8)),
            0xd9 or 0xda or 0xdb => Text(ref rest, (uint)Unsigned(ref rest, 1 << (code - 0xd9))),
            0xdc or 0xdd => Array(ref rest, (uint)Unsigned(ref rest, 2 << (code - 0xdc)), depth),
            0xde or 0xdf => Map(ref rest, (uint)Unsigned(ref rest, 2 << (code - 0xde)), depth),
            >= 0xe0 => (long)(sbyte)code,
            _ => throw new InvalidDataException($"msgpack type 0x{code:x2} has no place here"),
        };
    }

    private static object Integer(ulong value) => value <= long.MaxValue ? (long)value : value;

    private static ulong Unsigned(ref ReadOnlySpan<byte> rest, int width)
    {
        ulong value = 0;
        foreach (byte part in Take(ref rest, (uint)width))
        {
            value = value << 8 | part;
        }

        return value;
    }

    private static string Text(ref ReadOnlySpan<byte> rest, uint length)
    {
        ReadOnlySpan<byte> bytes = Take(ref rest, length);
        return System.Text.Unicode.Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : throw new InvalidDataException("a msgpack text is not UTF-8");
    }

    private static List<object?> Array(ref ReadOnlySpan<byte> rest, uint count, int depth)
    {
        Limit(rest, count, depth);
        var array = new List<object?>();
        for (uint i = 0; i < count; i++)
        {
            array.Add(Read(ref rest, depth - 1));
        }

        return array;
    }

    private static Dictionary<string, object?> Map(ref ReadOnlySpan<byte> rest, uint count, int depth)
    {
        Limit(rest, count, depth);
        var map = new Dictionary<string, object?>();
        for (uint i = 0; i < count; i++)
        {
            string key = Read(ref rest, depth - 1) as string ?? throw new InvalidDataException("a msgpack map has a key that is no text");
            if (!map.TryAdd(key, Read(ref rest, depth - 1)))
            {
                throw new InvalidDataException($"a msgpack map has the key {key} twice");
            }
        }

        return map;
    }

    private static void Limit(ReadOnlySpan<byte> rest, uint count, int depth)
    {
        if (count > rest.Length || depth == 0)
        {
            throw new InvalidDataException("a msgpack container is longer than the body, or nested too deeply");
        }
    }

    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> rest, uint length)
    {
        if (length > rest.Length)
        {
            throw new InvalidDataException("the msgpack body ends inside a value");
        }

        ReadOnlySpan<byte> taken = rest[..(int)length];
        rest = rest[(int)length..];
        return taken;
    }
}
