namespace Mayfly.EndToEnd.Reference;

/// <summary>DogStatsD packets that a seed stands for: every type and field, in any order, and what is not allowed.</summary>
internal sealed class RandomPackets
{
    private static readonly string[] Values =
    [
        "1", "2.5", "-3", "+5", "1e3", "0", "0.001", "7", "40", "1000000", "1.", ".5", "1e-10", "-0", "abc", "", "1:2:3", "4:4", "1:", "1:z", ":1",
        " 1", "1_0", "0x10", "1e", "--1", "1,5",
    ];

    private static readonly string[] Types = ["c", "c", "c", "g", "g", "d", "d", "d", "h", "ms", "s", "z", "", "C", "m", "dd"];
    private static readonly string[] Rates = ["@0.5", "@0.1", "@1", "@0.3", "@2", "@0", "@-1", "@abc", "@"];

    private static readonly string[] TagLists =
    [
        "#a:b", "#env:a,y:1,env:a", "#b:2,a:1", "#a,a", "#a,,c:", "#", "#only", "#url:http://h:80", "#é:日本",
        "#a b:c d", "#A:B,a:b", "#:v", "#,", "#a:1,a:2", "#k:", "#101 tags",
    ];

    private static readonly string[] Times = ["T1656581395", "T1656581395.6", "T1656581399.9", "T9999999999", "T", "Tabc", "T1656581400"];
    private static readonly string[] Others = ["", "zzz", "c:ci-abc", "e:it-false", "card:low", "unknown:1"];

    private static readonly string[] OddPackets =
    [
        ":1|c", "x|c", "x:|c", "x:1", "x:1|", "x", "|", ":", "x:1|c⏎bad⏎x.b:2|g⏎", "x:1|c\\r⏎", "x:1|c⏎\\xff", "x:1|g|#a:\\xff", "⏎⏎x:1|c",
        "_sc|x|0", "_sc|x|2|#a:b|m:text",
        "_e{1,4}:x|text", "_e{1,4}:x|text|t:error|#a:b", "aws.lambda.enhanced.invocations.x:1|d", "aws.lambda.enhanced.x:1|c",
        "x y:1|c", "é.x:1|c", "x:1|c|#a|#b", "x:1|c|@0.5|@0.1",
        "x:1|c||#a|zzz", "x:1|c|T1656581395|T1656581405", "x:u|s⏎x:v|s", "x:1|c⏎x:2|c⏎x:3|c|#a",
        "x:1|d⏎x:2|d⏎x:-2|d⏎x:0|d", "x:5|g⏎x:7|g⏎x:6|g",
    ];

    private readonly Random _random;
    private int _odd;

    public RandomPackets(int seed)
    {
#pragma warning disable CA5394 // Chance that is the same in each run.
        _random = new Random(seed);
#pragma warning restore CA5394
    }

    public IReadOnlyList<MetricPacket> Take(int count) => [.. Enumerable.Range(0, count).Select(_ => Packet())];

    private MetricPacket Packet() => Next(5) == 0
        ? new MetricPacket(OddPackets[_odd++ % OddPackets.Length])
        : new MetricPacket(string.Join('⏎', Enumerable.Range(0, 1 + Next(3)).SelectMany(Lines)));

    /// <summary>Of one context: a name has one type, as the agents differ about names that have several.</summary>
    private IEnumerable<string> Lines(int name)
    {
        string type = Pick(Types);
        string[] fields = [.. Some(3, Rates), .. Some(2, TagLists), .. Some(4, Times), .. Some(4, Others)];
        _random.Shuffle(fields);
        string end = string.Concat(fields.Select(static field => "|" + field));
        return Enumerable.Range(0, 1 + Next(2)).Select(_ => $"{(name == 0 ? "x" : $"x.{name}")}:{Pick(Values)}|{type}{end}");
    }

    private IEnumerable<string> Some(int oneIn, string[] from) => Next(oneIn) == 0 ? [Pick(from)] : [];

    private string Pick(string[] from) => from[Next(from.Length)];

#pragma warning disable CA5394
    private int Next(int below) => _random.Next(below);
#pragma warning restore CA5394
}
