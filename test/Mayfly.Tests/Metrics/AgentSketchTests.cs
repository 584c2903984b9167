using Mayfly.Metrics;
using Xunit;

namespace Mayfly.Tests.Metrics;

/// <summary>docs/spec/04-metrics-logs.md B.1 and B.2.</summary>
public class AgentSketchTests
{
    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(1e-10, 0, 0)]
    [InlineData(1e-9, 1, 9.9418540891e-10)]
    [InlineData(0.001, 892, 0.00099291331377)]
    [InlineData(0.5, 1293, 0.49773454108)]
    [InlineData(1, 1338, 1)]
    [InlineData(-1, -1338, -1)]
    [InlineData(2, 1383, 2.0091030810)]
    [InlineData(3, 1409, 3.0065620324)]
    [InlineData(10, 1487, 10.075671884)]
    [InlineData(40, 1576, 40.044702618)]
    [InlineData(100, 1635, 99.957330625)]
    [InlineData(123.45, 1649, 124.18867884)]
    [InlineData(1000, 1784, 1007.1372658)]
    [InlineData(1e6, 2229, 998720.46488)]
    [InlineData(1e9, 2675, 1005848598.3)]
    [InlineData(-5, -1442, -5.0150099213)]
    [InlineData(1e300, 32767, double.PositiveInfinity)]
    public void B1_keys(double value, int key, double middle)
    {
        Assert.Equal(key, SketchKey.Of(value));
        double found = SketchKey.ToValue(key);
        Assert.True(found == middle || Math.Abs(found - middle) <= Math.Abs(middle) * 1e-10, $"{found:R}");
    }

    [Fact]
    public void B1_keys_of_1_to_10() =>
        Assert.Equal([1338, 1383, 1409, 1427, 1442, 1454, 1464, 1472, 1480, 1487], Enumerable.Range(1, 10).Select(static i => SketchKey.Of(i)));

    [Fact]
    public void B1_the_key_of_a_keys_value_is_that_key()
    {
        for (int key = -32766; key <= 32766; key++)
        {
            Assert.Equal(key, SketchKey.Of(SketchKey.ToValue(key)));
        }
    }

    [Fact]
    public void B2_quantiles_of_1_to_100()
    {
        AgentSketch sketch = Of(Enumerable.Range(1, 100).Select(static i => (double)i));
        Assert.Equal(51.31911937625436, sketch.Quantile(0.5)!.Value, 1e-9);
        Assert.Equal(95.41452700754016, sketch.Quantile(0.95)!.Value, 1e-9);
        Assert.Equal(99.18842808205522, sketch.Quantile(0.99)!.Value, 1e-9);
        Assert.Equal(1, sketch.Quantile(0));
        Assert.Equal(100, sketch.Quantile(1));
        Assert.Equal(100, sketch.Count);
        Assert.Equal(5050, sketch.Sum);
        Assert.Equal(50.5, sketch.Average, 1e-9);
    }

    [Fact]
    public void B2_small_sketches()
    {
        AgentSketch ones = Of([1, 1, 1, 2]);
        Assert.Equal([1338, 1383], ones.Keys.ToArray().Select(static key => (int)key));
        Assert.Equal([3, 1], ones.Counts.ToArray());
        Assert.Equal(1.25, ones.Average);

        AgentSketch around = Of([-1, 0, 1]);
        Assert.Equal([-1338, 0, 1338], around.Keys.ToArray().Select(static key => (int)key));

        var empty = new AgentSketch();
        Assert.Null(empty.Quantile(0.5));
        Assert.Equal(double.MaxValue, empty.Min);
        Assert.Equal(double.MinValue, empty.Max);
    }

    [Fact]
    public void B2_symmetric_values_have_symmetric_quantiles()
    {
        AgentSketch sketch = Of(Enumerable.Range(-50, 101).Select(static i => (double)i));
        Assert.Equal(101, sketch.BinCount);
        Assert.Equal(0, sketch.Quantile(0.5));
        for (double q = 0; q <= 0.5; q += 0.01)
        {
            Assert.Equal(sketch.Quantile(0.5 + q)!.Value, -sketch.Quantile(0.5 - q)!.Value, 1e-6);
        }
    }

    [Fact]
    public void A_weight_is_as_good_as_so_many_values()
    {
        AgentSketch repeated = Of([.. Enumerable.Repeat(3.0, 7), .. Enumerable.Repeat(500.0, 2)]);
        var weighted = new AgentSketch();
        weighted.Insert(3, 7);
        weighted.Insert(500, 2);
        AssertSame(repeated, weighted);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Quantiles_are_within_the_promised_error_of_the_exact_ones(int seed)
    {
        var random = new Random(seed);
        double[] values = [.. Enumerable.Range(0, 20_000).Select(_ => seed switch
        {
            1 => random.NextDouble() * 1000,
            2 => Math.Exp(random.NextDouble() * 20 - 5),
            _ => (random.NextDouble() - 0.5) * 1e6,
        })];
        AgentSketch sketch = Of(values);
        Array.Sort(values);
        foreach (double q in new[] { 0.01, 0.05, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999 })
        {
            double exact = values[(int)Math.Round(q * (values.Length - 1))];

            // Half a bin for the value itself, one bin for the interpolation within it.
            Assert.InRange(sketch.Quantile(q)!.Value, exact - Math.Abs(exact) * 3 / 128, exact + Math.Abs(exact) * 3 / 128);
        }
    }

    [Fact]
    public void Merging_parts_gives_the_sketch_of_the_whole()
    {
        var random = new Random(11);
        double[] values = [.. Enumerable.Range(0, 5000).Select(_ => (random.NextDouble() - 0.3) * Math.Pow(10, random.Next(-6, 7)))];
        AgentSketch whole = Of(values);
        AgentSketch merged = Of(values[..1000]);
        merged.Merge(new AgentSketch());
        merged.Merge(Of(values[1000..1001]));
        merged.Merge(Of(values[1001..]));
        AssertSame(whole, merged);

        var intoEmpty = new AgentSketch();
        intoEmpty.Merge(whole);
        AssertSame(whole, intoEmpty);
    }

    [Fact]
    public void B2_above_4096_bins_the_lowest_collapse_and_no_count_is_lost()
    {
        var sketch = new AgentSketch();
        var other = new AgentSketch();
        for (int key = -3000; key <= 3000; key++)
        {
            (key % 2 == 0 ? sketch : other).Insert(SketchKey.ToValue(key));
        }

        sketch.Merge(other);
        Assert.Equal(AgentSketch.MaxBins, sketch.BinCount);
        Assert.Equal(6001, sketch.Count);
        Assert.Equal(6001, sketch.Counts.ToArray().Sum());
        Assert.Equal(6001 - 4096 + 1, sketch.Counts[0]);
        Assert.Equal(3000, sketch.Keys[^1]);
        Assert.Equal(SketchKey.ToValue(3000), sketch.Max);

        sketch.Insert(SketchKey.ToValue(3001));
        Assert.Equal(AgentSketch.MaxBins, sketch.BinCount);
        Assert.Equal(6002, sketch.Counts.ToArray().Sum());
    }

    /// <summary>B.2, the table of buckets, and open ends.</summary>
    [Theory]
    [InlineData(0, 10, 2, "0:1 1442:1")]
    [InlineData(10, 20, 4, "1487:1 1502:1 1514:1 1524:1")]
    [InlineData(-10, 10, 4, "-1487:1 -1442:1 -1067:1 1442:1")]
    [InlineData(100, double.PositiveInfinity, 3, "1635:3")]
    [InlineData(double.NegativeInfinity, -5, 2, "-1442:2")]
    [InlineData(7, 7, 1_000_000_000_000, "1464:1000000000000")]
    public void B2_buckets_of_histograms(double lower, double upper, long count, string bins)
    {
        var sketch = new AgentSketch();
        sketch.InsertBucket(lower, upper, count);
        Assert.Equal(bins, string.Join(' ', sketch.Keys.ToArray().Zip(sketch.Counts.ToArray(), static (key, n) => $"{key}:{n}")));
        Assert.Equal(count, sketch.Count);
        Assert.Equal(sketch.Sum / count, sketch.Average, 1e-9 * Math.Abs(sketch.Max));
    }

    [Fact]
    public void B2_no_value_of_a_bucket_is_lost_or_strays()
    {
        var random = new Random(29);
        for (int i = 0; i < 500; i++)
        {
            double lower = (random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-3, 6));
            double upper = lower + random.NextDouble() * Math.Pow(10, random.Next(-3, 6));
            long count = random.NextInt64(1, 1L << random.Next(1, 40));
            var sketch = new AgentSketch();
            sketch.InsertBucket(lower, upper, count);
            Assert.Equal((count, count), (sketch.Count, sketch.Counts.ToArray().Sum()));
            Assert.InRange(sketch.Keys[0], SketchKey.Of(lower), SketchKey.Of(upper));
            Assert.InRange(sketch.Keys[^1], SketchKey.Of(lower), SketchKey.Of(upper));
        }
    }

    /// <summary>Count, sum, minimum and maximum are exact whatever the order; bins too, as long as none collapsed.</summary>
    [Fact]
    public void Merge_is_commutative_and_associative()
    {
        var random = new Random(31);
        for (int round = 0; round < 50; round++)
        {
            double[][] parts = [.. Enumerable.Range(0, 3).Select(_ => Values(random, random.Next(0, 400), round % 5))];
            AgentSketch leftFirst = Of(parts[0]);
            leftFirst.Merge(Of(parts[1]));
            leftFirst.Merge(Of(parts[2]));

            AgentSketch rightPart = Of(parts[1]);
            rightPart.Merge(Of(parts[2]));
            AgentSketch rightFirst = Of(parts[0]);
            rightFirst.Merge(rightPart);
            AssertSame(leftFirst, rightFirst);

            AgentSketch backwards = Of(parts[2]);
            backwards.Merge(Of(parts[1]));
            backwards.Merge(Of(parts[0]));
            AssertSame(leftFirst, backwards);
            AssertSame(leftFirst, Of([.. parts[0], .. parts[1], .. parts[2]]));
        }
    }

    /// <summary>Uniform, exponential, heavy-tailed, two humps, whole numbers, both signs: every quantile within the promised error of the exact one.</summary>
    [Fact]
    public void Quantiles_of_random_distributions_are_within_the_promised_error()
    {
        var random = new Random(37);
        for (int round = 0; round < 60; round++)
        {
            double[] values = Values(random, random.Next(1, 3000), round % 6);
            AgentSketch sketch = Of(values);
            Array.Sort(values);
            Assert.Equal((values.Length, values[0], values[^1]), (sketch.Count, sketch.Min, sketch.Max));
            Assert.Equal(values.Sum(), sketch.Sum, 1e-9 * values.Sum(Math.Abs));
            for (double q = 0; q <= 1; q += 1d / 64)
            {
                double exact = values[(int)Math.Round(q * (values.Length - 1))];
                Assert.InRange(sketch.Quantile(q)!.Value, exact - Math.Abs(exact) * 3 / 128 - 1e-9, exact + Math.Abs(exact) * 3 / 128 + 1e-9);
            }
        }
    }

    private static double[] Values(Random random, int count, int kind) =>
    [
        .. Enumerable.Range(0, count).Select(i => kind switch
        {
            0 => random.NextDouble() * 1000,
            1 => -Math.Log(1 - random.NextDouble()) * 0.02,
            2 => Math.Pow(1 - random.NextDouble(), -1.5),
            3 => random.NextDouble() + (i % 2 == 0 ? 10 : 5000),
            4 => random.Next(0, 50),
            _ => (random.NextDouble() - 0.4) * 1e4,
        }),
    ];

    private static AgentSketch Of(IEnumerable<double> values)
    {
        var sketch = new AgentSketch();
        foreach (double value in values)
        {
            sketch.Insert(value);
        }

        return sketch;
    }

    private static void AssertSame(AgentSketch expected, AgentSketch actual)
    {
        Assert.Equal(expected.Keys.ToArray(), actual.Keys.ToArray());
        Assert.Equal(expected.Counts.ToArray(), actual.Counts.ToArray());
        Assert.Equal(expected.Count, actual.Count);
        Assert.Equal(expected.Min, actual.Min);
        Assert.Equal(expected.Max, actual.Max);
        Assert.Equal(expected.Sum, actual.Sum, Math.Abs(expected.Sum) * 1e-9);
        Assert.Equal(expected.Average, actual.Average, Math.Abs(expected.Average) * 1e-9);
    }
}
