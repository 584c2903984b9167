using System.Net;
using System.Net.Sockets;
using Mayfly.EndToEnd.Agents;
using Mayfly.EndToEnd.Compat;
using Xunit;

namespace Mayfly.EndToEnd.Reference;

/// <summary>What both agents made of packets: Mayfly of those as they are and of those rewritten, the mini agent of those as they are.</summary>
internal sealed record MetricRun(ILookup<string, ShownMetric> Ours, ILookup<string, ShownMetric> Theirs)
{
    /// <summary>Packets between two looks at what the receiver has not read yet: a socket of the usual size holds more.</summary>
    private const int PacketsAtOnce = 50;

    private const string Series = "/api/v2/series";

    private static readonly MetricPacket Last = new("x:1|c⏎x.d:1|d");

    /// <summary>Both in a Lambda function without an extension, neither configured beyond addresses.</summary>
    public static async Task<MetricRun> StartAsync(string agent, IReadOnlyList<MetricPacket> packets, IReadOnlyList<MetricPacket> rewritten)
    {
        DateTimeOffset started = DateTimeOffset.UtcNow;
        await using TunnelledIntake tunnel = await TunnelledIntake.StartAsync();
        await using MiniAgent mini = await MiniAgent.StartAsync("scripted", new KeyValuePair<string, string>("DD_PROXY_HTTPS", tunnel.Url));
        tunnel.BeTrustedBy(mini.ProcessId);
        await using Beside ours = await Beside.StartAsync(AgentUnderTest.Command(agent));
        IReadOnlyList<byte[]> original = Bytes([.. packets, Last], isRewritten: false);
        await SendAsync(mini.Ports.DogStatsd, original);
        await SendAsync(ours.Ports.DogStatsd, [.. original, .. Bytes(rewritten, isRewritten: true)]);
        ours.Agent.SendSigTerm();
        Assert.Equal(0, await ours.Agent.ExitCodeAsync(Until.Patience));
        string last = MetricPacket.Named(packets.Count, isRewritten: false);
        await tunnel.ReceivesAsync(Series, last, mini.ToString);
        await tunnel.ReceivesAsync("/api/beta/sketches", last, mini.ToString);
        var theirs = new List<ShownMetric>();
        foreach (TunnelledRequest request in tunnel.Requests)
        {
            if (request.Path == Series)
            {
                theirs.AddRange(ShownMetric.OfJson(request.Body, started));
            }
            else
            {
                // An intake of ours decodes the sketches of both.
                using var connection = new RawHttpConnection(mini.Intake.Port);
                (int status, _) = await connection.SendAsync("POST", request.Path, request.Body, KeyValuePair.Create("DD-API-KEY", "key"));
                Assert.Equal(202, status);
            }
        }

        theirs.AddRange(ShownMetric.Of(mini.Intake, started));
        return new MetricRun(ShownMetric.Of(ours.Intake, started).ToLookup(static one => one.Packet), theirs.ToLookup(static one => one.Packet));
    }

    private static IReadOnlyList<byte[]> Bytes(IReadOnlyList<MetricPacket> packets, bool isRewritten) =>
        [.. packets.Select((packet, i) => packet.ToBytes(MetricPacket.Named(i, isRewritten)))];

    private static async Task SendAsync(int port, IReadOnlyList<byte[]> packets)
    {
        using var client = new UdpClient();
        foreach (byte[][] some in packets.Chunk(PacketsAtOnce))
        {
            foreach (byte[] packet in some)
            {
                await client.SendAsync(packet, new IPEndPoint(IPAddress.Loopback, port));
            }

            await Until.TrueAsync(() => IsRead(port), $"what was sent to port {port} is read");
        }
    }

    /// <summary>Nothing waits in a socket of this port: <c>tx_queue:rx_queue</c> is the fifth column.</summary>
    private static bool IsRead(int port) => File.ReadLines("/proc/net/udp").Skip(1)
        .Select(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .Where(line => line[1].EndsWith($":{port:X4}", StringComparison.Ordinal))
        .All(static line => line[4].EndsWith(":00000000", StringComparison.Ordinal));
}
