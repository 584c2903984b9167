namespace Mayfly.Local.Emulator;

/// <summary>Waiting of a next call: without limit, until there is an event, the client goes away, or the sandbox is gone.</summary>
internal static class LongPoll
{
    /// <summary>The event; null = the connection is cut or lost, and nothing is to be answered.</summary>
    public static async Task<T?> WaitAsync<T>(HttpContext http, TaskCompletionSource<T> wait, Action abandon)
        where T : class
    {
        await using CancellationTokenRegistration lost = http.RequestAborted.Register(() =>
        {
            abandon();
            wait.TrySetCanceled();
        });
        try
        {
            return await wait.Task;
        }
        catch (OperationCanceledException)
        {
            http.Abort();
            return null;
        }
    }
}
