namespace Mayfly.Delivery;

/// <summary>What one flush did, in units of all signals together.</summary>
/// <param name="Delivered">Taken by an intake.</param>
/// <param name="Dropped">Given up, with a counted reason.</param>
/// <param name="Kept">Not delivered yet and kept for a later flush.</param>
public readonly record struct FlushReport(long Delivered, long Dropped, long Kept)
{
    public static FlushReport operator +(FlushReport a, FlushReport b) => new(a.Delivered + b.Delivered, a.Dropped + b.Dropped, a.Kept + b.Kept);
}
