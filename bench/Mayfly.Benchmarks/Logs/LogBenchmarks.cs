using System.Text;
using BenchmarkDotNet.Attributes;
using Mayfly.Config;
using Mayfly.Diagnostics;
using Mayfly.Intake;
using Mayfly.Logs;

namespace Mayfly.Benchmarks.Logs;

/// <summary>
/// 1,000,000 bytes of log lines into events that are ready to be sent, through two masking rules. Budget: ≥ 100 MB/s, that is 10 ms, and 0 B per line; the
/// ratio is that to copying the lines.
/// </summary>
[MemoryDiagnoser]
public class LogBenchmarks
{
    private const int Bytes = 1_000_000;

    private static readonly string[] Lines =
    [
        "2023-01-07T03:23:47.123Z\t8f5f3c1e-7a1c-4d2e-9e52-0c8bb0d3a7f1\tINFO\torder 4711 of customer 815 accepted in 12.5 ms, total 99.90 EUR, items 3\n",
        """{"level":"INFO","timestamp":"2023-01-07T03:23:47.123Z","requestId":"8f5f3c1e-7a1c-4d2e-9e52-0c8bb0d3a7f1","message":{"event":"payment","id":9}}""",
        "\tat com.example.orders.OrderService.accept(OrderService.java:128) ~[app.jar:1.2.3]\n",
        "GET /api/orders/4711?expand=items HTTP/1.1 200 1532 \"Mozilla/5.0 (X11; Linux x86_64)\" 0.012\n",
    ];

    private readonly List<IntakePayload> _payloads = [];
    private readonly List<byte[]> _lines = [];
    private readonly byte[] _copy = new byte[64 * 1024];
    private LogBuffer _buffer = null!;

    /// <summary>Patterns with a literal that most lines lack, or without any.</summary>
    [Params("none", "words", "numbers")]
    public string Rules { get; set; } = "words";

    /// <summary>Lines in a hundred that hold a secret for each rule.</summary>
    [Params(0, 10)]
    public int Secrets { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        string rules = Rules switch
        {
            "words" => $"""[{Mask("(?i)password[=:]\\\\s*\\\\S+")},{Mask("[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\\\\.[A-Za-z]+")}]""",
            "numbers" => $"""[{Mask("\\\\b\\\\d{4}-\\\\d{4}-\\\\d{4}-\\\\d{4}\\\\b")},{Mask("\\\\b\\\\d{3}-\\\\d{2}-\\\\d{4}\\\\b")}]""",
            _ => "[]",
        };
        var settings = Settings.Read(new EnvReader(key => key == Keys.LogProcessingRules ? rules : null));
        _buffer = new LogBuffer(new LogSettings(), new SignalCounters())
        {
            Identity = new LogIdentity("arn:aws:lambda:us-east-1:123456789012:function:orders", "orders", "env:prod,functionname:orders,region:us-east-1"),
            Rules = ProcessingRules.From(settings.LogRules, Log.Silent),
        };
        int secretEvery = Secrets == 0 ? int.MaxValue : 100 / Secrets;
        for (int i = 0, left = Bytes; left > 0; i++)
        {
            string line = Lines[i % Lines.Length];
            string secrets = i % secretEvery == 1 ? "login of bob@example.com with password=hunter2, card 4111-1111-1111-1111, ssn 078-05-1120; " : "";
            byte[] bytes = Encoding.UTF8.GetBytes(secrets + line);
            _lines.Add(bytes[..Math.Min(left, bytes.Length)]);
            left -= bytes.Length;
        }

        Process();
    }

    [Benchmark(Baseline = true)]
    public void Copy()
    {
        int at = 0;
        foreach (byte[] line in _lines)
        {
            at = at + line.Length > _copy.Length ? 0 : at;
            line.CopyTo(_copy, at);
            at += line.Length;
        }
    }

    [Benchmark]
    public void Process()
    {
        foreach (byte[] line in _lines)
        {
            _buffer.TryAdd(line, 1673061827000, LogStatus.Info, "8f5f3c1e-7a1c-4d2e-9e52-0c8bb0d3a7f1"u8);
        }

        _buffer.TakePayloads(_payloads);
        _payloads.ForEach(static payload => payload.Dispose());
        _payloads.Clear();
    }

    private static string Mask(string pattern) => $$"""{"type":"mask_sequences","name":"n","pattern":"{{pattern}}","replace_placeholder":"***"}""";
}
