using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Mayfly.Footprint;

/// <summary>
/// DogStatsD over UDP, packed datagrams, with few and with many contexts: whether the cost of a message has a cliff, and whether memory grows with messages
/// (docs/spec/04-metrics-logs.md A.7). Every million messages is an invocation, with the flush at its end.
/// </summary>
internal sealed class ContextBench(StartBench starter)
{
    private const int MessagesPerInvocation = 1_000_000;
    private const int LongRun = 5000;

    /// <summary>Further contexts would be left out, which costs less.</summary>
    private const int DefaultLimit = 10_240;

    private static readonly KeyValuePair<string, string>[] LimitLifted = [KeyValuePair.Create("MAYFLY_MAX_METRIC_CONTEXTS", "65536")];
    private static readonly int[] Counts = [500, LongRun, 20_000];
    private static readonly TimeSpan NextTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan SettleTime = TimeSpan.FromSeconds(1);

    /// <param name="Contexts">Different metrics.</param>
    /// <param name="Messages">Sent, those of the first invocation not counted.</param>
    /// <param name="CpuUsPerMessage">Time of all threads on a CPU, flushes included.</param>
    /// <param name="LostDatagrams">Thrown away by the kernel.</param>
    /// <param name="Dropped">Samples that the agent dropped, all invocations.</param>
    /// <param name="RssBytes">After the flush of each invocation.</param>
    public sealed record Phase(int Contexts, long Messages, double CpuUsPerMessage, long LostDatagrams, long Dropped, IReadOnlyList<long> RssBytes);

    /// <param name="subject">The agent.</param>
    /// <param name="millions">Of messages, over 5,000 contexts; the others get one.</param>
    public IReadOnlyList<Phase> Run(Subject subject, int millions) =>
    [
        .. Counts.Select(contexts => RunPhase(contexts <= DefaultLimit ? subject : subject.With(LimitLifted), contexts, contexts == LongRun ? millions : 1)),
    ];

    private Phase RunPhase(Subject subject, int contexts, int millions)
    {
        byte[][] packets = [.. DatagramBench.Pack([.. Enumerable.Range(0, contexts).Select(static i => Encoding.UTF8.GetBytes(DatagramBench.Line(i)))])];
        var perPacket = DatagramBench.MessagesIn(packets, packets.Length) / (double)packets.Length;
        var perInvocation = (long)(MessagesPerInvocation / perPacket);
        var (child, session) = starter.StartExtension(subject);
        using (child)
        using (var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp))
        using (var traffic = new FunctionTraffic(session, new AgentPorts()))
        {
            DatagramBench.WaitForPort(subject);
            socket.Connect(IPAddress.Loopback, subject.StatsdPort);
            List<long> rss = [];
            var cpuMs = 0.0;

            // One more than counts: code is warm, and buffers have their size, after the first.
            for (var invocation = 0; invocation <= millions; invocation++)
            {
                if (invocation == 1)
                {
                    cpuMs = DatagramBench.Sample(child, subject).CpuMs;
                }

                var requestId = Guid.NewGuid().ToString();
                session.Events.Add(FunctionTraffic.InvokeEvent(requestId));
                traffic.Telemetry(FunctionTraffic.PlatformStart(requestId));
                DatagramBench.Send(socket, packets, perInvocation, DatagramBench.PackedRate);
                Thread.Sleep(SettleTime);
                traffic.Telemetry(FunctionTraffic.RuntimeDone(requestId));
                if (!session.WaitNext(NextTimeout))
                {
                    throw new InvalidOperationException($"{subject.Name}: no /event/next after an invocation with {perInvocation} datagrams");
                }

                rss.Add(DatagramBench.Sample(child, subject).RssBytes);
            }

            var messages = DatagramBench.MessagesIn(packets, perInvocation) * millions;
            var usedMs = DatagramBench.Sample(child, subject).CpuMs - cpuMs;
            return new Phase(contexts, messages, usedMs * 1000 / messages, DatagramBench.LostDatagrams(subject.StatsdPort), DatagramBench.Counters().Dropped, rss);
        }
    }
}
