using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Mayfly.Config;
using Mayfly.Diagnostics;
using Mayfly.Intake;
using Mayfly.Wire;

namespace Mayfly.Delivery;

/// <summary>
/// The form of a payload on disk: <c>MAYFLY2\n</c>, a checksum of the rest, the length of the head, the head, the body. Little-endian. In the head: kind,
/// signal, how the body is coded, failed attempts, units, the lane, headers. No key and no secret: who reads it has the settings.
/// </summary>
internal static class SpoolFile
{
    private const int HeadStart = 20;

    /// <summary>Changes with the form, as the magic does: a file of another form is not misread, but counted and removed.</summary>
    private const ulong Seed = 0x4D41_5946_4C59_0002;

    private static ReadOnlySpan<byte> Magic => "MAYFLY2\n"u8;

    public static void Write(PooledBuffer file, IntakePayload payload, LaneKey lane)
    {
        file.Write(Magic);
        file.GetSpan(HeadStart - Magic.Length)[..(HeadStart - Magic.Length)].Clear();
        file.Advance(HeadStart - Magic.Length);
        file.WriteByte((byte)payload.Kind);
        file.WriteByte((byte)payload.Signal);
        file.WriteByte((byte)payload.Coding);
        file.WriteByte((byte)Math.Min(payload.FailedAttempts, byte.MaxValue));
        Write(file, payload.Units);
        Write(file, lane.Where);
        Write(file, payload.Headers.Count);
        foreach ((string name, string value) in payload.Headers)
        {
            Write(file, name);
            Write(file, value);
        }

        int headBytes = file.Length - HeadStart;
        file.Write(payload.Body.WrittenSpan);
        BinaryPrimitives.WriteInt32LittleEndian(file.Slice(16, 4), headBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(file.Slice(8, 8), Checksum(file.WrittenSpan));
    }

    /// <summary>False: it is no such file, or not whole.</summary>
    public static bool TryRead(ReadOnlySpan<byte> file, out SpoolHead head)
    {
        head = default;
        if (file.Length < HeadStart || !file.StartsWith(Magic) || BinaryPrimitives.ReadUInt64LittleEndian(file[8..]) != Checksum(file))
        {
            return false;
        }

        int headBytes = BinaryPrimitives.ReadInt32LittleEndian(file[16..]);
        if (headBytes < 0 || headBytes > file.Length - HeadStart)
        {
            return false;
        }

        var reader = new Reader(file.Slice(HeadStart, headBytes));
        if (!reader.TryByte(out byte kind) || !reader.TryByte(out byte signal) || !reader.TryByte(out byte coding) || !reader.TryByte(out byte failed)
            || !reader.TryInt64(out long units)
            || !reader.TryText(out string? where) || !reader.TryInt32(out int count) || units < 0
            || !Enum.IsDefined((IntakeKind)kind) || !Enum.IsDefined((Signal)signal) || !Enum.IsDefined((ContentCoding)coding))
        {
            return false;
        }

        var headers = new List<KeyValuePair<string, string>>();
        for (; count > 0; count--)
        {
            if (!reader.TryText(out string? name) || !reader.TryText(out string? value))
            {
                return false;
            }

            headers.Add(new(name, value));
        }

        head = new SpoolHead(new LaneKey((IntakeKind)kind, where), (Signal)signal, units, (ContentCoding)coding, failed, headers, HeadStart + headBytes);
        return true;
    }

    private static ulong Checksum(ReadOnlySpan<byte> file) => BytesHash.Of(file[16..], Seed);

    private static void Write(PooledBuffer file, long number)
    {
        BinaryPrimitives.WriteInt64LittleEndian(file.GetSpan(8), number);
        file.Advance(8);
    }

    private static void Write(PooledBuffer file, int number)
    {
        BinaryPrimitives.WriteInt32LittleEndian(file.GetSpan(4), number);
        file.Advance(4);
    }

    private static void Write(PooledBuffer file, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        Write(file, bytes.Length);
        file.Write(bytes);
    }

    private ref struct Reader(ReadOnlySpan<byte> rest)
    {
        private ReadOnlySpan<byte> _rest = rest;

        public bool TryByte(out byte value)
        {
            bool isThere = TryTake(1, out ReadOnlySpan<byte> bytes);
            value = isThere ? bytes[0] : (byte)0;
            return isThere;
        }

        public bool TryInt32(out int value)
        {
            bool isThere = TryTake(4, out ReadOnlySpan<byte> bytes);
            value = isThere ? BinaryPrimitives.ReadInt32LittleEndian(bytes) : 0;
            return isThere;
        }

        public bool TryInt64(out long value)
        {
            bool isThere = TryTake(8, out ReadOnlySpan<byte> bytes);
            value = isThere ? BinaryPrimitives.ReadInt64LittleEndian(bytes) : 0;
            return isThere;
        }

        public bool TryText([NotNullWhen(true)] out string? value)
        {
            value = null;
            if (!TryInt32(out int length) || !TryTake(length, out ReadOnlySpan<byte> bytes))
            {
                return false;
            }

            value = Encoding.UTF8.GetString(bytes);
            return true;
        }

        private bool TryTake(int length, out ReadOnlySpan<byte> bytes)
        {
            bytes = default;
            if (length < 0 || length > _rest.Length)
            {
                return false;
            }

            bytes = _rest[..length];
            _rest = _rest[length..];
            return true;
        }
    }
}

/// <summary>What a spooled file says before its body.</summary>
/// <param name="Lane">Where it was to go.</param>
/// <param name="Signal">Whose counters it belongs to.</param>
/// <param name="Units">What it stands for there.</param>
/// <param name="Coding">What the body is.</param>
/// <param name="FailedAttempts">When it was written.</param>
/// <param name="Headers">Of this payload.</param>
/// <param name="BodyStart">Where in the file the body begins; it ends with the file.</param>
internal readonly record struct SpoolHead(
    LaneKey Lane, Signal Signal, long Units, ContentCoding Coding, int FailedAttempts, IReadOnlyList<KeyValuePair<string, string>> Headers, int BodyStart);
