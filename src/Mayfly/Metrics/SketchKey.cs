namespace Mayfly.Metrics;

/// <summary>
/// The logarithmic grid of the agent's sketch: which bin a value falls into, and which value a bin stands for
/// (docs/spec/04-metrics-logs.md#b1-agent-sketch-parameters).
/// </summary>
public static class SketchKey
{
    /// <summary>The key of +∞; its negative is that of −∞.</summary>
    public const int Infinity = 32767;

    /// <summary>γ = 1 + 2ε, ε = 1/128: the ratio between neighbouring bins.</summary>
    public const double Gamma = 1.015625;

    private const double LnGamma = 0.015504186535965254;

    /// <summary>1 − ⌊ln 1e-9 / ln γ⌋, so that the smallest magnitude that is told from zero has key 1.</summary>
    private const int Bias = 1338;

    private static readonly double SmallestMagnitude = Math.Pow(Gamma, 1 - Bias);

    /// <summary>
    /// The key of <paramref name="value"/>: its logarithm rounded half to even, 0 below 1e-9, negative for negative values. NaN has none and must be refused
    /// earlier.
    /// </summary>
    public static int Of(double value)
    {
        double magnitude = Math.Abs(value);
        if (magnitude < SmallestMagnitude)
        {
            return 0;
        }

        int key = (int)Math.Clamp(Math.Round(Math.Log(magnitude) / LnGamma) + Bias, 1, Infinity);
        return value < 0 ? -key : key;
    }

    /// <summary>The value that bin <paramref name="key"/> stands for, the middle of the bin in log space.</summary>
    public static double ToValue(int key) => key switch
    {
        0 => 0,
        >= Infinity => double.PositiveInfinity,
        <= -Infinity => double.NegativeInfinity,
        > 0 => Math.Pow(Gamma, key - Bias),
        _ => -Math.Pow(Gamma, -key - Bias),
    };
}
