using System.Globalization;
using System.Text.Json;

namespace Mayfly.Local.Emulator;

/// <summary>
/// The sandbox's telemetry: makes the events, keeps those of INIT for late subscribers, and hands them to every subscriber's pipe.
/// </summary>
/// <remarks>
/// What is said while there is no initialized sandbox (the report of an invocation that ended in a reset) is kept for the next one's subscribers.
/// Thread-safe; the observed order of events is the order of the calls.
/// </remarks>
internal sealed class TelemetryBus : IAsyncDisposable
{
    private const int MaxReplayBytes = 1024 * 1024;

    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly Timeline _timeline;
    private readonly bool _isSequenced;
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false, PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    private readonly Queue<KeptEvent> _replay = new();
    private readonly List<TelemetryPipe> _pipes = [];
    private bool _keeping = true;
    private int _replayBytes;
    private bool _paused;

    public TelemetryBus(TimeProvider time, Timeline timeline, bool isSequenced)
    {
        _time = time;
        _timeline = timeline;
        _isSequenced = isSequenced;
    }

    /// <summary>Emits one platform event; <paramref name="detail"/> goes to the timeline only.</summary>
    public void Platform(string type, string detail, Action<Utf8JsonWriter> writeRecord)
    {
        _timeline.Add(SandboxEventKind.TelemetryEmitted, type, detail);
        Emit(TelemetryTypes.Platform, Serialize(type, writeRecord));
    }

    /// <summary>Emits one line of the function or an extension: as an object if asked for and if it is one, else as text.</summary>
    public void Line(TelemetryTypes type, string line, bool objects)
    {
        string name = type == TelemetryTypes.Function ? "function" : "extension";
        Emit(type, Serialize(name, writer =>
        {
            if (objects && TryParseObject(line) is { } document)
            {
                using (document)
                {
                    writer.WritePropertyName("record");
                    document.RootElement.WriteTo(writer);
                }
            }
            else
            {
                writer.WriteString("record", line);
            }
        }));
    }

    /// <summary>Adds a subscriber: it gets what was kept, and the others learn of it. False: there is one of that name, and it is not to be replaced.</summary>
    public async Task<bool> SubscribeAsync(string name, TelemetrySubscription subscription, bool replace)
    {
        TelemetryPipe? old;
        bool isRefused;
        var pipe = new TelemetryPipe(
            name,
            subscription,
            _http,
            _time,
            _isSequenced,
            (records, bytes, reason) => Dropped(name, records, bytes, reason),
            records => _timeline.Add(SandboxEventKind.TelemetryDelivered, name, records.ToString(CultureInfo.InvariantCulture)));
        lock (_gate)
        {
            old = _pipes.Find(other => other.Name == name);
            isRefused = old is not null && !replace;
            if (!isRefused)
            {
                Add(pipe);
            }
        }

        if (isRefused)
        {
            await pipe.DisposeAsync();
            return false;
        }

        Platform("platform.telemetrySubscription", name, writer => PlatformRecords.TelemetrySubscription(writer, name, subscription.TypeNames));
        if (old is not null)
        {
            await old.DisposeAsync();
        }

        return true;
    }

    /// <summary>INIT is over: nothing is kept any more.</summary>
    public void EndReplay()
    {
        lock (_gate)
        {
            _keeping = false;
            _replay.Clear();
            _replayBytes = 0;
        }
    }

    /// <summary>The sandbox is gone: so are its subscriptions and what they had not sent. Keeping starts again.</summary>
    public async Task ResetAsync()
    {
        TelemetryPipe[] gone;
        lock (_gate)
        {
            gone = [.. _pipes];
            _pipes.Clear();
            _keeping = true;
            _paused = false;
        }

        foreach (TelemetryPipe pipe in gone)
        {
            await pipe.DisposeAsync();
        }
    }

    public void Pause()
    {
        lock (_gate)
        {
            _paused = true;
            _pipes.ForEach(pipe => pipe.Pause());
        }
    }

    public void Resume()
    {
        lock (_gate)
        {
            _paused = false;
            _pipes.ForEach(pipe => pipe.Resume());
        }
    }

    /// <summary>Delivers what is buffered, for at most so long.</summary>
    public Task FlushAsync(TimeSpan limit)
    {
        TelemetryPipe[] pipes;
        lock (_gate)
        {
            pipes = [.. _pipes];
        }

        return Task.WhenAll(pipes.Select(pipe => pipe.FlushAsync(limit)));
    }

    public async ValueTask DisposeAsync()
    {
        await ResetAsync();
        _http.Dispose();
    }

    private void Add(TelemetryPipe pipe)
    {
        _pipes.RemoveAll(other => other.Name == pipe.Name);
        _pipes.Add(pipe);
        if (_paused)
        {
            pipe.Pause();
        }

        foreach (KeptEvent kept in _replay)
        {
            if (pipe.Wants(kept.Type))
            {
                pipe.Add(kept.Json);
            }
        }
    }

    private void Dropped(string name, int records, int bytes, string reason)
    {
        _timeline.Add(SandboxEventKind.TelemetryDropped, name, string.Create(CultureInfo.InvariantCulture, $"{records}: {reason}"));
        Platform("platform.logsDropped", name, writer => PlatformRecords.LogsDropped(writer, records, bytes, reason));
    }

    private void Emit(TelemetryTypes type, byte[] json)
    {
        lock (_gate)
        {
            if (_keeping)
            {
                _replay.Enqueue(new KeptEvent(type, json));
                _replayBytes += json.Length;
                while (_replayBytes > MaxReplayBytes)
                {
                    _replayBytes -= _replay.Dequeue().Json.Length;
                    _timeline.Add(SandboxEventKind.TelemetryDropped, "replay", "1: more than is kept for late subscribers");
                }
            }

            foreach (TelemetryPipe pipe in _pipes)
            {
                if (pipe.Wants(type))
                {
                    pipe.Add(json);
                }
            }
        }
    }

    private byte[] Serialize(string type, Action<Utf8JsonWriter> writeRecord)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, PlatformRecords.Json))
        {
            writer.WriteStartObject();
            writer.WriteString("time", PlatformRecords.Time(_time.GetUtcNow()));
            writer.WriteString("type", type);
            writeRecord(writer);
            writer.WriteEndObject();
        }

        return buffer.ToArray();
    }

    private static JsonDocument? TryParseObject(string line)
    {
        if (!line.AsSpan().TrimStart().StartsWith("{"))
        {
            return null;
        }

        try
        {
            return JsonDocument.Parse(line);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private readonly record struct KeptEvent(TelemetryTypes Type, byte[] Json);
}
