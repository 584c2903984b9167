using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Mayfly.EndToEnd.Agents;

/// <summary>
/// One HTTP/1.1 connection that sends exactly the bytes it is given, also those that no client library would. Connects again when the server has closed.
/// </summary>
internal sealed class RawHttpConnection(int port) : IDisposable
{
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(10);

    private readonly byte[] _buffer = new byte[64 * 1024];
    private Socket? _socket;
    private int _length;

    /// <summary>A request's head up to its empty line; the body's length is added.</summary>
    public static byte[] Request(string method, string path, IEnumerable<KeyValuePair<string, string>> headers, int bodyLength)
    {
        var head = new StringBuilder();
        head.Append(CultureInfo.InvariantCulture, $"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {bodyLength}\r\n");
        foreach ((string name, string value) in headers)
        {
            head.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
        }

        return Encoding.Latin1.GetBytes(head.Append("\r\n").ToString());
    }

    /// <summary>Connects without sending anything; no effect when connected.</summary>
    public Task ConnectAsync() => ConnectAsync(CancellationToken.None);

    /// <summary>Sends a request and returns the status of its answer; 0 when the server closed the connection without one.</summary>
    /// <exception cref="TimeoutException">No answer.</exception>
    public async Task<(int Status, string Body)> SendAsync(ReadOnlyMemory<byte> head, ReadOnlyMemory<byte> body)
    {
        using var limit = new CancellationTokenSource(AnswerLimit);
        try
        {
            byte[] all = [.. head.Span, .. body.Span];
            return await TrySendAsync(all, limit.Token);
        }
        catch (OperationCanceledException)
        {
            Dispose();
            throw new TimeoutException($"No answer within {AnswerLimit.TotalSeconds} s.");
        }
    }

    public Task<(int Status, string Body)> SendAsync(string method, string path, ReadOnlyMemory<byte> body, params KeyValuePair<string, string>[] headers) =>
        SendAsync(Request(method, path, headers, body.Length), body);

    public void Dispose()
    {
        _socket?.Dispose();
        _socket = null;
    }

    private async Task ConnectAsync(CancellationToken cancellation)
    {
        if (_socket is null)
        {
            _socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await _socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), cancellation);
        }
    }

    private async Task<(int Status, string Body)> TrySendAsync(byte[] request, CancellationToken cancellation)
    {
        await ConnectAsync(cancellation);
        try
        {
            await _socket!.SendAsync(request, cancellation);
        }
        catch (SocketException)
        {
            // Refused before all of it was read: the answer may be here all the same.
        }

        _length = 0;
        int headEnd;
        while ((headEnd = _buffer.AsSpan(0, _length).IndexOf("\r\n\r\n"u8)) < 0)
        {
            if (!await ReadAsync(cancellation))
            {
                Dispose();
                return (0, "");
            }
        }

        string head = Encoding.Latin1.GetString(_buffer, 0, headEnd);
        int bodyStart = headEnd + 4;
        int end = bodyStart + LengthOf(head);
        bool isChunked = head.Contains("chunked", StringComparison.OrdinalIgnoreCase);
        while (isChunked ? !_buffer.AsSpan(0, _length).EndsWith("0\r\n\r\n"u8) : _length < end)
        {
            if (!await ReadAsync(cancellation))
            {
                break;
            }
        }

        if (head.Contains("connection: close", StringComparison.OrdinalIgnoreCase))
        {
            Dispose();
        }

        return (int.Parse(head.AsSpan("HTTP/1.1 ".Length, 3), CultureInfo.InvariantCulture), Encoding.UTF8.GetString(_buffer, bodyStart, _length - bodyStart));
    }

    private async Task<bool> ReadAsync(CancellationToken cancellation)
    {
        try
        {
            int read = await _socket!.ReceiveAsync(_buffer.AsMemory(_length), cancellation);
            _length += read;
            return read > 0;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static int LengthOf(string head)
    {
        const string Name = "content-length: ";
        int at = head.IndexOf(Name, StringComparison.OrdinalIgnoreCase);
        return at < 0 ? 0 : int.Parse(head[(at + Name.Length)..].Split('\r')[0], CultureInfo.InvariantCulture);
    }
}
