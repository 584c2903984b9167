using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Mayfly.Local.Emulator;

/// <summary>
/// One subscriber's buffer and its delivery: one batch on the way, one complete batch behind it, one being filled. A batch that is complete while another
/// already waits is dropped and counted (docs/spec/01-lambda-lifecycle.md#14-telemetry-api). Nothing is sent while the sandbox is frozen.
/// </summary>
internal sealed class TelemetryPipe : IAsyncDisposable
{
    private const int Attempts = 4;
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(50);
    private static readonly MediaTypeHeaderValue Json = new("application/json");

    private readonly Lock _gate = new();
    private readonly TelemetrySubscription _subscription;
    private readonly HttpClient _http;
    private readonly TimeProvider _time;
    private readonly bool _isSequenced;
    private readonly Action<int, int, string> _dropped;
    private readonly Action<int> _delivered;
    private readonly ITimer _timer;
    private readonly SemaphoreSlim _wake = new(0);
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationToken _stopped;
    private readonly Task _loop;
    private TaskCompletionSource _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private List<byte[]> _filling = [];
    private List<byte[]>? _complete;
    private int _fillingBytes;
    private bool _due;
    private bool _sending;
    private bool _paused;
    private TcpClient? _tcp;

    /// <summary>Starts delivering.</summary>
    /// <param name="name">The subscriber.</param>
    /// <param name="subscription">Where to and how buffered.</param>
    /// <param name="http">Shared client without proxy and timeout: a frozen subscriber may take minutes to answer.</param>
    /// <param name="time">Clock.</param>
    /// <param name="isSequenced">POSTs carry <c>Sequence-Id</c>, the hash of their body, as those of managed instances do.</param>
    /// <param name="dropped">Told about given-up records: number, bytes, reason.</param>
    /// <param name="delivered">Told about accepted records: number.</param>
    public TelemetryPipe(
        string name,
        TelemetrySubscription subscription,
        HttpClient http,
        TimeProvider time,
        bool isSequenced,
        Action<int, int, string> dropped,
        Action<int> delivered)
    {
        Name = name;
        _subscription = subscription;
        _http = http;
        _time = time;
        _isSequenced = isSequenced;
        _dropped = dropped;
        _delivered = delivered;
        _stopped = _stop.Token;
        _timer = time.CreateTimer(_ => MakeDue(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _loop = RunAsync();
    }

    public string Name { get; }

    public bool Wants(TelemetryTypes type) => (_subscription.Types & type) != 0;

    public void Add(byte[] happening)
    {
        int droppedRecords = 0;
        int droppedBytes = 0;
        lock (_gate)
        {
            _filling.Add(happening);
            _fillingBytes += happening.Length;
            if (_filling.Count == 1)
            {
                _timer.Change(_subscription.Timeout, Timeout.InfiniteTimeSpan);
            }

            if (_filling.Count < _subscription.MaxItems && _fillingBytes < _subscription.MaxBytes)
            {
                return;
            }

            if (_complete is null)
            {
                _complete = _filling;
                _wake.Release();
            }
            else
            {
                droppedRecords = _filling.Count;
                droppedBytes = _fillingBytes;
            }

            StartFilling();
        }

        if (droppedRecords > 0)
        {
            _dropped(droppedRecords, droppedBytes, "Some logs were dropped because the downstream consumer is slower than the logs production rate");
        }
    }

    /// <summary>Nothing new is sent until <see cref="Resume"/>.</summary>
    public void Pause()
    {
        lock (_gate)
        {
            _paused = true;
        }
    }

    public void Resume()
    {
        lock (_gate)
        {
            _paused = false;
        }

        _wake.Release();
    }

    /// <summary>Makes everything due and waits until it is delivered, but not longer than the limit.</summary>
    public async Task FlushAsync(TimeSpan limit)
    {
        Task idle;
        lock (_gate)
        {
            if (!_sending && _complete is null && _filling.Count == 0)
            {
                return;
            }

            _due = _filling.Count > 0;
            _idle = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            idle = _idle.Task;
        }

        _wake.Release();
        await Task.WhenAny(idle, Task.Delay(limit, _time, _stopped));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _timer.DisposeAsync();
        await _loop;
        _tcp?.Dispose();
        _stop.Dispose();
    }

    private void MakeDue()
    {
        lock (_gate)
        {
            if (_stopped.IsCancellationRequested)
            {
                return;
            }

            _due = true;
            _wake.Release();
        }
    }

    private void StartFilling()
    {
        _filling = [];
        _fillingBytes = 0;
        _due = false;
        _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                await _wake.WaitAsync(_stopped);
                while (Take() is { } batch)
                {
                    await SendAsync(batch);
                    Sent();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The sandbox is gone, and the subscription with it.
        }
    }

    private List<byte[]>? Take()
    {
        lock (_gate)
        {
            if (_paused)
            {
                return null;
            }

            List<byte[]>? batch = _complete;
            _complete = null;
            if (batch is null && _due && _filling.Count > 0)
            {
                batch = _filling;
                StartFilling();
            }

            _sending = batch is not null;
            return batch;
        }
    }

    private void Sent()
    {
        lock (_gate)
        {
            _sending = false;
            if (_complete is null && (_filling.Count == 0 || !_due))
            {
                _idle.TrySetResult();
            }
        }
    }

    private async Task SendAsync(List<byte[]> batch)
    {
        byte[] body = _subscription.IsTcp ? Join(batch, "", "\n", "\n") : Join(batch, "[", ",", "]");
        string reason = "";
        TimeSpan wait = FirstRetry;
        for (int attempt = 1; attempt <= Attempts; attempt++)
        {
            reason = await TrySendAsync(body);
            if (reason.Length == 0)
            {
                _delivered(batch.Count);
                return;
            }

            if (attempt < Attempts)
            {
                await Task.Delay(wait, _time, _stopped);
                wait *= 2;
            }
        }

        _dropped(batch.Count, batch.Sum(one => one.Length), "could not send events: " + reason);
    }

    /// <summary>Sends once; empty on success, else the reason.</summary>
    private async Task<string> TrySendAsync(byte[] body)
    {
        try
        {
            if (_subscription.IsTcp)
            {
                _tcp ??= new TcpClient("127.0.0.1", _subscription.Port);
                await _tcp.GetStream().WriteAsync(body, _stopped);
                return "";
            }

            using var request = new HttpRequestMessage(HttpMethod.Post, new UriBuilder("http", "127.0.0.1", _subscription.Port, "/").Uri);
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = Json;
            request.Headers.UserAgent.ParseAdd("Go-http-client/1.1");
            if (_isSequenced)
            {
                request.Headers.Add("Sequence-Id", Convert.ToBase64String(SHA256.HashData(body)));
            }

            using HttpResponseMessage answer = await _http.SendAsync(request, _stopped);
            return (int)answer.StatusCode < 400 ? "" : $"http request failed with status {(int)answer.StatusCode}";
        }
        catch (Exception e) when (e is HttpRequestException or IOException or SocketException)
        {
            _tcp?.Dispose();
            _tcp = null;
            return e.Message;
        }
    }

    private static byte[] Join(List<byte[]> batch, string open, string between, string close)
    {
        using var all = new MemoryStream(batch.Sum(one => one.Length + 1) + 2);
        all.Write(System.Text.Encoding.ASCII.GetBytes(open));
        for (int i = 0; i < batch.Count; i++)
        {
            if (i > 0)
            {
                all.Write(System.Text.Encoding.ASCII.GetBytes(between));
            }

            all.Write(batch[i]);
        }

        all.Write(System.Text.Encoding.ASCII.GetBytes(close));
        return all.ToArray();
    }
}
