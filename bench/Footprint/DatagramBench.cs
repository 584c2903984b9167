using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Mayfly.Footprint;

/// <summary>
/// DogStatsD over UDP at a fixed rate, 5,000 contexts of all types: single-line datagrams, then packed ones. What it costs the whole process (the flush at the
/// end included), and what was lost on the way (design budget, rows on datagrams).
/// </summary>
internal sealed class DatagramBench(StartBench starter)
{
    private const int Contexts = 5000;
    private const int SingleRate = 150_000;
    public const int PackedRate = 20_000;

    /// <summary>What clients choose for UDP.</summary>
    private const int PacketBytes = 1432;

    private static readonly TimeSpan NextTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ListenTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan SettleTime = TimeSpan.FromSeconds(2);

    /// <param name="Messages">Metrics sent.</param>
    /// <param name="Datagrams">In so many datagrams.</param>
    /// <param name="PerSecond">Datagrams sent per second: on a busy machine the sender may not keep its rate.</param>
    /// <param name="LostDatagrams">Thrown away by the kernel, as the program did not read them in time.</param>
    /// <param name="MissingMessages">Sent, and not counted as accepted; null where datagrams were lost, and for a program that does not tell.</param>
    /// <param name="CpuUsPerMessage">Time of all its threads on a CPU.</param>
    public sealed record Phase(long Messages, long Datagrams, double PerSecond, long LostDatagrams, long? MissingMessages, double CpuUsPerMessage);

    public sealed record Result(Phase Single, Phase Packed);

    public Result Run(Subject subject, int seconds)
    {
        byte[][] lines = [.. Enumerable.Range(0, Contexts).Select(static i => Encoding.UTF8.GetBytes(Line(i)))];
        byte[][] packets = [.. Pack(lines)];
        return new Result(RunPhase(subject, lines, SingleRate, seconds), RunPhase(subject, packets, PackedRate, seconds));
    }

