namespace Mayfly.Http;

/// <summary>Threads that each serve one connection to its end, then wait a while for another one. Thread-safe.</summary>
internal sealed class ConnectionThreads
{
    /// <summary>At once. A tracer has one connection or two; a thread that sleeps takes some 30 KB.</summary>
    public const int Most = 16;

    private static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(30);

    private readonly object _gate = new();
    private readonly Queue<Action> _work = new();
    private int _running;
    private int _idle;

    /// <summary>Runs <paramref name="work"/> on a thread of its own; false: there is none to be had, and nothing was done.</summary>
    /// <param name="work">Throws nothing.</param>
    public bool TryRun(Action work)
    {
        // A read that sleeps in the kernel can be woken by shutting the socket down on Linux only.
        if (!OperatingSystem.IsLinux())
        {
            return false;
        }

        lock (_gate)
        {
            if (_idle > _work.Count)
            {
                _work.Enqueue(work);
                Monitor.Pulse(_gate);
                return true;
            }

            if (_running == Most)
            {
                return false;
            }

            _running++;
        }

        try
        {
            new Thread(() => Serve(work)) { IsBackground = true, Name = "mayfly http" }.Start();
            return true;
        }
        catch (Exception e) when (e is OutOfMemoryException or ThreadStartException)
        {
            lock (_gate)
            {
                _running--;
            }

            return false;
        }
    }

    private void Serve(Action first)
    {
        for (Action? work = first; work is not null; work = Next())
        {
            work();
        }
    }

    /// <summary>Null: none came, and the thread is no longer counted.</summary>
    private Action? Next()
    {
        lock (_gate)
        {
            _idle++;
            if (_work.Count == 0)
            {
                Monitor.Wait(_gate, IdleTime);
            }

            _idle--;
            if (_work.TryDequeue(out Action? next))
            {
                return next;
            }

            _running--;
            return null;
        }
    }
}
