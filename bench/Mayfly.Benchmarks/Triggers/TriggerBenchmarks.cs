using BenchmarkDotNet.Attributes;
using Mayfly.Platforms.Lambda.Triggers;

namespace Mayfly.Benchmarks.Triggers;

/// <summary>
/// One event of each source, from bytes to <see cref="Trigger"/> (<see cref="Read"/>), and on to finished spans (<see cref="ReadAndComplete"/>): what an
/// invocation costs.
/// The events are those of <c>samples/events/sources</c>.
/// </summary>
[MemoryDiagnoser]
public class TriggerBenchmarks
{
    private static readonly TriggerSettings Settings = new()
    {
        Region = "eu-west-1",
        AccountId = "111122223333",
        FunctionName = "orders-fn",
        Service = "orders",
    };

    private static readonly InvocationOutcome Outcome = new()
    {
        TraceId = 1001,
        UpstreamSpanId = 2002,
        StartNs = 1_700_000_001_000_000_000,
        DurationNs = 250_000_000,
        Error = 0,
        Service = "orders",
    };

    private byte[] _event = [];

    public static IEnumerable<string> Sources => Directory.GetFiles(Folder, "*.json").Select(Path.GetFileNameWithoutExtension).Order(StringComparer.Ordinal)!;

    [ParamsSource(nameof(Sources))]
    public string Source { get; set; } = "";

    [GlobalSetup]
    public void SetUp() => _event = File.ReadAllBytes(Path.Combine(Folder, Source + ".json"));

    [Benchmark]
    public Trigger? Read() => TriggerReader.Read(_event, Settings);

    [Benchmark]
    public FinishedSpan[] ReadAndComplete() => InferredSpans.Complete(TriggerReader.Read(_event, Settings)!, Outcome, Settings, [1, 2, 3]);

    /// <summary>BenchmarkDotNet runs a copy of the program in a folder of its own, below the repository.</summary>
    private static string Folder
    {
        get
        {
            DirectoryInfo? directory = new(AppContext.BaseDirectory);
            while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "Mayfly.slnx")))
            {
                directory = directory.Parent;
            }

            string root = directory?.FullName ?? throw new InvalidOperationException("The benchmarks run outside of the repository.");
            return Path.Combine(root, "samples/events/sources");
        }
    }
}
