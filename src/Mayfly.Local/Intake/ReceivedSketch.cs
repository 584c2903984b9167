namespace Mayfly.Local.Intake;

/// <summary>One Dogsketch: the distribution of a context in one time bucket (docs/spec/04-metrics-logs.md, B.1, B.2, B.4).</summary>
public sealed record ReceivedSketch
{
    private const int Bias = 1338;
    private const int InfinityKey = 32767;
    private const double LogGamma = 0.015504186535965254;
    private const double Gamma = 1.015625;

    public required long TimestampSeconds { get; init; }

    public required long Count { get; init; }

    public required double Sum { get; init; }

    public required double Min { get; init; }

    public required double Max { get; init; }

    public required double Avg { get; init; }

    /// <summary>Bins as sent: key and count, in the order of the payload.</summary>
    public required IReadOnlyList<SketchBin> Bins { get; init; }

    /// <summary>Value at quantile <paramref name="q"/> (0…1) as the backend computes it, accurate to 1/128; NaN for an empty sketch.</summary>
    public double Quantile(double q)
    {
        if (Count == 0 || Bins.Count == 0)
        {
            return double.NaN;
        }

        if (q <= 0)
        {
            return Min;
        }

        if (q >= 1)
        {
            return Max;
        }

        double rank = Math.Round(q * (Count - 1), MidpointRounding.ToEven);
        double running = 0;
        bool first = true;
        foreach (SketchBin bin in Bins)
        {
            running += bin.Count;
            if (running > rank)
            {
                double weight = (running - rank) / bin.Count;
                double low = first ? Min : ValueOf(bin.Key);
                double high = ValueOf(bin.Key) * Gamma;
                return Math.Clamp((low * weight) + (high * (1 - weight)), Min, Max);
            }

            first = false;
        }

        return Max;
    }

    /// <summary>The value that bin <paramref name="key"/> stands for.</summary>
    public static double ValueOf(int key) => key switch
    {
        0 => 0,
        < 0 => -ValueOf(-key),
        >= InfinityKey => double.PositiveInfinity,
        _ => Math.Exp((key - Bias) * LogGamma),
    };
}

/// <summary>One bin of a sketch.</summary>
public readonly record struct SketchBin(int Key, long Count);
