using Mayfly.Diagnostics;

namespace Mayfly.Platforms.Lambda.RuntimeProxy;

/// <summary>What is known of one invocation whose spans know nothing of it.</summary>
/// <param name="RequestId">The invocation.</param>
/// <param name="InvocationSpanId">The id of its <c>aws.lambda</c> span, made when the event passed.</param>
/// <param name="ParentId">Spans of the trace with this parent belong below the invocation span; 0 = the trace's root spans.</param>
/// <param name="TraceId">Low 64 bits; 0 until it is known.</param>
public readonly record struct ReparentedInvocation(string RequestId, ulong InvocationSpanId, ulong ParentId, ulong TraceId);

/// <summary>
/// Puts the spans of a web application behind the Lambda Web Adapter below the span of their invocation, whose id the application's tracer never learns
/// (docs/spec/01-lambda-lifecycle.md#411-processing-of-tracer-payloads-that-touches-the-lifecycle).
/// </summary>
/// <remarks>
/// A trace id that the event carried is exact. Without one it is guessed: the next span of a trace that no other invocation has belongs to the oldest
/// invocation that waits, so that overlapping invocations do not take each other's trace. Holds 500 invocations; the oldest makes room. Thread-safe.
/// </remarks>
/// <param name="counters">Told of invocations that made room for newer ones before they were reported.</param>
public sealed class Reparenting(Counters counters)
{
    public const int Capacity = 500;

    private readonly Lock _gate = new();
    private readonly List<ReparentedInvocation> _invocations = [];

    /// <summary>Begins an invocation; false when its id is known already, and nothing changes.</summary>
    /// <param name="requestId">The invocation.</param>
    /// <param name="invocationSpanId">A new random id.</param>
    /// <param name="parentId">The span that the event names as parent, 0 for none.</param>
    /// <param name="traceId">The trace that the event names, 0 for none.</param>
    public bool TryAdd(string requestId, ulong invocationSpanId, ulong parentId, ulong traceId = 0)
    {
        lock (_gate)
        {
            if (IndexOf(requestId) >= 0)
            {
                return false;
            }

            if (_invocations.Count == Capacity)
            {
                _invocations.RemoveAt(0);
                counters.Omit(Omission.ReparentedInvocation, 1);
            }

            _invocations.Add(new ReparentedInvocation(requestId, invocationSpanId, parentId, traceId));
            return true;
        }
    }

    /// <summary>The parent that a span of a tracer gets: the invocation's span, or the one it came with.</summary>
    public ulong ParentOf(ulong traceId, ulong parentId)
    {
        if (traceId == 0)
        {
            return parentId;
        }

        lock (_gate)
        {
            GuessOwner(traceId);
            foreach (ReparentedInvocation known in _invocations)
            {
                if (known.TraceId == traceId && known.ParentId == parentId)
                {
                    return known.InvocationSpanId;
                }
            }

            return parentId;
        }
    }

    /// <summary>What is known of an invocation so far.</summary>
    public bool TryFind(string requestId, out ReparentedInvocation invocation)
    {
        lock (_gate)
        {
            int index = IndexOf(requestId);
            invocation = index < 0 ? default : _invocations[index];
            return index >= 0;
        }
    }

    /// <summary>Everything that is known, oldest first: what a tracer's payload has changed is looked up here afterwards.</summary>
    public IReadOnlyList<ReparentedInvocation> ToList()
    {
        lock (_gate)
        {
            return [.. _invocations];
        }
    }

    /// <summary>Ends an invocation, at its report.</summary>
    public void Remove(string requestId)
    {
        lock (_gate)
        {
            int index = IndexOf(requestId);
            if (index >= 0)
            {
                _invocations.RemoveAt(index);
            }
        }
    }

    private void GuessOwner(ulong traceId)
    {
        int waiting = -1;
        for (int i = 0; i < _invocations.Count; i++)
        {
            ulong known = _invocations[i].TraceId;
            if (known == traceId)
            {
                return;
            }

            waiting = waiting < 0 && known == 0 ? i : waiting;
        }

        if (waiting >= 0)
        {
            _invocations[waiting] = _invocations[waiting] with { TraceId = traceId };
        }
    }

    private int IndexOf(string requestId) => _invocations.FindIndex(known => known.RequestId == requestId);
}
