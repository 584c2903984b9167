using System.Buffers;
using System.Buffers.Binary;

namespace Mayfly.Metrics.Transports;

/// <summary>
/// Finds the packets in a stream of bytes, however it is cut. Two forms: frames of a 4-byte little-endian length and so many bytes, or lines, of which all
/// that have ended are one packet. A connection that may send frames is read as lines when its first four bytes would be a length beyond 16 MiB, as any four
/// letters are: clients that write plain lines to a stream socket exist.
/// </summary>
/// <remarks>
/// docs/spec/04-metrics-logs.md#a1-transports. What is longer than <c>packetBytes</c> is skipped and handed to <c>refuse</c>. Not thread-safe.
/// </remarks>
/// <param name="packetBytes">Longest packet.</param>
/// <param name="isLines">There are no frames.</param>
/// <param name="receiver">Gets the packets.</param>
internal sealed class FrameBuffer(int packetBytes, bool isLines, PacketReceiver receiver) : IDisposable
{
    private const int FirstSizeBytes = 4096;
    private const int HeadBytes = 4;

    /// <summary>How much of something too long is shown.</summary>
    private const int ShownBytes = 64;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(Math.Min(FirstSizeBytes, packetBytes + HeadBytes));
    private bool _isLines = isLines;
    private bool _isKnown = isLines;

    /// <summary>The bytes that came and are in no packet yet.</summary>
    private int _start;
    private int _end;

    /// <summary>Bytes of a frame that are to be skipped; of a line: until its end.</summary>
    private long _toSkip;
    private bool _skipsLine;

    /// <summary>Where the next bytes of the stream go; never empty.</summary>
    public Span<byte> Free
    {
        get
        {
            MakeRoom();
            return _buffer.AsSpan(_end);
        }
    }

    /// <summary>So many bytes were put into <see cref="Free"/>; hands over the packets that are complete now.</summary>
    public void Advance(int count)
    {
        _end += count;
        if (!_isKnown && _end - _start >= HeadBytes)
        {
            _isKnown = true;
            _isLines = _buffer[_start + HeadBytes - 1] != 0;
        }

        if (_isLines)
        {
            TakeLines();
        }
        else if (_isKnown)
        {
            while (TakeFrame())
            {
            }
        }
    }

    /// <summary>The stream has ended. A last line without its end is a packet; a frame that is cut off is lost.</summary>
    public void End()
    {
        ReadOnlySpan<byte> rest = _buffer.AsSpan(_start, _end - _start);
        if (rest.IsEmpty || _skipsLine || _toSkip > 0)
        {
            return;
        }

        if (_isLines || !_isKnown)
        {
            receiver.Accept(rest, isTruncated: false, receiver.Now());
        }
        else
        {
            Refuse(rest);
        }
    }

    public void Dispose()
    {
        byte[] buffer = _buffer;
        _buffer = [];
        if (buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private void TakeLines()
    {
        ReadOnlySpan<byte> unread = _buffer.AsSpan(_start, _end - _start);
        if (_skipsLine)
        {
            int end = unread.IndexOf((byte)'\n');
            if (end < 0)
            {
                _start = _end;
                return;
            }

            _skipsLine = false;
            _start += end + 1;
            unread = unread[(end + 1)..];
        }

        int length = unread.LastIndexOf((byte)'\n') + 1;
        Accept(unread[..length]);
        _start += length;
        unread = unread[length..];
        if (unread.Length > packetBytes)
        {
            Refuse(unread);
            _skipsLine = true;
            _start = _end;
        }
    }

    /// <summary>Whole lines, without those that are too long: it makes no difference whether they came at once.</summary>
    private void Accept(ReadOnlySpan<byte> lines)
    {
        int start = 0;
        int at = 0;
        while (lines.Length - at > packetBytes)
        {
            int length = lines[at..].IndexOf((byte)'\n');
            if (length > packetBytes)
            {
                receiver.Accept(lines[start..at], isTruncated: false, receiver.Now());
                Refuse(lines.Slice(at, length));
                start = at + length + 1;
            }

            at += length + 1;
        }

        if (start < lines.Length)
        {
            receiver.Accept(lines[start..], isTruncated: false, receiver.Now());
        }
    }

    private void Refuse(ReadOnlySpan<byte> tooLong) => receiver.RefuseCut(tooLong[..Math.Min(tooLong.Length, ShownBytes)]);

    /// <summary>False: there is no further frame that is complete.</summary>
    private bool TakeFrame()
    {
        if (_toSkip > 0)
        {
            int skipped = (int)Math.Min(_toSkip, _end - _start);
            _toSkip -= skipped;
            _start += skipped;
        }

        ReadOnlySpan<byte> unread = _buffer.AsSpan(_start, _end - _start);
        if (_toSkip > 0 || unread.Length < HeadBytes)
        {
            return false;
        }

        uint length = BinaryPrimitives.ReadUInt32LittleEndian(unread);
        unread = unread[HeadBytes..];
        if (length > packetBytes)
        {
            Refuse(unread);
            _toSkip = length;
            _start += HeadBytes;
            return true;
        }

        if (unread.Length < length)
        {
            return false;
        }

        receiver.Accept(unread[..(int)length], isTruncated: false, receiver.Now());
        _start += HeadBytes + (int)length;
        return true;
    }

    private void MakeRoom()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }

        if (_end == _buffer.Length)
        {
            // What is complete was taken: a packet is longer than the buffer, though within the limit.
            byte[] larger = ArrayPool<byte>.Shared.Rent(_buffer.Length * 2);
            _buffer.AsSpan(0, _end).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }
    }
}
