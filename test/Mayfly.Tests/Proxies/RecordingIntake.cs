using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Mayfly.Tests.Proxies;

/// <summary>A request as it came over the wire. The characters of texts are bytes; a header that came several times is joined by <c>, </c>.</summary>
internal sealed record WireRequest(string Method, string Target, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    public string Path => Target.Split('?')[0];

    public string Query => Target.Contains('?', StringComparison.Ordinal) ? Target[(Target.IndexOf('?', StringComparison.Ordinal) + 1)..] : "";

    public string Text => Encoding.UTF8.GetString(Body);
}

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
            while (await ReadAsync(stream) is { } request)
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

    /// <summary>Null: the client has closed the connection.</summary>
    private async Task<WireRequest?> ReadAsync(NetworkStream stream)
    {
        var head = new StringBuilder();
        byte[] one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            if (await stream.ReadAsync(one, _stop.Token) == 0)
            {
                return null;
            }

            head.Append((char)one[0]);
        }

        string[] lines = head.ToString().Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (string[] header in lines.Skip(1).Select(static line => line.Split(": ", 2)))
        {
            headers[header[0]] = headers.TryGetValue(header[0], out string? before) ? $"{before}, {header[1]}" : header[1];
        }

        byte[] body = new byte[int.Parse(headers.GetValueOrDefault("Content-Length", "0"), CultureInfo.InvariantCulture)];
        await stream.ReadExactlyAsync(body, _stop.Token);
        string[] start = lines[0].Split(' ');
        return new WireRequest(start[0], start[1], headers, body);
    }
}
