using Mayfly.Local.Intake;
using Mayfly.Traces.Stats;
using Mayfly.Wire;
using Xunit;

namespace Mayfly.Tests.Traces.Stats;

/// <summary>docs/spec/03-traces.md#44-ddsketch</summary>
public class LatencySketchTests
{
    /// <summary>The grid's promise, (γ − 1) / (γ + 1).</summary>
    private const double RelativeAccuracy = 0.007751937984496124;

    private static ByteBudget Plenty => new(long.MaxValue);

    public static TheoryData<string, long[], string> Vectors => new()
    {
        { "none", [], "0a1209000000000040f03f110000000000ea944012001a00" },
        { "5,000,000", [5_000_000], "0a1209000000000040f03f110000000000ea9440120d1208000000000000f03f18ba241a00" },
        { "5,000,000 x2", [5_000_000, 5_000_000], "0a1209000000000040f03f110000000000ea9440120d1208000000000000004018ba241a00" },
        { "20,000,000", [20_000_000], "0a1209000000000040f03f110000000000ea9440120d1208000000000000f03f18ec251a00" },
        { "0 (made)", [0, 0], "0a1209000000000040f03f110000000000ea944012001a00210000000000000040" },
    };

    [Theory]
    [MemberData(nameof(Vectors))]
    public void Vector_4_4_bytes(string row, long[] values, string bytes)
    {
        Assert.NotEmpty(row);
        LatencySketch? sketch = values.Length == 0 ? null : Sketch(values);
        Assert.Equal(bytes, Convert.ToHexStringLower(Encode(sketch)));
        Assert.Equal(bytes, Convert.ToHexStringLower(Encode(sketch ?? new LatencySketch())));
    }

    [Theory]
    [InlineData(1, 1338)]
    [InlineData(100, 1635)]
    [InlineData(1_000, 1784)]
    [InlineData(1_000_000, 2229)]
    [InlineData(1_000_000_000, 2675)]
    [InlineData(5_000_000, 2333)]
    [InlineData(20_000_000, 2422)]
    public void Vector_4_4_index(long value, int index)
    {
        Assert.Equal(index, LatencySketch.KeyOf(value));
        Assert.Equal([index], Decode(Sketch(value)).Bins.Keys);
    }

    [Fact]
    public void Vector_4_4_two_values_span_46_bins()
    {
        byte[] bytes = Encode(Sketch(5_000_000, 10_000_000));
        ReceivedLatencies read = Decode(bytes);
        Assert.Equal(new Dictionary<int, double> { [2333] = 1, [2378] = 1 }, read.Bins);
        Assert.Equal(2 + 18 + 3 + (3 + 46 * 8 + 3) + 2, bytes.Length);
    }

    [Fact]
    public void Weights_are_no_whole_numbers_and_zeros_are_apart()
    {
        var sketch = new LatencySketch();
        sketch.Add(5_000_000, 2.5, Plenty);
        sketch.Add(5_000_000, 0.25, Plenty);
        sketch.Add(0, 1.5, Plenty);
        ReceivedLatencies read = Decode(sketch);
        Assert.Equal((2.75, 1.5, 4.25), (read.Bins[2333], read.ZeroCount, read.Count));
        sketch.Clear();
        Assert.Equal(0, Decode(sketch).Count);
    }

    /// <summary>Whatever the values, their order and number: no quantile is off by more than the grid's promise.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void Property_quantiles_are_within_the_relative_accuracy(int seed)
    {
        var random = new Random(seed);
        long[] values = [.. Enumerable.Range(0, random.Next(1, 5000)).Select(_ => random.Next(20) == 0 ? 0 : (long)Math.Exp(random.NextDouble() * 30))];
        ReceivedLatencies read = Decode(Sketch(values));
        Array.Sort(values);
        Assert.Equal(values.Length, read.Count);
        foreach (double q in new[] { 0, 0.01, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1 })
        {
            double exact = values[(int)Math.Floor(q * (values.Length - 1))];
            Assert.InRange(read.Quantile(q), exact * (1 - RelativeAccuracy - 1e-9), exact * (1 + RelativeAccuracy + 1e-9));
        }
    }

