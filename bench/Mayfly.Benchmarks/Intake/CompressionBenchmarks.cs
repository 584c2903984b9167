using System.Runtime.InteropServices;
using BenchmarkDotNet.Attributes;
using Mayfly.Compression;
using Mayfly.Intake;
using Mayfly.Wire;

namespace Mayfly.Benchmarks.Intake;

/// <summary>
/// One body of what a flush sends, through gzip and zstd of the default level, and zstd of others; how long the results are is printed. The library is the
/// system's, which is compiled for speed throughout: docs/decisions/0010-compression.md has numbers of the one that is linked into the agent.
/// </summary>
[MemoryDiagnoser]
public class CompressionBenchmarks
{
    private byte[] _body = [];

    [Params(IntakeKind.Traces, IntakeKind.Logs, IntakeKind.Series, IntakeKind.Sketches)]
    public IntakeKind Kind { get; set; }

    /// <summary>Spans, lines, or metric contexts; some 10 and 100 KB.</summary>
    [Params(25, 250)]
    public int Items { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        nint library = NativeLibrary.Load("libzstd.so.1");
        NativeLibrary.SetDllImportResolver(typeof(Zstd).Assembly, (name, _, _) => name == Zstd.Library ? library : 0);
        _body = SampleBodies.Of(Kind, Items);
        Console.WriteLine($"{_body.Length} bytes: gzip {Gzip3()}, zstd {Zstd1()}, {Zstd3()}, {Zstd9()} at levels 1, 3, 9");
    }

    [Benchmark(Baseline = true)]
    public int Gzip3()
    {
        using PooledBuffer compressed = Gzip.Compress(_body, 3);
        return compressed.Length;
    }

    [Benchmark]
    public int Zstd1() => LengthOf(1);

    [Benchmark]
    public int Zstd3() => LengthOf(3);

    [Benchmark]
    public int Zstd9() => LengthOf(9);

    private int LengthOf(int level)
    {
        if (!Zstd.TryCompress(_body, level, out PooledBuffer? compressed))
        {
            throw new InvalidOperationException("zstd failed");
        }

        using (compressed)
        {
            return compressed.Length;
        }
    }
}
