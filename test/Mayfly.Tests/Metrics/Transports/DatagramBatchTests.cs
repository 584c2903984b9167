using System.Net;
using System.Net.Sockets;
using System.Text;
using Mayfly.Diagnostics;
using Mayfly.Metrics.Transports;
using Xunit;

namespace Mayfly.Tests.Metrics.Transports;

/// <summary>Both ways of receiving give the same datagrams: one per call as every system can, and many per call as Linux can.</summary>
public class DatagramBatchTests
{
    private const int PacketBytes = 100;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Datagrams_arrive_in_order_whole_or_marked_as_truncated(bool isBatch)
    {
        Assert.SkipUnless(!isBatch || OperatingSystem.IsLinux(), "Only Linux has recvmmsg.");
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        client.Connect(socket.LocalEndPoint!);
        var expected = new List<string>();
        for (int i = 0; i < 70; i++)
        {
            int length = i % 10 == 9 ? PacketBytes + 1 : i % 10 == 8 ? PacketBytes : i % 10 * 3;
            string text = new((char)('a' + (i % 26)), length);
            client.Send(Encoding.ASCII.GetBytes(text));
            expected.Add(length > PacketBytes ? text[..PacketBytes] + "!" : text);
        }

        using DatagramBatch batch = isBatch ? new LinuxDatagramBatch(socket, PacketBytes) : new SingleDatagram(socket, PacketBytes);
        Assert.Equal(isBatch ? 32 : 1, batch.Capacity);
        var found = new List<string>();
        int calls = 0;
        while (found.Count < expected.Count)
        {
            int count = batch.Receive(out string? error);
            Assert.Null(error);
            Assert.InRange(count, 1, batch.Capacity);
            calls++;
            for (int i = 0; i < count; i++)
            {
                string text = Encoding.ASCII.GetString(batch.Packet(i, out bool isTruncated));
                found.Add(isTruncated ? text + "!" : text);
            }
        }

        Assert.Equal(expected, found);
        Assert.Equal(isBatch ? 3 : 70, calls);
    }

    /// <summary>From the socket to the aggregate, with the question to the kernel what was lost.</summary>
    [Fact]
    public void A_datagram_of_a_known_context_costs_no_allocation()
    {
        using var rig = new MetricRig();
        var receiver = new PacketReceiver(rig.Aggregator, needsLineEnd: false, forward: null);
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        client.Connect(socket.LocalEndPoint!);
        using DatagramBatch batch = DatagramBatch.Create(socket, PacketBytes);
        var lost = new LostDatagrams(socket, new Counters(), Log.Silent);
        int sent = 0;
        long allocated = Timing.LeastAllocated(() =>
        {
            for (int i = 0; i < 50; i++)
            {
                client.Send("x:1:2|c|#b,a\ny:3|d|@0.5|T1656581000"u8);
                sent++;
            }

            for (int left = 50; left > 0;)
            {
                int count = batch.Receive(out _);
                left -= count;
                long now = receiver.Now();
                for (int i = 0; i < count; i++)
                {
                    receiver.Accept(batch.Packet(i, out bool isTruncated), isTruncated, now);
                }
            }

            lost.Count();
        });
        Assert.Equal(0, allocated);
        Assert.Equal(sent * 3, rig.Counters.Accepted);
        rig.Take();
    }

    [Fact]
    public void The_best_way_of_this_system_is_taken()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        using DatagramBatch batch = DatagramBatch.Create(socket, PacketBytes);
        Assert.Equal(OperatingSystem.IsLinux(), batch is LinuxDatagramBatch);
    }
}
