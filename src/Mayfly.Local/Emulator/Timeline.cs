namespace Mayfly.Local.Emulator;

/// <summary>The sandbox's history in order, the oldest entries given up beyond a fixed number. Thread-safe.</summary>
internal sealed class Timeline(TimeProvider time, Action<SandboxEvent>? observer)
{
    private const int MaxEntries = 100_000;
    private readonly Lock _gate = new();
    private readonly Queue<SandboxEvent> _entries = new();
    private readonly long _start = time.GetTimestamp();

    public IReadOnlyList<SandboxEvent> Snapshot()
    {
        lock (_gate)
        {
            return _entries.ToArray();
        }
    }

    public void Add(SandboxEventKind kind, string subject, string detail = "", int? processId = null)
    {
        SandboxEvent entry;
        lock (_gate)
        {
            entry = new SandboxEvent(kind, time.GetElapsedTime(_start), subject, detail, processId);
            if (_entries.Count == MaxEntries)
            {
                _entries.Dequeue();
            }

            _entries.Enqueue(entry);
        }

        observer?.Invoke(entry);
    }
}
