using Mayfly.Diagnostics;
using Mayfly.Intake;
using Mayfly.Lifecycle;

namespace Mayfly.Platforms;

/// <summary>A flush that nobody waits for, one at a time; at the end of the process it gets a moment to finish, then the final flush takes over.</summary>
/// <param name="flush">One flush, within limits of its own, that ends soon when its token is cancelled.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Told of failures.</param>
internal sealed class BackgroundFlush(Func<CancellationToken, Task> flush, TimeProvider time, Log log) : IDisposable
{
    private readonly CancellationTokenSource _cut = new();

    /// <summary>The flush that is going on, or the last one; never fails.</summary>
    public Task Running { get; private set; } = Task.CompletedTask;

    /// <summary>Begins one, unless one is going on.</summary>
    public void Start()
    {
        if (Running.IsCompleted)
        {
            Running = Task.Run(RunAsync);
        }
    }

    /// <summary>
    /// Waits for <paramref name="until"/>, at most to the deadline, and begins a flush each time that so much waits that it had better be sent.
    /// </summary>
    public async Task SendWhatPilesUpAsync(FlushDemand demand, Task until, Deadline deadline)
    {
        while (!until.IsCompleted && !deadline.HasPassed)
        {
            Task next = Running.IsCompleted ? demand.WhenAsked : Running;
            await deadline.WaitForAsync(Task.WhenAny(until, next));
            if (!until.IsCompleted && demand.WhenAsked.IsCompleted)
            {
                Start();
            }
        }
    }

    /// <summary>Ends it; nothing is lost by that, but what is cut off is sent twice.</summary>
    /// <param name="longestWait">For answers that are on their way.</param>
    public async Task StopAsync(TimeSpan longestWait)
    {
        await Deadline.In(time, longestWait).WaitForAsync(Running);
        await _cut.CancelAsync();
        await Running;
    }

    public void Dispose() => _cut.Dispose();

    private async Task RunAsync()
    {
        try
        {
            await flush(_cut.Token);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            log.Error($"A flush failed inside the agent, the function is not affected: {e}");
        }
    }
}
