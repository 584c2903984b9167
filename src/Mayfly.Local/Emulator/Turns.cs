namespace Mayfly.Local.Emulator;

/// <summary>Lets a number of invocations run at once, and everything else alone.</summary>
internal sealed class Turns(int count) : IDisposable
{
    private readonly SemaphoreSlim _free = new(count);
    private readonly SemaphoreSlim _alone = new(1);

    /// <summary>Runs beside others, as soon as there is a turn.</summary>
    public async Task<T> OneAsync<T>(Func<Task<T>> run, CancellationToken ct)
    {
        await _free.WaitAsync(ct);
        try
        {
            return await run();
        }
        finally
        {
            _free.Release();
        }
    }

    /// <summary>Runs when nothing else does.</summary>
    public async Task<T> AllAsync<T>(Func<Task<T>> run, CancellationToken ct)
    {
        int taken = 0;
        await _alone.WaitAsync(ct);
        try
        {
            for (; taken < count; taken++)
            {
                await _free.WaitAsync(ct);
            }

            return await run();
        }
        finally
        {
            if (taken > 0)
            {
                _free.Release(taken);
            }

            _alone.Release();
        }
    }

    public void Dispose()
    {
        _free.Dispose();
        _alone.Dispose();
    }
}
