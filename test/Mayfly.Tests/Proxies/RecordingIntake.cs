using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Mayfly.Tests.Http;

namespace Mayfly.Tests.Proxies;

/// <summary>Any intake, on raw sockets: keeps every byte, and answers what it is told to, or never.</summary>
internal sealed class RecordingIntake : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<WireRequest> _requests = [];
    private readonly Task _accepting;

    public RecordingIntake()
    {
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public string Url => $"http://{_listener.LocalEndpoint}";

    /// <summary>The raw answer to a request; null: none ever.</summary>
    public Func<WireRequest, string?> Answer { get; set; } = static _ => "HTTP/1.1 202 x\r\nContent-Length: 2\r\n\r\n{}";

    public IReadOnlyList<WireRequest> Requests => [.. _requests];

    /// <summary>The request number <paramref name="count"/>, when it is there.</summary>
    public async Task<WireRequest> RequestAsync(int count = 1)
    {
        using var over = new CancellationTokenSource(Patience);
        while (_requests.Count < count)
        {
            await Task.Delay(5, over.Token);
        }

        return Requests[count - 1];
    }

    /// <summary>From now on connecting is refused.</summary>
    public void Refuse() => _listener.Stop();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var serving = new List<Task>();
        try
        {
            while (true)
            {
                serving.Add(ServeAsync(await _listener.AcceptSocketAsync(_stop.Token)));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
            await Task.WhenAll(serving);
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        using var stream = new NetworkStream(socket, ownsSocket: true);
        try
        {
            while (await WireRequest.ReadAsync(stream, _stop.Token) is { } request)
            {
                _requests.Enqueue(request);
                if (Answer(request) is not { } answer)
                {
                    await Task.Delay(Timeout.InfiniteTimeSpan, _stop.Token);
                    return;
                }

                await stream.WriteAsync(Encoding.Latin1.GetBytes(answer), _stop.Token);
                if (answer.Contains("Connection: close", StringComparison.Ordinal))
                {
                    return;
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // The client left, or the test is over.
        }
    }
}
