namespace Mayfly.Http;

/// <summary>Bytes that all requests together may hold in memory at one time. Thread-safe.</summary>
public sealed class BodyBudget(long limitBytes)
{
    private long _takenBytes;

    public long TakenBytes => Interlocked.Read(ref _takenBytes);

    /// <summary>Takes <paramref name="sizeBytes"/>, or nothing at all when that is more than is left.</summary>
    public bool TryTake(long sizeBytes)
    {
        if (Interlocked.Add(ref _takenBytes, sizeBytes) <= limitBytes)
        {
            return true;
        }

        Release(sizeBytes);
        return false;
    }

    public void Release(long sizeBytes) => Interlocked.Add(ref _takenBytes, -sizeBytes);
}
