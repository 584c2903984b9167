using System.Globalization;
using System.Text;

namespace Mayfly.Footprint;

/// <summary>
/// One HTTP/1.1 request or response, read from a blocking stream: first line, headers, whole body (Content-Length or chunked).
/// Enough for well-behaved peers on loopback; throws <see cref="IOException"/> for anything else.
/// </summary>
internal sealed class HttpMessage
{
    private readonly Dictionary<string, string> _headers = new(StringComparer.OrdinalIgnoreCase);

    public string FirstLine { get; private init; } = "";

    /// <summary>Path of a request.</summary>
    public string Path => FirstLine.Split(' ')[1];

    public byte[] Body { get; private set; } = [];

    public string? Header(string name) => _headers.GetValueOrDefault(name);

    /// <summary>Null at the end of the stream.</summary>
    public static HttpMessage? Read(SocketReader reader)
    {
        var first = reader.Line();
        if (first is null)
        {
            return null;
        }

        var message = new HttpMessage { FirstLine = first };
        while (reader.Line() is { Length: > 0 } line)
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            message._headers[line[..colon]] = line[(colon + 1)..].Trim();
        }

        if (string.Equals(message.Header("Expect"), "100-continue", StringComparison.OrdinalIgnoreCase))
        {
            reader.Stream.Write("HTTP/1.1 100 Continue\r\n\r\n"u8);
        }

        if (message.Header("Content-Length") is { } length)
        {
            message.Body = reader.Bytes(int.Parse(length, CultureInfo.InvariantCulture));
        }
        else if (message.Header("Transfer-Encoding") is not null)
        {
            message.Body = Chunked(reader);
        }

        return message;
    }

    /// <summary>Bytes of a response.</summary>
    public static byte[] Response(int status, string headers, string body) =>
        Encoding.UTF8.GetBytes($"HTTP/1.1 {status} -\r\n{headers}Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}");

    private static byte[] Chunked(SocketReader reader)
    {
        using var body = new MemoryStream();
        while (true)
        {
            var size = int.Parse((reader.Line() ?? throw new IOException("chunk size")).Split(';')[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            body.Write(reader.Bytes(size));
            _ = reader.Line();
            if (size == 0)
            {
                return body.ToArray();
            }
        }
    }
}

/// <summary>Buffered blocking reads; a line ends with CR LF and is Latin-1.</summary>
internal sealed class SocketReader(Stream stream)
{
    private readonly byte[] _buffer = new byte[64 * 1024];
    private int _start;
    private int _end;

    public Stream Stream { get; } = stream;

    public string? Line()
    {
        var line = new StringBuilder();
        while (true)
        {
            if (_start == _end && !Fill())
            {
                return line.Length == 0 ? null : throw new IOException("connection closed inside a line");
            }

            var b = _buffer[_start++];
            if (b == '\n')
            {
                return line.ToString();
            }

            if (b != '\r')
            {
                line.Append((char)b);
            }
        }
    }

    public byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        for (var done = 0; done < count;)
        {
            if (_start == _end && !Fill())
            {
                throw new IOException("connection closed inside a body");
            }

            var take = Math.Min(count - done, _end - _start);
            _buffer.AsSpan(_start, take).CopyTo(bytes.AsSpan(done));
            _start += take;
            done += take;
        }

        return bytes;
    }

    private bool Fill()
    {
        _start = 0;
        _end = Stream.Read(_buffer);
        return _end > 0;
    }
}
