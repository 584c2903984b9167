using System.Diagnostics;

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

    public MachineStalls()
    {
        _thread = new Thread(Watch) { IsBackground = true, Name = "stalls" };
        _thread.Start();
    }

    /// <summary>The longest so far, beyond the ordinary inaccuracy of a timer.</summary>
    public TimeSpan Longest => new(Interlocked.Read(ref _longestTicks));

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
            before = now;
        }
    }
}
