using Mayfly.Diagnostics;
using Mayfly.Intake;
using Mayfly.Wire;

namespace Mayfly.Traces;

/// <summary>
/// Encoded TracerPayloads between two flushes, laid out as the AgentPayload bodies that will carry them: a flush adds the closing fields and sends.
/// </summary>
/// <remarks>
/// Thread-safe; the lock is held for one copy. Limited in bytes: when a payload does not fit, the oldest ones go (<see cref="DropReason.BufferFull"/>).
/// A body holds at most <see cref="BodyBytes"/>; a payload that is larger goes alone (docs/spec/03-traces.md#53-compression-batching-splitting).
/// </remarks>
internal sealed class TraceBuffer(TraceSettings settings, SignalCounters counters)
{
    /// <summary>Largest body, before compression.</summary>
    public const int BodyBytes = 3_200_000;

    private const byte TracerPayloadsTag = 5 << 3 | 2;
    private const int LongestHead = 6;
    private const double TargetTps = 60;

    private readonly Lock _gate = new();
    private readonly byte[] _closing = ClosingFields(settings);
    private Queue<Body> _bodies = new();
    private Body? _last;
    private long _sizeBytes;

    /// <summary>Adds the payloads of one request: ranges of <paramref name="output"/>.</summary>
    public void Add(ReadOnlySpan<byte> output, List<EncodedPayload> payloads)
    {
        long dropped = 0;
        lock (_gate)
        {
            foreach (EncodedPayload payload in payloads)
            {
                dropped += Add(output.Slice(payload.Start, payload.SizeBytes), payload.Spans);
            }
        }

        if (dropped > 0)
        {
            counters.Drop(DropReason.BufferFull, dropped);
        }
    }

    /// <summary>Takes everything, as finished bodies.</summary>
    public void Take(List<IntakePayload> payloads)
    {
        Queue<Body> taken;
        lock (_gate)
        {
            if (_bodies.Count == 0)
            {
                return;
            }

            taken = _bodies;
            _bodies = new Queue<Body>();
            _last = null;
            _sizeBytes = 0;
        }

        foreach (Body body in taken)
        {
            PooledBuffer bytes = body.TakeBytes();
            bytes.Write(_closing);
            payloads.Add(new IntakePayload(Signal.Traces, IntakeKind.Traces, bytes, body.Spans));
        }
    }

    private long Add(ReadOnlySpan<byte> payload, int spans)
    {
        int sizeBytes = 1 + ProtobufWriter.VarintSize((ulong)payload.Length) + payload.Length;
        if (sizeBytes > settings.BufferBytes)
        {
            return spans;
        }

        long dropped = 0;
        while (_sizeBytes + sizeBytes > settings.BufferBytes)
        {
            dropped += DropOldest();
        }

        if (_last is null || !_last.HasRoomFor(sizeBytes + _closing.Length))
        {
            _last = new Body(sizeBytes + _closing.Length);
            _bodies.Enqueue(_last);
        }

        _last.Add(payload, sizeBytes, spans);
        _sizeBytes += sizeBytes;
        return dropped;
    }

    private long DropOldest()
    {
        Body oldest = _bodies.Peek();
        (int sizeBytes, int spans) = oldest.DropFirst();
        _sizeBytes -= sizeBytes;
        if (oldest.IsEmpty && oldest != _last)
        {
            _bodies.Dequeue().Dispose();
        }

        return spans;
    }

    private static byte[] ClosingFields(TraceSettings settings)
    {
        using PooledBuffer buffer = PooledBuffer.Rent();
        var writer = new ProtobufWriter(buffer);
        writer.Text(2, settings.Env);
        writer.Text(7, settings.AgentVersion);
        writer.Double(8, TargetTps);
        writer.Double(9, TargetTps);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>The payloads of one body, end to end; dropped ones are a gap at the front until the body is taken.</summary>
    private sealed class Body(int firstBytes) : IDisposable
    {
        private readonly PooledBuffer _bytes = PooledBuffer.Rent(firstBytes);
        private readonly Queue<(int SizeBytes, int Spans)> _payloads = new();
        private int _droppedBytes;

        public long Spans { get; private set; }

        public bool IsEmpty => _payloads.Count == 0;

        /// <summary>The gap counts as occupied, so that a body's memory is bounded; an empty body has room for anything.</summary>
        public bool HasRoomFor(int sizeBytes) => IsEmpty || _bytes.Length + sizeBytes <= BodyBytes;

        public void Add(ReadOnlySpan<byte> payload, int sizeBytes, int spans)
        {
            Span<byte> head = stackalloc byte[LongestHead];
            head[0] = TracerPayloadsTag;
            _bytes.Write(head[..(1 + ProtobufWriter.WriteVarint(head[1..], (ulong)payload.Length))]);
            _bytes.Write(payload);
            _payloads.Enqueue((sizeBytes, spans));
            Spans += spans;
        }

        public (int SizeBytes, int Spans) DropFirst()
        {
            (int sizeBytes, int spans) = _payloads.Dequeue();
            _droppedBytes += sizeBytes;
            Spans -= spans;
            if (IsEmpty)
            {
                _bytes.Clear();
                _droppedBytes = 0;
            }

            return (sizeBytes, spans);
        }

        /// <summary>The payloads that are left; the buffer is the caller's from now on.</summary>
        public PooledBuffer TakeBytes()
        {
            if (_droppedBytes > 0)
            {
                int left = _bytes.Length - _droppedBytes;
                _bytes.Slice(_droppedBytes, left).CopyTo(_bytes.Slice(0, left));
                _bytes.Truncate(left);
            }

            return _bytes;
        }

        public void Dispose() => _bytes.Dispose();
    }
}
