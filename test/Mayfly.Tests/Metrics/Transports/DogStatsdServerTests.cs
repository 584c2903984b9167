using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Mayfly.Config;
using Mayfly.Diagnostics;
using Mayfly.Lifecycle;
using Mayfly.Metrics;
using Mayfly.Metrics.Transports;
using Mayfly.Tests.Config;
using Mayfly.Tests.Platforms.Lambda;
using Xunit;

namespace Mayfly.Tests.Metrics.Transports;

/// <summary>docs/spec/04-metrics-logs.md A.1: every transport through real sockets, and what happens where one cannot be had.</summary>
public sealed class DogStatsdServerTests : IDisposable
{
    private readonly MetricRig _rig = new();
    private readonly Counters _counters = new();
    private readonly MemoryStream _output = new();
    private readonly string _directory = Directory.CreateTempSubdirectory("mayfly-dsd-").FullName;
    private DogStatsdServer? _server;

    private string Output => Encoding.UTF8.GetString(_output.ToArray());

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public async Task A1_udp_on_both_loopback_addresses(string address)
    {
        int port = Start();
        Assert.Equal(port, _server!.Port);
        using Socket client = Udp(IPAddress.Parse(address), port);
        await EverythingArrivesAsync(line => client.Send(line));
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public async Task A1_non_local_traffic_is_taken_on_all_addresses(string address)
    {
        int port = Start((Keys.DogStatsdNonLocal, "true"));
        using Socket client = Udp(IPAddress.Parse(address), port);
        await EverythingArrivesAsync(line => client.Send(line));
        Assert.Equal("", Output);
    }

    [Fact]
    public async Task A1_one_address_when_it_is_named()
    {
        int port = Start((Keys.BindHost, "127.0.0.2"));
        using Socket client = Udp(IPAddress.Parse("127.0.0.2"), port);
        await EverythingArrivesAsync(line => client.Send(line));
        using Socket other = Udp(IPAddress.Loopback, port);
        Assert.ThrowsAny<SocketException>(() =>
        {
            other.Send("x:1|c"u8);
            other.Receive(new byte[1]);
        });
    }

    [Fact]
    public async Task A1_unix_datagrams()
    {
        string path = PathOf("dsd.socket");
        Start((Keys.DogStatsdPort, "0"), (Keys.DogStatsdSocket, "unix://" + path));
        Assert.Equal(0, _server!.Port);
        using var client = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        client.Connect(new UnixDomainSocketEndPoint(path));
        await EverythingArrivesAsync(line => client.Send(line));
        _server.Dispose();
        Assert.False(File.Exists(path));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A1_unix_streams_of_frames_or_lines(bool isFramed)
    {
        string path = PathOf("stream.socket");
        Start((Keys.DogStatsdPort, "0"), (Keys.DogStatsdStreamSocket, path));
        using Socket client = Stream(path);
        await EverythingArrivesAsync(line => client.Send(isFramed ? Frame(line) : [.. line, (byte)'\n']));
        using Socket second = Stream(path);
        second.Send(Frame("second:1|c"u8));
        second.Dispose();
        Assert.True(await _server!.DrainAsync(Soon()));
        Assert.Equal(["second COUNT 1 @1656581400"], _rig.Take().Describe());
        _server.Dispose();
        Assert.False(File.Exists(path));
    }

    [Fact]
    public async Task All_transports_at_once_are_drained_together()
    {
        int port = Start((Keys.DogStatsdSocket, PathOf("d")), (Keys.DogStatsdStreamSocket, PathOf("s")));
        using Socket udp = Udp(IPAddress.Loopback, port);
        using var datagrams = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        datagrams.Connect(new UnixDomainSocketEndPoint(PathOf("d")));
        using Socket stream = Stream(PathOf("s"));
        for (int round = 1; round <= 10; round++)
        {
            for (int i = 0; i < 20; i++)
            {
                udp.Send("x:1|c"u8);
                datagrams.Send("x:1|c"u8);
                stream.Send(Frame("x:1|c"u8));
            }

            Assert.True(await _server!.DrainAsync(Soon()));
            Assert.Equal(round * 60, _rig.Counters.Accepted);
        }

        Assert.Equal(["x COUNT 600 @1656581400"], _rig.Take().Describe());
    }

    [Fact]
    public void A1_a_socket_file_of_a_former_agent_is_replaced()
    {
        string path = PathOf("dsd.socket");
        using (var former = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified))
        {
            former.Bind(new UnixDomainSocketEndPoint(path));

            // A socket that is disposed takes its file along; a process that is killed does not.
            File.Move(path, path + ".kept");
        }

        File.Move(path + ".kept", path);
        Start((Keys.DogStatsdPort, "0"), (Keys.DogStatsdSocket, path));
        Assert.Equal("", Output);
    }

    /// <summary>Of the reference it ends the process.</summary>
    [Theory]
    [InlineData(Keys.DogStatsdSocket)]
    [InlineData(Keys.DogStatsdStreamSocket)]
    public async Task A1_a_transport_that_cannot_be_bound_is_said_and_costs_only_itself(string key)
    {
        string path = PathOf("taken");
        File.WriteAllText(path, "mine");
        int port = Start((key, path));
        Assert.Contains($"ERROR | DogStatsD: the socket {path} cannot be used", Output, StringComparison.Ordinal);
        Assert.Contains(key, Output, StringComparison.Ordinal);
        Assert.Equal("mine", File.ReadAllText(path));
        using Socket client = Udp(IPAddress.Loopback, port);
        await EverythingArrivesAsync(line => client.Send(line));
    }

    [Fact]
    public void A1_a_socket_of_a_living_agent_is_left_alone()
    {
        string path = PathOf("dsd.socket");
        using var living = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        living.Bind(new UnixDomainSocketEndPoint(path));
        living.Listen();
        Start((Keys.DogStatsdPort, "0"), (Keys.DogStatsdSocket, path));
        Assert.Contains("cannot be used", Output, StringComparison.Ordinal);
        using Socket client = Stream(path);
    }

    [Fact]
    public void A1_a_pipe_elsewhere_than_on_Windows_is_a_warning()
    {
        Start((Keys.DogStatsdPort, "0"), (Keys.DogStatsdWindowsPipe, "p"));
        Assert.Equal(!OperatingSystem.IsWindows(), Output.Contains("named pipes exist on Windows only", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A2_where_a_line_end_is_asked_for_a_last_line_without_is_left_out()
    {
        int port = Start((Keys.DogStatsdLineEndRequired, "udp"), (Keys.DogStatsdSocket, PathOf("d")));
        using Socket udp = Udp(IPAddress.Loopback, port);
        udp.Send("x:1|c\ny:1|c"u8);
        udp.Send("z:1|c\n"u8);
        using var datagrams = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        datagrams.Connect(new UnixDomainSocketEndPoint(PathOf("d")));
        datagrams.Send("u:1|c"u8);
        Assert.True(await _server!.DrainAsync(Soon()));
        Assert.Equal(["u COUNT 1 @1656581400", "x COUNT 1 @1656581400", "z COUNT 1 @1656581400"], _rig.Take().Describe());
        Assert.Equal(1, _rig.Aggregator.Refused(DogStatsdStatus.MissingLineEnd));
    }

    [Fact]
    public async Task Packets_are_forwarded_as_they_came()
    {
        using var other = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 10_000 };
        other.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        int port = Start((Keys.StatsdForwardHost, "127.0.0.1"), (Keys.StatsdForwardPort, $"{((IPEndPoint)other.LocalEndPoint!).Port}"));
        using Socket client = Udp(IPAddress.Loopback, port);
        client.Send("x:1|c\nnonsense"u8);
        Assert.True(await _server!.DrainAsync(Soon()));
        byte[] received = new byte[100];
        Assert.Equal("x:1|c\nnonsense", Encoding.UTF8.GetString(received, 0, other.Receive(received)));
        Assert.Equal(["x COUNT 1 @1656581400"], _rig.Take().Describe());
    }

    [Fact]
    public async Task A_forwarding_address_that_does_not_exist_costs_nothing()
    {
        int port = Start((Keys.StatsdForwardHost, "no-such-host.invalid"), (Keys.StatsdForwardPort, "1"));
        using Socket client = Udp(IPAddress.Loopback, port);
        await EverythingArrivesAsync(line => client.Send(line));
    }

    [Fact]
    public async Task A_forwarding_name_is_looked_up_beside_the_receiving()
    {
        // The name may stand for either address.
        using var other = new Socket(SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 50 };
        other.Bind(new IPEndPoint(other.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any, 0));
        int port = Start((Keys.StatsdForwardHost, "localhost"), (Keys.StatsdForwardPort, $"{((IPEndPoint)other.LocalEndPoint!).Port}"));
        using Socket client = Udp(IPAddress.Loopback, port);
        Deadline patience = Soon();
        int received = 0;
        while (received == 0 && !patience.HasPassed)
        {
            client.Send("x:1|c"u8);
            received = other.Receive(new byte[100], SocketFlags.None, out _);
        }

        Assert.True(await _server!.DrainAsync(Soon()));
        Assert.Equal(5, received);
        _rig.Take();
    }

    /// <summary>What the kernel throws away because nobody reads in time is counted: nothing is lost without a trace.</summary>
    [Fact]
    public async Task A1_datagrams_that_the_system_dropped_are_counted()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux tells.");
        int port = Bind((Keys.DogStatsdReceiveBuffer, "4096"));
        using Socket client = Udp(IPAddress.Loopback, port);
        const int Sent = 2000;
        for (int i = 0; i < Sent; i++)
        {
            client.Send("x:1|c"u8);
        }

        _server!.Start();
        Assert.True(await _server.DrainAsync(Soon()));
        long lost = _counters.Omitted(Omission.Datagram);
        Assert.InRange(lost, 1, Sent - 1);
        Assert.Equal(Sent, _rig.Counters.Accepted + lost);
        Assert.Contains("WARN | DogStatsD: the operating system dropped", Output, StringComparison.Ordinal);
        _rig.Take();
    }

    [Fact]
    public async Task More_connections_than_there_is_room_for_are_closed()
    {
        string path = PathOf("stream.socket");
        Start((Keys.DogStatsdPort, "0"), (Keys.DogStatsdStreamSocket, path));
        var clients = new List<Socket>();
        try
        {
            for (int i = 0; i < StreamListener.MostConnections + 1; i++)
            {
                clients.Add(Stream(path));
            }

            clients[^1].ReceiveTimeout = 10_000;
            Assert.Equal(0, clients[^1].Receive(new byte[1]));
            clients[0].Send(Frame("x:1|c"u8));
            Assert.True(await _server!.DrainAsync(Soon()));
            Assert.Equal(1, _rig.Counters.Accepted);
            _rig.Take();
        }
        finally
        {
            clients.ForEach(static client => client.Dispose());
        }
    }

    [Fact]
    public async Task Disposing_frees_every_address()
    {
        int port = Start((Keys.DogStatsdSocket, PathOf("d")), (Keys.DogStatsdStreamSocket, PathOf("s")));
        using Socket client = Stream(PathOf("s"));
        _server!.Dispose();
        _server.Dispose();
        Assert.False(await _server.DrainAsync(Soon()));
        Bind((Keys.DogStatsdPort, $"{port}"), (Keys.DogStatsdSocket, PathOf("d")), (Keys.DogStatsdStreamSocket, PathOf("s")));
        Assert.Equal("", Output);
    }

    public void Dispose()
    {
        _server?.Dispose();
        _rig.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private int Start(params (string, string)[] variables)
    {
        int port = Bind(variables);
        _server!.Start();
        return port;
    }

    private int Bind(params (string, string)[] variables)
    {
        DogStatsdSettings settings = Environments.Read([(Keys.DogStatsdPort, AgentRig.FreePort()), .. variables]).DogStatsd;
        _server = DogStatsdServer.Bind(settings, _rig.Aggregator, _counters, TimeProvider.System, new Log(LogLevel.Warn, _output));
        return settings.Port;
    }

    private async Task EverythingArrivesAsync(Action<byte[]> send)
    {
        for (int i = 0; i < 100; i++)
        {
            send("x:1:2|c|#a"u8.ToArray());
        }

        Assert.True(await _server!.DrainAsync(Soon()));
        Assert.Equal(["x COUNT 300 @1656581400 a"], _rig.Take().Describe());
        Assert.Equal((200, 0), (_rig.Counters.Accepted, _rig.Counters.DroppedInAll));
    }

    private string PathOf(string name) => Path.Combine(_directory, name);

    private static Socket Udp(IPAddress address, int port)
    {
        var client = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        client.Connect(address, port);
        return client;
    }

    private static Socket Stream(string path)
    {
        var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        client.Connect(new UnixDomainSocketEndPoint(path));
        return client;
    }

    private static byte[] Frame(ReadOnlySpan<byte> packet)
    {
        byte[] frame = new byte[4 + packet.Length];
        BinaryPrimitives.WriteInt32LittleEndian(frame, packet.Length);
        packet.CopyTo(frame.AsSpan(4));
        return frame;
    }

    private static Deadline Soon() => Deadline.In(TimeProvider.System, TimeSpan.FromSeconds(10));
}
