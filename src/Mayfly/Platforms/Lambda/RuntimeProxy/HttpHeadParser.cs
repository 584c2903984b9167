using System.Buffers;
using System.Globalization;
using System.Text;

namespace Mayfly.Platforms.Lambda.RuntimeProxy;

/// <summary>
/// Reads heads of HTTP/1.0 and 1.1 messages no further than relaying needs. Strict where two readers could disagree about where a message ends: such a head is
/// not parsed, and its connection is relayed byte by byte without being understood.
/// </summary>
internal static class HttpHeadParser
{
    private static readonly SearchValues<byte> TokenBytes =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    /// <summary>
    /// Length of the head at the start of <paramref name="bytes"/>, its empty line included; 0 = not all here; -1 = this is not HTTP, whatever follows.
    /// Empty lines before the first one are part of the head.
    /// </summary>
    /// <param name="bytes">What arrived so far.</param>
    /// <param name="scanned">How far earlier calls looked; starts at 0.</param>
    public static int FindEnd(ReadOnlySpan<byte> bytes, ref int scanned)
    {
        int first = bytes.IndexOfAnyExcept("\r\n"u8);
        if (first < 0)
        {
            return 0;
        }

        if (!TokenBytes.Contains(bytes[first]))
        {
            return -1;
        }

        int at = Math.Max(first, scanned);
        while (true)
        {
            int lineFeed = bytes[at..].IndexOf((byte)'\n');
            if (lineFeed < 0)
            {
                scanned = bytes.Length;
                return 0;
            }

            at += lineFeed;
            ReadOnlySpan<byte> next = bytes[(at + 1)..];
            if (next is [(byte)'\n', ..])
            {
                return at + 2;
            }

            if (next is [(byte)'\r', (byte)'\n', ..])
            {
                return at + 3;
            }

            if (next is [] or [(byte)'\r'])
            {
                // The next call has to see this line feed again.
                scanned = at;
                return 0;
            }

            at++;
        }
    }

    public static bool TryParseRequest(ReadOnlySpan<byte> head, out RequestHead request)
    {
        request = default;
        ReadOnlySpan<byte> line = FirstLine(head, out int start, out int headers);
        int methodEnd = line.IndexOf((byte)' ');
        int targetEnd = line.LastIndexOf((byte)' ');
        if (methodEnd <= 0 || targetEnd <= methodEnd + 1 || !TryParseVersion(line[(targetEnd + 1)..], out bool isHttp10))
        {
            return false;
        }

        ReadOnlySpan<byte> method = line[..methodEnd];
        if (method.ContainsAnyExcept(TokenBytes)
            || line[(methodEnd + 1)..targetEnd].Contains((byte)' ')
            || !TryReadFields(head[headers..], isHttp10, out Fields fields))
        {
            return false;
        }

        BodyFraming framing = fields.IsChunked ? BodyFraming.Chunked : fields.ContentLength > 0 ? BodyFraming.Length : BodyFraming.None;
        request = new RequestHead(
            start..(start + methodEnd),
            (start + methodEnd + 1)..(start + targetEnd),
            framing,
            Math.Max(fields.ContentLength, 0),
            fields.Closes,
            method.SequenceEqual("HEAD"u8),
            method.SequenceEqual("CONNECT"u8));
        return true;
    }

