using System.Diagnostics;
using Xunit;

namespace Mayfly.EndToEnd;

/// <summary>
/// How long this machine kept a thread that was due from running. A promise in milliseconds is kept by the agent only while the machine lets it run: what was
/// measured here is taken off.
/// </summary>
internal sealed class MachineStalls : IDisposable
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(2);

    private readonly ManualResetEventSlim _stop = new();
    private readonly Thread _thread;
    private long _longestTicks;
    private long _totalTicks;

    public MachineStalls()
    {
        _thread = new Thread(Watch) { IsBackground = true, Name = "stalls" };
        _thread.Start();
    }

    /// <summary>The longest so far, beyond the ordinary inaccuracy of a timer.</summary>
    public TimeSpan Longest => new(Interlocked.Read(ref _longestTicks));

    /// <summary>All of them together.</summary>
    public TimeSpan Total => new(Interlocked.Read(ref _totalTicks));

    /// <summary>
    /// Plays a story again, at most twice, that failed while the machine stood still for longer than the story allows anybody to: only then the next failure counts.
    /// </summary>
    public static async Task ExcuseAsync(TimeSpan margin, Func<Task> story)
    {
        const int Attempts = 3;
        for (int attempt = 1; ; attempt++)
        {
            using var stalls = new MachineStalls();
            try
            {
                await story();
                return;
            }
            catch (Xunit.Sdk.XunitException e) when (attempt < Attempts && stalls.Longest > margin)
            {
                TestContext.Current.TestOutputHelper?.WriteLine($"Played again, since the machine stood still for {stalls.Longest}: {e.Message}");
            }
        }
    }

    public void Dispose()
    {
        _stop.Set();
        _thread.Join();
        _stop.Dispose();
    }

    private void Watch()
    {
        long before = Stopwatch.GetTimestamp();
        while (!_stop.Wait(Tick))
        {
            long now = Stopwatch.GetTimestamp();
            long late = (Stopwatch.GetElapsedTime(before, now) - (2 * Tick)).Ticks;
            Interlocked.Exchange(ref _longestTicks, Math.Max(late, _longestTicks));
            Interlocked.Add(ref _totalTicks, Math.Max(late, 0));
            before = now;
        }
    }
}
