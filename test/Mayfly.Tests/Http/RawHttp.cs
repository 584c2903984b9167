using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Mayfly.Tests.Http;

/// <summary>An HTTP answer as it came over the wire.</summary>
internal sealed record RawAnswer(int Status, IReadOnlyDictionary<string, string> Headers, string Body);

/// <summary>A client that sends exactly the bytes it is told to, over one connection, and reads the answers.</summary>
internal sealed class RawHttp : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly Socket _socket;
    private readonly NetworkStream _stream;

    public RawHttp(int port, IPAddress? address = null)
    {
        IPAddress target = address ?? IPAddress.Loopback;
        _socket = new Socket(target.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        _socket.Connect(target, port);
        _stream = new NetworkStream(_socket) { ReadTimeout = (int)Patience.TotalMilliseconds };
    }

    public static async Task<RawAnswer> OnceAsync(int port, string head, byte[]? body = null)
    {
        using var client = new RawHttp(port);
        await client.SendAsync(head, body);
        return await client.ReadAsync();
    }

    /// <summary>Sends a request with Content-Length.</summary>
    public async Task<RawAnswer> RequestAsync(string method, string path, byte[]? body = null, params string[] headers)
    {
        string head = $"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {body?.Length ?? 0}\r\n{string.Concat(headers.Select(static h => h + "\r\n"))}\r\n";
        await SendAsync(head, body);
        return await ReadAsync();
    }

    /// <summary>Sends the characters of <paramref name="head"/> as one byte each, then <paramref name="body"/>.</summary>
    public async Task SendAsync(string head, byte[]? body = null)
    {
        await _stream.WriteAsync(Encoding.Latin1.GetBytes(head));
        if (body is not null)
        {
            await _stream.WriteAsync(body);
        }
    }

    /// <summary>Tells the server that nothing more will come, and goes on reading.</summary>
    public void FinishSending() => _socket.Shutdown(SocketShutdown.Send);

    /// <summary>Reads one answer; throws when the connection ends first.</summary>
    public async Task<RawAnswer> ReadAsync()
    {
        using var over = new CancellationTokenSource(Patience);
        var head = new StringBuilder();
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            head.Append((char)(await ReadBytesAsync(1, over.Token))[0]);
        }

        string[] lines = head.ToString().Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        var headers = lines.Skip(1).Select(static line => line.Split(": ", 2)).ToDictionary(static p => p[0], static p => p[1], StringComparer.OrdinalIgnoreCase);
        int status = int.Parse(lines[0].Split(' ')[1], CultureInfo.InvariantCulture);
        int length = headers.TryGetValue("Content-Length", out string? text) ? int.Parse(text, CultureInfo.InvariantCulture) : 0;
        return new RawAnswer(status, headers, Encoding.UTF8.GetString(await ReadBytesAsync(length, over.Token)));
    }

    /// <summary>True when the server closed the connection without another answer.</summary>
    public async Task<bool> IsClosedAsync()
    {
        using var over = new CancellationTokenSource(Patience);
        try
        {
            return await _stream.ReadAsync(new byte[1], over.Token) == 0;
        }
        catch (IOException)
        {
            return true;
        }
    }

    public void Dispose()
    {
        _stream.Dispose();
        _socket.Dispose();
    }

    public static byte[] GZip(byte[] bytes)
    {
        using var output = new MemoryStream();
        using (var gzip = new GZipStream(output, CompressionLevel.Optimal, leaveOpen: true))
        {
            gzip.Write(bytes);
        }

        return output.ToArray();
    }

    private async Task<byte[]> ReadBytesAsync(int count, CancellationToken cancellation)
    {
        byte[] bytes = new byte[count];
        await _stream.ReadExactlyAsync(bytes, cancellation);
        return bytes;
    }
}
