namespace Mayfly.Wire;

/// <summary>How many bytes a set of aggregates may hold, and holds. Whatever grows asks first. Not thread-safe.</summary>
internal sealed class ByteBudget(long limitBytes)
{
    public long UsedBytes { get; private set; }

    /// <summary>Takes <paramref name="sizeBytes"/> if they fit.</summary>
    public bool TryTake(long sizeBytes)
    {
        if (sizeBytes > limitBytes - UsedBytes)
        {
            return false;
        }

        UsedBytes += sizeBytes;
        return true;
    }

    /// <summary>Takes what is there already, limit or not.</summary>
    public void Take(long sizeBytes) => UsedBytes += sizeBytes;

    /// <summary>Gives back what was taken.</summary>
    public void Release(long sizeBytes) => UsedBytes -= sizeBytes;

    public void Clear() => UsedBytes = 0;
}
