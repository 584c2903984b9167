using System.Text;
using BenchmarkDotNet.Attributes;
using Mayfly.Patterns;

namespace Mayfly.Benchmarks.Logs;

/// <summary>
/// A line of 200 KB that was made for it, against ten patterns that take exponential or quadratic time in engines that go back. Budget: 100 ms for all ten.
/// </summary>
[MemoryDiagnoser]
public class HostilePatternBenchmarks
{
    private readonly List<Pattern> _patterns = [];
    private byte[] _line = [];

    [Params("a…!", "blanks", "words")]
    public string Text { get; set; } = "a…!";

    [GlobalSetup]
    public void Setup()
    {
        _line = Encoding.UTF8.GetBytes(Text switch
        {
            "blanks" => new string(' ', 200_000) + "x",
            "words" => string.Concat(Enumerable.Repeat("ax y=b", 33_333)),
            _ => new string('a', 199_990) + "b!\u0001=x",
        });
        string[] catastrophic =
        [
            "(a+)+$", "([a-zA-Z]+)*$", "(a|aa)+$", "(a|a?)+$", "(.*a){25}b",
            "^(([a-z])+.)+[A-Z]([a-z])+$", "(x+x+)+y", "(.*)*=.*;", "\\s+$", "(\\w+\\s?)*\\x01",
        ];
        foreach (string expression in catastrophic)
        {
            if (!Pattern.TryParse(expression, out Pattern? pattern, out string? error))
            {
                throw new InvalidOperationException($"{expression}: {error}");
            }

            _patterns.Add(pattern);
        }
    }

    [Benchmark]
    public int AllTen() => _patterns.Count(pattern => pattern.IsMatch(_line));
}
