using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Mayfly.Local.Emulator;
using Xunit;

namespace Mayfly.Tests.Local.Emulator;

/// <summary>The buffering limits of a subscription (docs/spec/01-lambda-lifecycle.md#14-telemetry-api), against a real listener.</summary>
public sealed class TelemetryPipeTests : IAsyncDisposable
{
    private static readonly TimeSpan Never = TimeSpan.FromMinutes(5);

    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false });
    private readonly List<(int Records, int Bytes, string Reason)> _dropped = [];
    private readonly Lock _gate = new();
    private int _delivered;

    [Fact]
    public async Task A_batch_is_sent_when_it_has_the_most_items()
    {
        await using TelemetrySink sink = await TelemetrySink.StartAsync();
        await using TelemetryPipe pipe = Pipe(sink.Port, maxItems: 1000);
        Fill(pipe, 1000);
        await Wait.UntilAsync(() => sink.Batches.Count == 1, "the full batch");
        Fill(pipe, 999);
        Assert.Equal([1000], sink.Batches);
        await pipe.FlushAsync(Played.Patience);
        Assert.Equal([1000, 999], sink.Batches);
        Assert.Equal(1999, _delivered);
    }

    [Fact]
    public async Task A_batch_is_sent_when_it_has_the_most_bytes()
    {
        await using TelemetrySink sink = await TelemetrySink.StartAsync();
        await using TelemetryPipe pipe = Pipe(sink.Port, maxBytes: 262_144);
        for (int i = 0; i < 4; i++)
        {
            pipe.Add(Event(i, 65_536));
        }

        await Wait.UntilAsync(() => sink.Batches.Count == 1, "the full batch");
        Assert.Equal([4], sink.Batches);
    }

    [Fact]
    public async Task A_batch_is_sent_when_its_first_event_is_old_enough()
    {
        await using TelemetrySink sink = await TelemetrySink.StartAsync();
        await using TelemetryPipe pipe = Pipe(sink.Port, timeout: TimeSpan.FromMilliseconds(100));
        long started = TimeProvider.System.GetTimestamp();
        pipe.Add(Event(1));
        pipe.Add(Event(2));
        await Wait.UntilAsync(() => sink.Batches.Count == 1, "the due batch");
        Assert.True(TimeProvider.System.GetElapsedTime(started) >= TimeSpan.FromMilliseconds(90));
        Assert.Equal([2], sink.Batches);
    }

    [Fact]
    public async Task What_a_slow_subscriber_cannot_take_is_dropped_and_counted()
    {
        await using TelemetrySink sink = await TelemetrySink.StartAsync();
        await using TelemetryPipe pipe = Pipe(sink.Port, maxItems: 1000);
        sink.Hold();
        Fill(pipe, 1000);
        await Wait.UntilAsync(() => sink.Requests == 1, "the first batch on its way");
        Fill(pipe, 3000);
        sink.Continue();
        await pipe.FlushAsync(Played.Patience);

        // One batch is on its way and one waits: of four, two are lost.
        Assert.Equal(2000, _delivered);
        Assert.Equal(2, _dropped.Count);
        Assert.All(_dropped, drop =>
        {
            Assert.Equal(1000, drop.Records);
            Assert.Equal(1000 * Event(0).Length, drop.Bytes);
            Assert.Contains("slower", drop.Reason, StringComparison.Ordinal);
        });
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(3, 0)]
    [InlineData(4, 1)]
    public async Task A_refused_batch_is_sent_again_a_few_times(int refusals, int dropped)
    {
        await using TelemetrySink sink = await TelemetrySink.StartAsync();
        await using TelemetryPipe pipe = Pipe(sink.Port);
        sink.Refuse(refusals);
        pipe.Add(Event(1));
        await pipe.FlushAsync(Played.Patience);
        Assert.Equal(1 - dropped, sink.Events.Count);
        Assert.Equal(dropped, _dropped.Count);
        Assert.All(_dropped, drop => Assert.Equal("could not send events: http request failed with status 500", drop.Reason));
    }

    [Fact]
    public async Task Nothing_leaves_a_paused_pipe()
    {
        await using TelemetrySink sink = await TelemetrySink.StartAsync();
        await using TelemetryPipe pipe = Pipe(sink.Port, maxItems: 1000);
        pipe.Pause();
        Fill(pipe, 1500);
        await pipe.FlushAsync(TimeSpan.FromMilliseconds(50));
        Assert.Empty(sink.Events);
        pipe.Resume();
        await pipe.FlushAsync(Played.Patience);
        Assert.Equal([1000, 500], sink.Batches);
    }

    [Fact]
    public async Task A_TCP_subscriber_gets_one_event_per_line()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        await using TelemetryPipe pipe = Pipe(port, isTcp: true);
        pipe.Add(Event(1));
        pipe.Add(Event(2));
        Task flushed = pipe.FlushAsync(Played.Patience);
        using TcpClient client = await listener.AcceptTcpClientAsync();
        using var reader = new StreamReader(client.GetStream());
        Assert.Equal(Encoding.UTF8.GetString(Event(1)), await reader.ReadLineAsync());
        Assert.Equal(Encoding.UTF8.GetString(Event(2)), await reader.ReadLineAsync());
        await flushed;
    }

    public ValueTask DisposeAsync()
    {
        _http.Dispose();
        return ValueTask.CompletedTask;
    }

    private TelemetryPipe Pipe(int port, int maxItems = 10_000, int maxBytes = 1_048_576, TimeSpan? timeout = null, bool isTcp = false)
    {
        var subscription = new TelemetrySubscription(TelemetryTypes.Function, ["function"], port, isTcp, maxItems, maxBytes, timeout ?? Never);
        return new TelemetryPipe(
            "ext", subscription, _http, TimeProvider.System, isSequenced: false, Drop, records => Interlocked.Add(ref _delivered, records));
    }

    private void Drop(int records, int bytes, string reason)
    {
        lock (_gate)
        {
            _dropped.Add((records, bytes, reason));
        }
    }

    private static void Fill(TelemetryPipe pipe, int events)
    {
        for (int i = 0; i < events; i++)
        {
            pipe.Add(Event(i));
        }
    }

    private static byte[] Event(int number, int padding = 0)
    {
        string record = number.ToString("d6", CultureInfo.InvariantCulture) + new string('x', padding);
        return Encoding.UTF8.GetBytes($$"""{"time":"2026-01-01T00:00:00.000Z","type":"function","record":"{{record}}"}""");
    }
}
