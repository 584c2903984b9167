using System.Net;
using System.Net.Sockets;
using System.Text;
using Mayfly.Config;
using Mayfly.Diagnostics;
using Mayfly.Lifecycle;
using Mayfly.Metrics;
using Mayfly.Metrics.Transports;
using Xunit;

namespace Mayfly.Tests.Metrics.Transports;

/// <summary>Real datagrams through a real socket on the loopback address.</summary>
public class DatagramListenerTests
{
    [Fact]
    public async Task Every_datagram_sent_before_a_drain_is_aggregated_after_it()
    {
        using var rig = new MetricRig();
        using DatagramListener listener = Listen(rig);
        using Socket client = Connect(listener);
        long sent = 0;
        for (int round = 0; round < 20; round++)
        {
            for (int i = 0; i < 50; i++)
            {
                client.Send("x:1:1|c|#a\ny:2|d"u8);
                sent += 3;
            }

            Assert.True(await listener.DrainAsync(Soon()));
            Assert.Equal(sent, rig.Counters.Accepted);
        }

        Decoded decoded = rig.Take();
        Assert.Equal(2000, decoded.Series.Single().Points[0].Value);
        Assert.Equal(1000, decoded.Sketches.Single().Dogsketches[0].Cnt);
        Assert.Equal(0, rig.Counters.DroppedInAll);
    }

    [Fact]
    public async Task Datagrams_that_came_before_the_start_are_not_lost()
    {
        using var rig = new MetricRig();
        using DatagramListener listener = Listen(rig, start: false);
        using Socket client = Connect(listener);
        client.Send("x:1|c"u8);
        listener.Start();
        Assert.True(await listener.DrainAsync(Soon()));
        Assert.Equal(["x COUNT 1 @1656581400"], rig.Take().Describe());
    }

    [Fact]
    public async Task Drains_at_once_all_complete()
    {
        using var rig = new MetricRig();
        using DatagramListener listener = Listen(rig);
        using Socket client = Connect(listener);
        client.Send("x:1|c"u8);
        Assert.All(await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => listener.DrainAsync(Soon()))), Assert.True);
        Assert.Equal(1, rig.Counters.Accepted);
    }

    [Fact]
    public async Task A_drain_gives_up_at_its_deadline()
    {
        using var rig = new MetricRig();
        using DatagramListener listener = Listen(rig, start: false);
        Assert.False(await listener.DrainAsync(Deadline.In(TimeProvider.System, TimeSpan.FromMilliseconds(50))));
        Assert.False(await listener.DrainAsync(Deadline.In(TimeProvider.System, TimeSpan.FromMilliseconds(-1))));
    }

    [Fact]
    public async Task A1_of_a_truncated_datagram_the_last_line_is_left_out_and_counted()
    {
        using var rig = new MetricRig();
        using DatagramListener listener = Listen(rig, packetBytes: 100);
        using Socket client = Connect(listener);
        string line = "name:1|c|#tag:value";
        client.Send(Encoding.UTF8.GetBytes(string.Join('\n', Enumerable.Repeat(line, 20))));
        client.Send(Encoding.UTF8.GetBytes($"x:1|c|#{new string('a', 100 - 7)}"));
        client.Send(Encoding.UTF8.GetBytes($"y:1|c|#{new string('a', 101 - 7)}"));
        client.Send(Array.Empty<byte>());
        Assert.True(await listener.DrainAsync(Soon()));
        Assert.Equal(2, rig.Aggregator.Refused(DogStatsdStatus.Truncated));
        Decoded decoded = rig.Take();
        Assert.Equal(["name", "x"], decoded.Series.Select(static series => series.Metric).Order());
        Assert.Equal(100 / (line.Length + 1), decoded.Series.Single(static series => series.Metric == "name").Points[0].Value);
    }

    [Fact]
    public async Task The_largest_datagram_arrives_whole()
    {
        using var rig = new MetricRig();
        using DatagramListener listener = Listen(rig);
        using Socket client = Connect(listener);
        string packet = string.Concat(Enumerable.Repeat("x:1|c\n", 65_507 / 6));
        client.Send(Encoding.UTF8.GetBytes(packet));
        Assert.True(await listener.DrainAsync(Soon()));
        Assert.Equal(65_507 / 6, rig.Counters.Accepted);
        Assert.Equal(0, rig.Counters.DroppedInAll);
        rig.Take();
    }

    [Fact]
    public async Task Garbage_does_not_end_the_listener()
    {
        using var rig = new MetricRig();
        using DatagramListener listener = Listen(rig);
        using Socket client = Connect(listener);
        var random = new Random(3);
        for (int i = 0; i < 200; i++)
        {
            byte[] garbage = new byte[random.Next(300)];
            random.NextBytes(garbage);
            client.Send(garbage);
        }

        client.Send("x:1|c"u8);
        Assert.True(await listener.DrainAsync(Soon()));
        Assert.Contains(rig.Take().Series, static series => series.Metric == "x");
    }

    [Fact]
    public async Task Disposing_ends_the_thread_and_open_drains()
    {
        using var rig = new MetricRig();
        DatagramListener listener = Listen(rig);
        listener.Dispose();
        listener.Dispose();
        Assert.False(await listener.DrainAsync(Soon()));
        Bind(listener.Port).Dispose();
    }

    [Fact]
    public void Disposing_what_was_never_started_closes_the_socket()
    {
        using var rig = new MetricRig();
        DatagramListener listener = Listen(rig, start: false);
        listener.Dispose();
        Bind(listener.Port).Dispose();
    }

    private static Socket Bind(int port = 0)
    {
        var address = new IPEndPoint(IPAddress.Loopback, port);
        Assert.True(UdpSocket.TryBind(address, DogStatsdSettings.DefaultReceiveQueueBytes, out Socket? socket, out string? error), error);
        return socket;
    }

    private static DatagramListener Listen(MetricRig rig, int packetBytes = DogStatsdSettings.DefaultPacketBytes, bool start = true)
    {
        var receiver = new PacketReceiver(rig.Aggregator, needsLineEnd: false, forward: null);
        var listener = new DatagramListener(Bind(), receiver, new Counters(), Log.Silent, packetBytes);
        if (start)
        {
            listener.Start();
        }

        return listener;
    }

    private static Socket Connect(DatagramListener listener)
    {
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        client.Connect(IPAddress.Loopback, listener.Port);
        return client;
    }

    private static Deadline Soon() => Deadline.In(TimeProvider.System, TimeSpan.FromSeconds(10));
}
