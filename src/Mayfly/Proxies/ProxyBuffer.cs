using Mayfly.Diagnostics;
using Mayfly.Intake;

namespace Mayfly.Proxies;

/// <summary>Requests that were answered and wait for a flush to be passed on. Thread-safe; the lock is held for an addition.</summary>
/// <remarks>
/// The function's sandbox freezes when an invocation is over, and an intake's answer would be waited for in billed time; so what clients do not need an answer
/// to is kept and sent with everything else (docs/spec/03-traces.md#17-proxied-endpoints, Answer and delivery). Limited in bytes, headers included: what does
/// not fit is refused and counted (<see cref="DropReason.BufferFull"/>), for clients know best what they can do without. A request that is larger than the
/// limit has room when nothing else waits.
/// </remarks>
/// <param name="counters">Count requests.</param>
/// <param name="limitBytes">What may wait.</param>
/// <param name="demand">Told when much waits.</param>
public sealed class ProxyBuffer(SignalCounters counters, long limitBytes = ProxyBuffer.LimitBytes, FlushDemand? demand = null) : IPayloadSource
{
    /// <summary>The usual limit.</summary>
    public const long LimitBytes = 16 * 1024 * 1024;

    /// <summary>What a request takes beside its texts and its body, about.</summary>
    private const int OverheadBytes = 1024;

    private readonly Lock _gate = new();
    private List<IntakePayload> _waiting = [];
    private long _sizeBytes;

    /// <inheritdoc/>
    public long WaitingBytes
    {
        get
        {
            lock (_gate)
            {
                return _sizeBytes;
            }
        }
    }

    /// <summary>Takes a request over; false: there is no room, and it is gone.</summary>
    public bool TryAdd(IntakePayload payload)
    {
        counters.Accept(payload.Units);
        long sizeBytes = SizeOf(payload);
        lock (_gate)
        {
            if (_waiting.Count == 0 || _sizeBytes + sizeBytes <= limitBytes)
            {
                _waiting.Add(payload);
                _sizeBytes += sizeBytes;
                demand?.Report(_sizeBytes);
                return true;
            }
        }

        counters.Drop(DropReason.BufferFull, payload.Units);
        payload.Dispose();
        return false;
    }

    /// <inheritdoc/>
    public void TakePayloads(List<IntakePayload> payloads)
    {
        List<IntakePayload> taken;
        lock (_gate)
        {
            taken = _waiting;
            _waiting = taken.Count == 0 ? taken : [];
            _sizeBytes = 0;
        }

        if (taken.Count > 0)
        {
            payloads.AddRange(taken);
        }
    }

    private static long SizeOf(IntakePayload payload)
    {
        ForwardedRequest request = payload.Forward!;
        int characters = request.Url.OriginalString.Length + request.Headers.Sum(static header => header.Key.Length + header.Value.Length);
        return payload.Body.Capacity + ((long)characters * sizeof(char)) + OverheadBytes;
    }
}
