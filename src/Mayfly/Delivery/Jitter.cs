namespace Mayfly.Delivery;

/// <summary>Chance that keeps many sandboxes from coming back to an intake at one moment. Thread-safe.</summary>
public sealed class Jitter(Random random)
{
    private readonly Lock _gate = new();

    /// <summary>From 0 to 1.</summary>
    public double Next()
    {
        lock (_gate)
        {
            return random.NextDouble();
        }
    }
}
