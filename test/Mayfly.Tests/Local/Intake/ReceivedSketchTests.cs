using Mayfly.Local.Intake;
using Xunit;

namespace Mayfly.Tests.Local.Intake;

public class ReceivedSketchTests
{
    /// <summary>docs/spec/04-metrics-logs.md, B.1 table: key and the value that it stands for.</summary>
    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 9.9418540891e-10)]
    [InlineData(892, 0.00099291331377)]
    [InlineData(1338, 1)]
    [InlineData(-1338, -1)]
    [InlineData(1383, 2.0091030810)]
    [InlineData(1487, 10.075671884)]
    [InlineData(-1442, -5.0150099213)]
    [InlineData(2675, 1005848598.3)]
    public void A_key_stands_for_the_value_of_the_table(int key, double value) =>
        Assert.Equal(value, ReceivedSketch.ValueOf(key), Math.Max(Math.Abs(value) * 1e-9, 1e-18));

    [Fact]
    public void The_last_key_is_infinite() => Assert.Equal(double.PositiveInfinity, ReceivedSketch.ValueOf(32767));

    /// <summary>docs/spec/04-metrics-logs.md, B.2: quantiles of 1…100, one value each.</summary>
    [Theory]
    [InlineData(0, 1)]
    [InlineData(0.5, 51.31911937625436)]
    [InlineData(0.95, 95.41452700754016)]
    [InlineData(0.99, 99.18842808205522)]
    [InlineData(1, 100)]
    public void Quantiles_of_one_to_a_hundred_are_those_of_the_specification(double q, double expected)
    {
        var bins = Enumerable.Range(1, 100)
            .Select(v => (int)Math.Round(Math.Log(v) / 0.015504186535965254, MidpointRounding.ToEven) + 1338)
            .GroupBy(key => key)
            .OrderBy(group => group.Key)
            .Select(group => new SketchBin(group.Key, group.Count()))
            .ToList();
        var sketch = new ReceivedSketch { TimestampSeconds = 0, Count = 100, Sum = 5050, Min = 1, Max = 100, Avg = 50.5, Bins = bins };
        Assert.Equal(expected, sketch.Quantile(q), 1e-9);
    }

    [Fact]
    public void An_empty_sketch_has_no_quantile()
    {
        var sketch = new ReceivedSketch { TimestampSeconds = 0, Count = 0, Sum = 0, Min = 0, Max = 0, Avg = 0, Bins = [] };
        Assert.Equal(double.NaN, sketch.Quantile(0.5));
    }
}