    /// <summary>A process of its own for each phase.</summary>
    private Phase RunPhase(Subject subject, byte[][] packets, int rate, int seconds)
    {
        var session = default(ExtensionsApi.Session);
        Child child;
        if (subject.IsExtension)
        {
            (child, session) = starter.StartExtension(subject);
        }
        else
        {
            child = starter.StartServer(subject);
        }

        using (child)
        using (var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp))
        using (var traffic = session is null ? null : new FunctionTraffic(session, new AgentPorts()))
        {
            WaitForPort(subject);
            socket.Connect(IPAddress.Loopback, subject.StatsdPort);
            var requestId = Guid.NewGuid().ToString();
            session?.Events.Add(FunctionTraffic.InvokeEvent(requestId));
            traffic?.Telemetry(FunctionTraffic.PlatformStart(requestId));

            // Contexts are known, and code is warm, when it counts.
            Send(socket, packets, packets.Length, rate / 10);
            Thread.Sleep(SettleTime);
            var cpuMs = Sample(child, subject).CpuMs;
            var lost = LostDatagrams(subject.StatsdPort);
            var accepted = Accepted(subject);
            var started = Stopwatch.GetTimestamp();
            var sent = Send(socket, packets, (long)rate * seconds, rate);
            var took = Stopwatch.GetElapsedTime(started).TotalSeconds;

            // Before the end of the invocation, which has metrics of its own.
            Thread.Sleep(SettleTime);
            var taken = Accepted(subject) - accepted;
            traffic?.Telemetry(FunctionTraffic.RuntimeDone(requestId));
            if (session is not null && !session.WaitNext(NextTimeout))
            {
                throw new InvalidOperationException($"{subject.Name}: no /event/next after {sent} datagrams");
            }

            Thread.Sleep(SettleTime);
            lost = LostDatagrams(subject.StatsdPort) - lost;
            var messages = MessagesIn(packets, sent);

            // What was in datagrams that are lost nobody knows: only without such a loss is the difference exact.
            var missing = lost == 0 ? messages - taken : null;
            return new Phase(messages, sent, sent / took, lost, missing, (Sample(child, subject).CpuMs - cpuMs) * 1000 / messages);
        }
    }

    /// <summary>Sends at an even rate, the packets in turn; returns how many.</summary>
    public static long Send(Socket socket, byte[][] packets, long count, int perSecond)
    {
        var started = Stopwatch.GetTimestamp();
        long sent = 0;
        while (sent < count)
        {
            var due = Math.Min(count, (long)(Stopwatch.GetElapsedTime(started).TotalSeconds * perSecond));
            for (; sent < due; sent++)
            {
                socket.Send(packets[sent % packets.Length]);
            }

            Thread.Sleep(1);
        }

        return sent;
    }

    public static long MessagesIn(byte[][] packets, long sent)
    {
        var counts = packets.Select(static packet => packet.Count(static one => one == '\n') + 1L).ToArray();
        return counts.Sum() * (sent / packets.Length) + counts.Take((int)(sent % packets.Length)).Sum();
    }

    /// <summary>A metric of context <paramref name="i"/>; of ten, four counts, two gauges, three distributions, one timing.</summary>
    public static string Line(int i) => (i % 10) switch
    {
        < 4 => $"shop.orders.count:{i % 7}|c|#env:prod,service:shop,shelf:{i}",
        < 6 => string.Create(CultureInfo.InvariantCulture, $"shop.queue.depth:{i * 0.25}|g|#env:prod,service:shop,shelf:{i}"),
        < 9 => string.Create(CultureInfo.InvariantCulture, $"shop.order.value:{i * 0.5}|d|#env:prod,service:shop,shelf:{i}"),
        _ => $"shop.order.time:{i % 90}|ms|#env:prod,service:shop,shelf:{i}",
    };

    public static IEnumerable<byte[]> Pack(byte[][] lines)
    {
        var packet = new List<byte>(PacketBytes);
        foreach (var line in lines)
        {
            if (packet.Count > 0 && packet.Count + 1 + line.Length > PacketBytes)
            {
                yield return [.. packet];
                packet.Clear();
            }

            if (packet.Count > 0)
            {
                packet.Add((byte)'\n');
            }

            packet.AddRange(line);
        }

        yield return [.. packet];
    }

    public static ProcessSample Sample(Child child, Subject subject) => child.Sample() ?? throw new InvalidOperationException($"{subject.Name} has ended");

    /// <summary>A program that answers HTTP need not listen for datagrams yet.</summary>
    public static void WaitForPort(Subject subject)
    {
        var started = Stopwatch.GetTimestamp();
        while (!Sockets(subject.StatsdPort).Any())
        {
            if (Stopwatch.GetElapsedTime(started) > ListenTimeout)
            {
                throw new InvalidOperationException($"it does not listen on UDP port {subject.StatsdPort} within {ListenTimeout.TotalSeconds} s");
            }

            Thread.Sleep(5);
        }
    }

    /// <summary>Of all sockets at that port: the last column of <c>/proc/net/udp</c>.</summary>
    public static long LostDatagrams(int port) => Sockets(port).Sum(static columns => long.Parse(columns[^1], CultureInfo.InvariantCulture));

    /// <summary>Columns of the UDP sockets bound to that port.</summary>
    private static IEnumerable<string[]> Sockets(int port)
    {
        var suffix = ":" + port.ToString("X4", CultureInfo.InvariantCulture);
        return File.ReadLines("/proc/net/udp")
            .Concat(File.ReadLines("/proc/net/udp6"))
            .Select(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(columns => columns.Length > 2 && columns[1].EndsWith(suffix, StringComparison.Ordinal));
    }

    private static long? Accepted(Subject subject)
    {
        if (!subject.IsExtension)
        {
            return null;
        }

        return Counters().Accepted;
    }

    /// <summary>Samples that the agent has accepted, and those of them that it has dropped.</summary>
    public static (long Accepted, long Dropped) Counters()
    {
        using var traces = new HttpConnection(new AgentPorts().Traces);
        using var page = JsonDocument.Parse(Encoding.UTF8.GetString(traces.Send("GET", "/debug/mayfly", "", []).Body));
        var metrics = page.RootElement.GetProperty("metrics");
        return (metrics.GetProperty("accepted").GetInt64(), metrics.GetProperty("dropped").EnumerateObject().Sum(static one => one.Value.GetInt64()));
    }
}
