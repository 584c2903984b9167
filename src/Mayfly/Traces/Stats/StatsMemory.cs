using Mayfly.Wire;

namespace Mayfly.Traces.Stats;

/// <summary>What the buckets of a concentrator share: the limit of their bytes, and sketches and buckets that wait to be used again. Not thread-safe.</summary>
internal sealed class StatsMemory(long limitBytes)
{
    /// <summary>As many sketches as a busy function has groups; those of a burst go.</summary>
    private const int MostSketchesKept = 1024;

    /// <summary>The sketches that are kept are small ones.</summary>
    private const int LargestSketchKeptBytes = 2048;

    private const int MostBucketsKept = 4;

    private readonly Stack<LatencySketch> _sketches = new();
    private readonly Stack<StatsBucket> _buckets = new();

    public ByteBudget Budget { get; } = new(limitBytes);

    public LatencySketch Rent()
    {
        if (!_sketches.TryPop(out LatencySketch? sketch))
        {
            sketch = new LatencySketch();
        }

        Budget.Take(sketch.SizeBytes);
        return sketch;
    }

    public void Return(LatencySketch? sketch)
    {
        if (sketch is null)
        {
            return;
        }

        Budget.Release(sketch.SizeBytes);
        sketch.Clear();
        if (_sketches.Count < MostSketchesKept && sketch.SizeBytes <= LargestSketchKeptBytes)
        {
            _sketches.Push(sketch);
        }
    }

    /// <summary>An empty bucket; null when there is no room for another one.</summary>
    public StatsBucket? TryRentBucket()
    {
        if (!Budget.TryTake(StatsBucket.FixedBytes))
        {
            return null;
        }

        return _buckets.TryPop(out StatsBucket? bucket) ? bucket : new StatsBucket(this);
    }

    /// <summary>Takes back a bucket that has been encoded.</summary>
    public void Return(StatsBucket bucket)
    {
        bucket.Clear();
        if (_buckets.Count < MostBucketsKept)
        {
            _buckets.Push(bucket);
        }
    }
}