    /// <param name="head">All bytes of the head.</param>
    /// <param name="answersHead">The request's method was HEAD: whatever the headers say, there is no body.</param>
    /// <param name="response">What was found.</param>
    public static bool TryParseResponse(ReadOnlySpan<byte> head, bool answersHead, out ResponseHead response)
    {
        response = default;
        ReadOnlySpan<byte> line = FirstLine(head, out _, out int headers);
        if (line.Length < 12 || line[8] != ' ' || (line.Length > 12 && line[12] != ' ')
            || !TryParseVersion(line[..8], out bool isHttp10)
            || !int.TryParse(line[9..12], NumberStyles.None, CultureInfo.InvariantCulture, out int status) || status < 100
            || !TryReadFields(head[headers..], isHttp10, out Fields fields))
        {
            return false;
        }

        BodyFraming framing = answersHead || status is < 200 or 204 or 304 ? BodyFraming.None
            : fields.IsChunked ? BodyFraming.Chunked
            : fields.ContentLength > 0 ? BodyFraming.Length
            : fields.ContentLength == 0 ? BodyFraming.None
            : BodyFraming.UntilClose;
        response = new ResponseHead(status, framing, Math.Max(fields.ContentLength, 0), fields.Closes || framing == BodyFraming.UntilClose);
        return true;
    }

    /// <summary>Where the header lines of <paramref name="head"/> begin: behind the first line.</summary>
    public static int HeadersStart(ReadOnlySpan<byte> head)
    {
        FirstLine(head, out _, out int headers);
        return headers;
    }

    private static ReadOnlySpan<byte> FirstLine(ReadOnlySpan<byte> head, out int start, out int headers)
    {
        start = Math.Max(head.IndexOfAnyExcept("\r\n"u8), 0);
        int length = head[start..].IndexOf((byte)'\n');
        headers = length < 0 ? head.Length : start + length + 1;
        return HeaderLineReader.WithoutEnd(head[start..headers]);
    }

    private static bool TryParseVersion(ReadOnlySpan<byte> version, out bool isHttp10)
    {
        isHttp10 = version.SequenceEqual("HTTP/1.0"u8);
        return isHttp10 || version.SequenceEqual("HTTP/1.1"u8);
    }

    private static bool TryReadFields(ReadOnlySpan<byte> headers, bool isHttp10, out Fields fields)
    {
        fields = new Fields { ContentLength = -1, Closes = isHttp10 };
        bool decidesFraming = false;
        bool isFirst = true;
        var lines = new HeaderLineReader(headers);
        while (lines.MoveNext())
        {
            if (lines.Value.Contains((byte)'\r'))
            {
                return false;
            }

            if (lines.IsContinuation)
            {
                if (isFirst || decidesFraming)
                {
                    return false;
                }

                continue;
            }

            isFirst = false;
            if (lines.Name.IsEmpty || lines.Name.ContainsAnyExcept(TokenBytes))
            {
                return false;
            }

            decidesFraming = true;
            if (Ascii.EqualsIgnoreCase(lines.Name, "content-length"u8))
            {
                if (!TryReadLength(lines.Value, out long length) || (fields.ContentLength >= 0 && fields.ContentLength != length))
                {
                    return false;
                }

                fields.ContentLength = length;
            }
            else if (Ascii.EqualsIgnoreCase(lines.Name, "transfer-encoding"u8))
            {
                if (fields.IsChunked || isHttp10 || !Ascii.EqualsIgnoreCase(lines.Value, "chunked"u8))
                {
                    return false;
                }

                fields.IsChunked = true;
            }
            else if (Ascii.EqualsIgnoreCase(lines.Name, "connection"u8))
            {
                fields.Closes |= ContainsToken(lines.Value, "close"u8);
            }
            else
            {
                decidesFraming = false;
            }
        }

        return !(fields.IsChunked && fields.ContentLength >= 0);
    }

    private static bool TryReadLength(ReadOnlySpan<byte> value, out long length)
    {
        length = 0;
        return !value.ContainsAnyExceptInRange((byte)'0', (byte)'9') && long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out length);
    }

    private static bool ContainsToken(ReadOnlySpan<byte> list, ReadOnlySpan<byte> token)
    {
        foreach (Range item in list.Split((byte)','))
        {
            if (Ascii.EqualsIgnoreCase(list[item].Trim(" \t"u8), token))
            {
                return true;
            }
        }

        return false;
    }

    private struct Fields
    {
        /// <summary>-1 = none.</summary>
        public long ContentLength;
        public bool IsChunked;
        public bool Closes;
    }
}
