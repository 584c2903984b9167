using System.Text;
using BenchmarkDotNet.Attributes;
using Mayfly.Diagnostics;
using Mayfly.Intake;
using Mayfly.Metrics;

namespace Mayfly.Benchmarks.Metrics;

/// <summary>
/// DogStatsD datagrams to aggregates, known contexts: time and bytes per message. Budget: ≤ 0.5 µs and 0 B.
/// A packed datagram holds as many messages as fit into 1,432 bytes, what clients choose for UDP.
/// </summary>
[MemoryDiagnoser]
public class DogStatsdBenchmarks
{
    private const int PacketBytes = 1432;
    private const int Packets = 64;
    private const int Messages = 1000;

    private readonly List<IntakePayload> _payloads = [];
    private MetricAggregator _aggregator = null!;
    private byte[][] _packets = null!;
    private byte[][] _single = null!;

    /// <summary>Which messages: one type only, or what an application with all types sends.</summary>
    [Params("c", "d", "mixed")]
    public string Types { get; set; } = "mixed";

    [GlobalSetup]
    public void Setup()
    {
        _aggregator = new MetricAggregator(new MetricSettings(), new SignalCounters(), TimeProvider.System);
        string[] lines = [.. Enumerable.Range(0, Messages).Select(Line)];
        _single = [.. lines.Select(Encoding.UTF8.GetBytes)];
        _packets = [.. Pack(lines)];
    }

    [IterationSetup]
    public void Warm()
    {
        // The bucket of the wall clock moves on: the contexts of this iteration are made before it.
        Flush();
        Packed();
    }

    [Benchmark(OperationsPerInvoke = Packets * Messages)]
    public void Packed()
    {
        for (int i = 0; i < Packets; i++)
        {
            foreach (byte[] packet in _packets)
            {
                _aggregator.AcceptPacket(packet);
            }
        }
    }

    [Benchmark(OperationsPerInvoke = Packets * Messages)]
    public void OneMessagePerPacket()
    {
        for (int i = 0; i < Packets; i++)
        {
            foreach (byte[] packet in _single)
            {
                _aggregator.AcceptPacket(packet);
            }
        }
    }

    private static IEnumerable<byte[]> Pack(string[] lines)
    {
        var packet = new StringBuilder();
        foreach (string line in lines)
        {
            if (packet.Length + line.Length + 1 > PacketBytes)
            {
                yield return Encoding.UTF8.GetBytes(packet.ToString());
                packet.Clear();
            }

            packet.Append(packet.Length > 0 ? "\n" : "").Append(line);
        }

        yield return Encoding.UTF8.GetBytes(packet.ToString());
    }

    private string Line(int i)
    {
        string type = Types == "mixed" ? (i % 10) switch { < 4 => "c", < 6 => "g", < 9 => "d", _ => "ms" } : Types;
        string tags = $"service:checkout,env:prod,version:1.4.2,region:eu-central-1,status:{200 + i % 5},handler:h{i % 20}";
        return FormattableString.Invariant($"shop.request.{type}{i % 4}:{i % 250 + 0.25}|{type}|#{tags}");
    }

    private void Flush()
    {
        _aggregator.TakePayloads(_payloads);
        _payloads.ForEach(static payload => payload.Dispose());
        _payloads.Clear();
    }
}
