using Mayfly.Diagnostics;
using Mayfly.Intake;
using Mayfly.Wire;

namespace Mayfly.Delivery;

/// <summary>
/// Payloads that wait for another attempt: on disk where there is a <see cref="Spool"/>, else in memory. Bounded in bytes; beyond, copies go first, then
/// what is passed on for clients, then the oldest, each counted.
/// </summary>
/// <remarks>
/// Thread-safe. Only what is on disk outlives the process; requests of clients are never written there, since their headers may hold secrets.
/// </remarks>
internal sealed class PayloadStore(Spool? spool, IntakeClient intake, Counters counters, TimeProvider time)
{
    /// <summary>Bytes of payloads that wait in memory.</summary>
    public const long MemoryLimitBytes = 8 * 1024 * 1024;

    /// <summary>What a payload takes beside its body: many small ones are bounded too.</summary>
    private const int OverheadBytes = 512;

    private readonly Lock _gate = new();
    private readonly List<StoredPayload> _waiting = [];
    private long _memoryBytes;
    private long _diskBytes;
    private long _lastOrder;
    private long _mark;
    private bool _isRecovered;

    public bool IsEmpty
    {
        get
        {
            lock (_gate)
            {
                return _waiting.Count == 0;
            }
        }
    }

    /// <summary>The lanes that something waits for.</summary>
    public LaneKey[] Lanes()
    {
        lock (_gate)
        {
            return [.. _waiting.Select(static one => one.Lane).Distinct()];
        }
    }

    /// <summary>Finds, once, what an earlier process of this sandbox left. What nobody can be sent to any more is counted and removed.</summary>
    public void Recover()
    {
        if (_isRecovered)
        {
            return;
        }

        _isRecovered = true;
        foreach (string path in spool?.Files() ?? [])
        {
            if (!spool!.TryRead(path, out SpoolHead head, out PooledBuffer? file))
            {
                // Damaged: what it stood for nobody knows.
                counters.Omit(Omission.SpooledFile, 1);
                spool.Delete(path);
                continue;
            }

            long sizeBytes = file!.Length;
            file.Dispose();
            SignalCounters signal = counters[head.Signal];
            signal.Recover(head.Units);
            if (!intake.TryFind(head.Lane, out IntakeDestination? destination))
            {
                signal.Drop(DropReason.Unreachable, head.Units);
                spool.Delete(path);
                continue;
            }

            signal.Store(head.Units);
            Add(new StoredPayload
            {
                Lane = head.Lane,
                Signal = head.Signal,
                Units = head.Units,
                SizeBytes = sizeBytes,
                Order = NextOrder(),
                File = path,

                // Nobody knows whether the earlier process has tried it since: it counts as sent again.
                FailedAttempts = Math.Max(1, head.FailedAttempts),
                IsCopy = destination is not null,
            });
        }
    }

    /// <summary>From here on what is kept belongs to a new flush.</summary>
    public void BeginFlush()
    {
        lock (_gate)
        {
            _mark = _lastOrder;
        }
    }

    /// <summary>This flush has kept it, and reported it so.</summary>
    public bool IsOfThisFlush(StoredPayload stored)
    {
        lock (_gate)
        {
            return stored.Order > _mark;
        }
    }

    /// <summary>Takes a payload over; returns the units, of this or of others, that had to go for lack of room.</summary>
    public long Keep(LaneKey lane, IntakePayload payload)
    {
        long order = NextOrder();
        string? path = payload.Forward is null ? spool?.PathOf(order) : null;
        long fileBytes = 0;
        bool isOnDisk = path is not null && spool!.TryWrite(path, payload, lane, out fileBytes);
        var stored = new StoredPayload
        {
            Lane = lane,
            Signal = payload.Signal,
            Units = payload.Units,
            SizeBytes = isOnDisk ? fileBytes : payload.Body.Length + OverheadBytes,
            Order = order,
            File = isOnDisk ? path : null,
            Payload = isOnDisk ? null : payload,
            FailedAttempts = payload.FailedAttempts,
            IsCopy = payload.Destination is not null,
        };
        if (isOnDisk)
        {
            counters[payload.Signal].Store(payload.Units);
            payload.Dispose();
        }

        return Add(stored);
    }

    /// <summary>
    /// The payload of a lane that is to be tried next, with its body in memory: of those that failed least often the newest, so that one that always fails
    /// holds up no other. Null: none waits.
    /// </summary>
    public StoredPayload? Take(LaneKey lane)
    {
        while (true)
        {
            StoredPayload? next = null;
            lock (_gate)
            {
                foreach (StoredPayload one in _waiting)
                {
                    if (one.Lane == lane && !one.IsTaken && (next is null || one.FailedAttempts <= next.FailedAttempts))
                    {
                        next = one;
                    }
                }

                if (next is null)
                {
                    return null;
                }

                next.IsTaken = true;
            }

            if (next.Payload is not null || TryLoad(next))
            {
                return next;
            }

            Remove(next, DropReason.Damaged);
        }
    }

