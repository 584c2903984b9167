using System.Text;
using BenchmarkDotNet.Attributes;
using Mayfly.Platforms.Lambda.Triggers;

namespace Mayfly.Benchmarks.Triggers;

/// <summary>Events of the largest size that Lambda passes on, 6 MiB: what costs is the check that they are JSON.</summary>
[MemoryDiagnoser]
public class LargeEventBenchmarks
{
    private const int SizeBytes = 6 * 1024 * 1024;

    private static readonly TriggerSettings Settings = new() { Region = "eu-west-1", AccountId = "111122223333" };

    private static readonly string Record = """{"eventSource":"aws:sqs","body":"hello","attributes":{"SentTimestamp":"1700000000000"}}""";

    private byte[] _event = [];

    [Params("text", "records", "numbers")]
    public string Content { get; set; } = "";

    [GlobalSetup]
    public void SetUp() => _event = Encoding.UTF8.GetBytes(Content switch
    {
        "text" => $$"""{"Records":[{"eventSource":"aws:sqs","body":"{{new string('x', SizeBytes)}}"}]}""",
        "records" => $$"""{"Records":[{{string.Join(',', Enumerable.Repeat(Record, SizeBytes / 90))}}]}""",
        _ => $$"""{"Records":[{"eventSource":"aws:sqs"}],"x":[{{string.Join(',', Enumerable.Repeat("0", SizeBytes / 2))}}]}""",
    });

    [Benchmark]
    public Trigger? Read() => TriggerReader.Read(_event, Settings);
}
