namespace Mayfly.Platforms.Lambda.RuntimeProxy;

/// <summary>
/// Follows the bytes of one message's body and finds its end, at any split of the bytes. It never changes what it sees: a body that breaks its own framing is
/// followed as one that ends with the connection.
/// </summary>
/// <remarks>Chunked coding: RFC 9112, section 7.1; a bare LF ends a line too. Reused from message to message of one direction.</remarks>
internal sealed class MessageBody
{
    private const int LongestSizeDigits = 15;

    private ChunkState _state;
    private long _remaining;
    private int _sizeDigits;
    private MessageCopy? _copy;

    public BodyFraming Framing { get; private set; }

    public bool IsComplete { get; private set; }

    /// <summary>The framing was broken: where the message ends is not known.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>Begins a message.</summary>
    /// <param name="framing">How its end is found.</param>
    /// <param name="length">The body's length for <see cref="BodyFraming.Length"/>, else not looked at.</param>
    /// <param name="copy">Gets the content without its chunking, and the trailers; null = nobody wants them.</param>
    public void Begin(BodyFraming framing, long length, MessageCopy? copy)
    {
        Framing = framing;
        _copy = copy;
        _remaining = framing == BodyFraming.Length ? length : 0;
        _state = ChunkState.Size;
        _sizeDigits = 0;
        IsBroken = false;
        IsComplete = framing == BodyFraming.None;
    }

    /// <summary>Takes the bytes that belong to the message; returns their number.</summary>
    public int Take(ReadOnlySpan<byte> bytes)
    {
        switch (Framing)
        {
            case BodyFraming.Length:
                int count = (int)Math.Min(_remaining, bytes.Length);
                _copy?.AddBody(bytes[..count]);
                _remaining -= count;
                IsComplete = _remaining == 0;
                return count;
            case BodyFraming.Chunked:
                return TakeChunked(bytes);
            case BodyFraming.UntilClose:
                _copy?.AddBody(bytes);
                return bytes.Length;
            default:
                return 0;
        }
    }

    /// <summary>The connection ended: the end of a body that has no other, and a truncation for the others.</summary>
    public void End() => IsComplete |= Framing == BodyFraming.UntilClose;

    private int TakeChunked(ReadOnlySpan<byte> bytes)
    {
        int at = 0;
        while (at < bytes.Length && !IsComplete)
        {
            if (_state == ChunkState.Data)
            {
                int count = (int)Math.Min(_remaining, bytes.Length - at);
                _copy?.AddBody(bytes.Slice(at, count));
                at += count;
                _remaining -= count;
                _state = _remaining == 0 ? ChunkState.DataEnd : ChunkState.Data;
            }
            else if (_state is ChunkState.TrailerLine or ChunkState.Extension)
            {
                int end = bytes[at..].IndexOf((byte)'\n');
                int count = end < 0 ? bytes.Length - at : end + 1;
                if (_state == ChunkState.TrailerLine)
                {
                    _copy?.AddTrailer(bytes.Slice(at, count));
                }

                at += count;
                if (end >= 0)
                {
                    _state = _state == ChunkState.TrailerLine ? ChunkState.TrailerStart : AfterSize();
                }
            }
            else if (!Step(bytes[at], ref at))
            {
                IsBroken = true;
                Framing = BodyFraming.UntilClose;
                _copy?.Drop();
                _copy = null;
                return bytes.Length;
            }
        }

        return at;
    }

    /// <summary>One byte of the chunks' syntax; false = not what may stand here.</summary>
    private bool Step(byte value, ref int at)
    {
        ChunkState next;
        switch (_state)
        {
            case ChunkState.Size when char.IsAsciiHexDigit((char)value):
                _remaining = (_remaining << 4) | HexValue(value);
                next = ++_sizeDigits > LongestSizeDigits ? ChunkState.Broken : ChunkState.Size;
                break;
            case ChunkState.Size when _sizeDigits == 0:
                next = ChunkState.Broken;
                break;
            case ChunkState.Size:
                next = value switch
                {
                    (byte)'\r' => ChunkState.SizeLineFeed,
                    (byte)'\n' => AfterSize(),
                    (byte)';' or (byte)' ' or (byte)'\t' => ChunkState.Extension,
                    _ => ChunkState.Broken,
                };
                break;
            case ChunkState.SizeLineFeed:
                next = value == '\n' ? AfterSize() : ChunkState.Broken;
                break;
            case ChunkState.DataEnd:
                next = value == '\r' ? ChunkState.DataLineFeed : value == '\n' ? NextSize() : ChunkState.Broken;
                break;
            case ChunkState.DataLineFeed:
                next = value == '\n' ? NextSize() : ChunkState.Broken;
                break;
            case ChunkState.TrailerStart when value is not ((byte)'\r' or (byte)'\n'):
                // Not taken yet: it belongs to the line.
                _state = ChunkState.TrailerLine;
                return true;
            case ChunkState.TrailerStart:
                IsComplete = value == '\n';
                next = ChunkState.LastLineFeed;
                break;
            default:
                IsComplete = value == '\n';
                next = IsComplete ? ChunkState.LastLineFeed : ChunkState.Broken;
                break;
        }

        _state = next;
        at++;
        return next != ChunkState.Broken;
    }

    /// <summary>Of an ASCII hex digit: the low four bits are the value of 0–9, and one less than a letter's place.</summary>
    private static long HexValue(byte digit) => (digit & 0xF) + (digit > '9' ? 9 : 0);

    private ChunkState AfterSize() => _remaining == 0 ? ChunkState.TrailerStart : ChunkState.Data;

    private ChunkState NextSize()
    {
        _sizeDigits = 0;
        _remaining = 0;
        return ChunkState.Size;
    }

    private enum ChunkState
    {
        Size,
        Extension,
        SizeLineFeed,
        Data,
        DataEnd,
        DataLineFeed,
        TrailerStart,
        TrailerLine,
        LastLineFeed,
        Broken,
    }
}