    /// <summary>At most 2,048 bins: the lowest collapse, whichever came first, and nothing is lost.</summary>
    [Theory]
    [InlineData(new long[] { 1, 2, 3, long.MaxValue })]
    [InlineData(new long[] { long.MaxValue, 1, 3, 2 })]
    [InlineData(new long[] { 1, long.MaxValue, 2, 3 })]
    [InlineData(new long[] { 1, 1_000_000, 3, long.MaxValue, 2, 4 })]
    public void The_lowest_bins_collapse(long[] values)
    {
        var sketch = new LatencySketch();
        foreach (long value in values)
        {
            sketch.Add(value, 1, Plenty);
        }

        ReceivedLatencies read = Decode(sketch);
        int highest = LatencySketch.KeyOf(long.MaxValue);
        int lowest = highest - (LatencySketch.MaxBins - 1);
        Assert.Equal(values.Length, read.Count);
        Assert.All(read.Bins.Keys, key => Assert.InRange(key, lowest, highest));
        Assert.Equal(1, read.Bins[highest]);
        Assert.Equal(values.Count(value => LatencySketch.KeyOf(value) <= lowest), read.Bins[lowest]);
    }

    [Fact]
    public void Every_bin_at_once_is_2048_of_them()
    {
        var sketch = new LatencySketch();
        var random = new Random(7);
        int[] keys = [.. Enumerable.Range(0, 3000).OrderBy(_ => random.Next())];
        foreach (int key in keys)
        {
            sketch.Add((long)Math.Pow(LatencySketch.Gamma, key), 1, Plenty);
        }

        ReceivedLatencies read = Decode(sketch);
        Assert.InRange(read.Bins.Count, 1, LatencySketch.MaxBins);
        Assert.Equal(keys.Length, read.Count);
        Assert.True(read.Bins.Keys.Max() - read.Bins.Keys.Min() < LatencySketch.MaxBins);
    }

    /// <summary>Without room for another bin a value counts in the nearest one; the budget is not overdrawn.</summary>
    [Fact]
    public void A_spent_budget_costs_accuracy_and_no_count()
    {
        var sketch = new LatencySketch();
        var none = new ByteBudget(0);
        for (int i = 0; i < 40; i++)
        {
            sketch.Add(1L << i, 1, none);
        }

        ReceivedLatencies read = Decode(sketch);
        Assert.Equal(40, read.Count);
        Assert.Equal(0, none.UsedBytes);
        Assert.Equal(sketch.SizeBytes / 10, read.Bins.Count);
    }

    private static LatencySketch Sketch(params long[] values)
    {
        var sketch = new LatencySketch();
        var budget = Plenty;
        Array.ForEach(values, value => sketch.Add(value, 1, budget));
        return sketch;
    }

    private static ReceivedLatencies Decode(LatencySketch sketch) => Decode(Encode(sketch));

    /// <summary>By way of the intake's decoder: a group with this summary.</summary>
    private static ReceivedLatencies Decode(byte[] summary)
    {
        byte[] body = new Mayfly.Testing.MsgPackWriter().Map(1).Str("Stats").Array(1).Map(1).Str("Stats").Array(1).Map(1).Str("Stats").Array(1)
            .Map(1).Str("OkSummary").Bin(summary).ToArray();
        return Assert.Single(StatsDecoder.Decode(body)).Ok;
    }

    private static byte[] Encode(LatencySketch? sketch)
    {
        using PooledBuffer buffer = PooledBuffer.Rent();
        LatencySketch.Write(new MsgPackEncoder(buffer), sketch);
        return (byte[])MsgPackDecoder.Decode(buffer.WrittenSpan)!;
    }
}
