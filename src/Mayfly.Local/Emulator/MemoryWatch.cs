namespace Mayfly.Local.Emulator;

/// <summary>
/// Stands for the kernel's limit: looks at the resident memory of all processes of a sandbox and says when it is more than the function has.
/// A process that takes and returns memory between two looks gets away with it.
/// </summary>
internal static class MemoryWatch
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);

    /// <summary>Ends when the limit is passed, then with a call of <paramref name="exceeded"/>, or when the sandbox is gone.</summary>
    public static async Task RunAsync(SandboxGeneration generation, long limitBytes, TimeProvider time, Action exceeded)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (!generation.Closed.IsCompleted && !generation.Failure.IsCompleted && await timer.WaitForNextTickAsync())
        {
            long used = generation.Processes.Where(process => !process.HasExited).Sum(process => process.ResidentBytes());
            if (used > limitBytes)
            {
                exceeded();
                return;
            }
        }
    }
}
