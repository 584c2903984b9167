namespace Mayfly.Platforms.Lambda;

/// <summary>
/// Remembers the spans that passed lately. A tracer that feels a timeout coming sends a span early, and sends it again when it really ends
/// (docs/spec/03-traces.md#32-lambda-mode-span-preparation-bc). Thread-safe; allocates nothing after the first <see cref="Capacity"/> spans.
/// </summary>
public sealed class SpanDedup
{
    /// <summary>Spans remembered; the oldest is forgotten first.</summary>
    public const int Capacity = 2000;

    private readonly Lock _gate = new();
    private readonly HashSet<(ulong TraceId, ulong SpanId)> _known = [];
    private readonly (ulong TraceId, ulong SpanId)[] _ring = new (ulong, ulong)[Capacity];
    private int _next;

    /// <summary>True the first time for these ids.</summary>
    public bool IsNew(ulong traceId, ulong spanId)
    {
        (ulong, ulong) key = (traceId, spanId);
        lock (_gate)
        {
            if (!_known.Add(key))
            {
                return false;
            }

            if (_known.Count > Capacity)
            {
                _known.Remove(_ring[_next]);
            }

            _ring[_next] = key;
            _next = (_next + 1) % Capacity;
            return true;
        }
    }
}
