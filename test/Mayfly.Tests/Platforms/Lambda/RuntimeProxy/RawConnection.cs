using System.Net.Sockets;
using System.Text;

namespace Mayfly.Tests.Platforms.Lambda.RuntimeProxy;

/// <summary>A TCP connection in a test: sends and receives exact bytes, with a deadline on every wait.</summary>
internal sealed class RawConnection(Socket socket) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly List<byte> _received = [];

    public Task SendAsync(string latin1) => SendAsync(Encoding.Latin1.GetBytes(latin1));

    public async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        using var deadline = new CancellationTokenSource(Patience);
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await socket.SendAsync(bytes, deadline.Token)..];
        }
    }

    /// <summary>The next <paramref name="text"/>.Length bytes have to be exactly these.</summary>
    public async Task ExpectAsync(string text) => Xunit.Assert.Equal(text, await ReadAsync(text.Length));

    public async Task<string> ReadAsync(int length)
    {
        while (_received.Count < length)
        {
            int count = await ReceiveAsync();
            if (count == 0)
            {
                break;
            }
        }

        return Take(Math.Min(length, _received.Count));
    }

    /// <summary>Everything up to and including <paramref name="end"/>, or up to the end of the stream.</summary>
    public async Task<string> ReadThroughAsync(string end)
    {
        byte[] wanted = Encoding.Latin1.GetBytes(end);
        int at;
        while ((at = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_received).IndexOf(wanted)) < 0)
        {
            if (await ReceiveAsync() == 0)
            {
                return Take(_received.Count);
            }
        }

        return Take(at + wanted.Length);
    }

    /// <summary>Everything up to the end of the stream. A reset throws <see cref="SocketException"/>.</summary>
    public async Task<string> ReadToEndAsync()
    {
        while (await ReceiveAsync() > 0)
        {
        }

        return Take(_received.Count);
    }

    public async Task ExpectEndAsync() => Xunit.Assert.Equal("", await ReadToEndAsync());

    public async Task ExpectResetAsync()
    {
        SocketException reset = await Xunit.Assert.ThrowsAsync<SocketException>(ReadToEndAsync);
        Xunit.Assert.Equal(SocketError.ConnectionReset, reset.SocketErrorCode);
    }

    /// <summary>True when nothing at all arrives for a moment.</summary>
    public bool IsQuiet(TimeSpan time) => _received.Count == 0 && !socket.Poll(time, SelectMode.SelectRead);

    public void EndSending() => socket.Shutdown(SocketShutdown.Send);

    public void Reset()
    {
        socket.LingerState = new LingerOption(true, 0);
        socket.Dispose();
    }

    public void Dispose() => socket.Dispose();

    private async Task<int> ReceiveAsync()
    {
        var buffer = new byte[64 * 1024];
        using var deadline = new CancellationTokenSource(Patience);
        int count = await socket.ReceiveAsync(buffer, deadline.Token);
        _received.AddRange(buffer.AsSpan(0, count));
        return count;
    }

    private string Take(int length)
    {
        string text = Encoding.Latin1.GetString(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_received)[..length]);
        _received.RemoveRange(0, length);
        return text;
    }
}