    /// <summary>Ends the attempt: it waits on.</summary>
    public void GiveBack(StoredPayload stored)
    {
        lock (_gate)
        {
            stored.IsTaken = false;
            stored.FailedAttempts = stored.Payload?.FailedAttempts ?? stored.FailedAttempts;
            if (stored.File is not null)
            {
                stored.Payload?.Dispose();
                stored.Payload = null;
            }
        }
    }

    /// <summary>Removes it, counted as delivered, or as dropped where there is a reason.</summary>
    public void Remove(StoredPayload stored, DropReason? reason = null)
    {
        lock (_gate)
        {
            if (!_waiting.Remove(stored))
            {
                // It had to make room meanwhile, and is counted.
                stored.Payload?.Dispose();
                stored.Payload = null;
                return;
            }

            Account(stored, -1);
        }

        Forget(stored);
        if (reason is { } why)
        {
            counters[stored.Signal].Drop(why, stored.Units);
        }
        else
        {
            counters[stored.Signal].Deliver(stored.Units);
        }
    }

    /// <summary>Puts two in the place of one that was too large; returns the units that had to go for lack of room.</summary>
    public long Replace(StoredPayload stored, IntakePayload first, IntakePayload second)
    {
        bool isThere;
        lock (_gate)
        {
            isThere = _waiting.Remove(stored);
            Account(stored, isThere ? -1 : 0);
        }

        if (isThere)
        {
            Forget(stored);
            return Keep(stored.Lane, first) + Keep(stored.Lane, second);
        }

        // It had to make room meanwhile, and is counted.
        stored.Payload?.Dispose();
        first.Dispose();
        second.Dispose();
        return 0;
    }

    /// <summary>At the end of the process: what is in memory only is lost, and counted. Returns its units.</summary>
    public long DropMemory()
    {
        StoredPayload[] lost;
        lock (_gate)
        {
            lost = [.. _waiting.Where(static one => one.File is null)];
            foreach (StoredPayload one in lost)
            {
                _waiting.Remove(one);
                Account(one, -1);
            }
        }

        foreach (StoredPayload one in lost)
        {
            Forget(one, isTaken: one.IsTaken);
            counters[one.Signal].Drop(DropReason.Shutdown, one.Units);
        }

        return lost.Sum(static one => one.Units);
    }

    private long Add(StoredPayload stored)
    {
        List<StoredPayload> victims = [];
        lock (_gate)
        {
            _waiting.Add(stored);
            Account(stored, 1);
            while (_memoryBytes > MemoryLimitBytes && LeastWanted(isOnDisk: false) is { } victim)
            {
                _waiting.Remove(victim);
                Account(victim, -1);
                victims.Add(victim);
            }

            while (_diskBytes > (spool?.LimitBytes ?? 0) && LeastWanted(isOnDisk: true) is { } victim)
            {
                _waiting.Remove(victim);
                Account(victim, -1);
                victims.Add(victim);
            }
        }

        foreach (StoredPayload victim in victims)
        {
            DropReason reason = victim.File is null ? DropReason.BufferFull : DropReason.SpoolFull;
            Forget(victim, isTaken: victim.IsTaken);
            counters[victim.Signal].Drop(reason, victim.Units);
        }

        return victims.Sum(static victim => victim.Units);
    }

    private StoredPayload? LeastWanted(bool isOnDisk) =>
        _waiting.Find(one => one.File is not null == isOnDisk && one.IsCopy)
        ?? _waiting.Find(one => one.File is not null == isOnDisk && one.Lane.Kind == IntakeKind.Proxied)
        ?? _waiting.Find(one => one.File is not null == isOnDisk);

    private bool TryLoad(StoredPayload stored)
    {
        if (!spool!.TryRead(stored.File!, out SpoolHead head, out PooledBuffer? file))
        {
            return false;
        }

        using (file)
        {
            if (head.Lane != stored.Lane || head.Units != stored.Units || !intake.TryFind(head.Lane, out IntakeDestination? destination))
            {
                return false;
            }

            PooledBuffer body = PooledBuffer.Rent(file!.Length - head.BodyStart);
            body.Write(file.WrittenSpan[head.BodyStart..]);
            stored.Payload = IntakePayload.Restore(head.Signal, head.Lane.Kind, body, head.Units, head.Coding, head.Headers, destination);
            stored.Payload.FailedAttempts = stored.FailedAttempts;
            return true;
        }
    }

    /// <param name="stored">It is no longer in the list.</param>
    /// <param name="isTaken">Somebody is sending its body, and disposes it.</param>
    private void Forget(StoredPayload stored, bool isTaken = false)
    {
        if (!isTaken)
        {
            stored.Payload?.Dispose();
            stored.Payload = null;
        }

        if (stored.File is not null)
        {
            counters[stored.Signal].Store(-stored.Units);
            spool!.Delete(stored.File);
        }
    }

    private void Account(StoredPayload stored, int sign)
    {
        if (stored.File is null)
        {
            _memoryBytes += sign * stored.SizeBytes;
        }
        else
        {
            _diskBytes += sign * stored.SizeBytes;
        }
    }

    /// <summary>By the wall clock, so that it grows over processes too, but never backwards within one.</summary>
    private long NextOrder()
    {
        lock (_gate)
        {
            _lastOrder = Math.Max(_lastOrder + 1, time.GetUtcNow().UtcTicks);
            return _lastOrder;
        }
    }
}
