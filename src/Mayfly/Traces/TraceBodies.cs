using System.Diagnostics.CodeAnalysis;
using Mayfly.Diagnostics;
using Mayfly.Intake;
using Mayfly.Wire;

namespace Mayfly.Traces;

/// <summary>TracerPayloads, oldest first, in the AgentPayload bodies that will carry them. Not thread-safe.</summary>
/// <param name="expectedBytes">What the first body will hold in all, as far as anybody can tell: saves growing and copying.</param>
internal sealed class TraceBodies(int expectedBytes = 0)
{
    private const byte TracerPayloadsTag = 5 << 3 | 2;
    private const int LongestHead = 6;
    private const int MostLanguages = 16;
    private const int LongestLanguage = 64;

    private readonly Queue<Body> _bodies = new();
    private Body? _last;

    /// <summary>Bytes of the payloads; what closes a body is not counted.</summary>
    public long SizeBytes { get; private set; }

    public bool IsEmpty => SizeBytes == 0;

    /// <summary>Bytes that <paramref name="payload"/> takes in a body.</summary>
    public static int SizeOf(ReadOnlySpan<byte> payload) => 1 + ProtobufWriter.VarintSize((ulong)payload.Length) + payload.Length;

    /// <param name="language">Of the tracer; null = unknown.</param>
    /// <param name="closingBytes">What a body needs at its end.</param>
    public void Add(ReadOnlySpan<byte> payload, int spans, string? language, int closingBytes)
    {
        int sizeBytes = SizeOf(payload);
        if (_last is null || !_last.HasRoomFor(sizeBytes + closingBytes))
        {
            _last = new Body(Math.Max(sizeBytes + closingBytes, _bodies.Count == 0 ? expectedBytes : 0));
            _bodies.Enqueue(_last);
        }

        _last.Add(payload, sizeBytes, spans, language);
        SizeBytes += sizeBytes;
    }

    /// <summary>Drops the oldest payload, of which there is one; returns its spans.</summary>
    public long DropOldest()
    {
        Body oldest = _bodies.Peek();
        (int sizeBytes, int spans) = oldest.DropFirst();
        SizeBytes -= sizeBytes;
        if (oldest.IsEmpty && oldest != _last)
        {
            _bodies.Dequeue().Dispose();
        }

        return spans;
    }

    /// <summary>Hands over all bodies, each closed with <paramref name="closing"/>; nothing is left to do with this object.</summary>
    public void Take(ReadOnlySpan<byte> closing, List<IntakePayload> payloads)
    {
        foreach (Body body in _bodies)
        {
            if (body.IsEmpty)
            {
                body.Dispose();
                continue;
            }

            PooledBuffer bytes = body.TakeBytes();
            bytes.Write(closing);
            payloads.Add(new IntakePayload(Signal.Traces, IntakeKind.Traces, bytes, body.Spans) { Headers = body.Headers });
        }
    }

    /// <summary>The payloads of one body, end to end; dropped ones are a gap at the front until the body is taken.</summary>
    private sealed class Body(int firstBytes) : IDisposable
    {
        private readonly PooledBuffer _bytes = PooledBuffer.Rent(firstBytes);
        private readonly Queue<(int SizeBytes, int Spans)> _payloads = new();
        private readonly List<string> _languages = [];
        private int _droppedBytes;

        public long Spans { get; private set; }

        public bool IsEmpty => _payloads.Count == 0;

        /// <summary>docs/spec/03-traces.md#52-url-endpoints-keys</summary>
        public IReadOnlyList<KeyValuePair<string, string>> Headers =>
            _languages.Count == 0 ? [] : [new("X-Datadog-Reported-Languages", string.Join('|', _languages))];

        /// <summary>The gap counts as occupied, so that a body's memory is bounded; an empty body has room for anything.</summary>
        public bool HasRoomFor(int sizeBytes) => IsEmpty || _bytes.Length + sizeBytes <= TraceBuffer.BodyBytes;

        public void Add(ReadOnlySpan<byte> payload, int sizeBytes, int spans, string? language)
        {
            Span<byte> head = stackalloc byte[LongestHead];
            head[0] = TracerPayloadsTag;
            _bytes.Write(head[..(1 + ProtobufWriter.WriteVarint(head[1..], (ulong)payload.Length))]);
            _bytes.Write(payload);
            _payloads.Enqueue((sizeBytes, spans));
            Spans += spans;
            if (IsReported(language) && _languages.Count < MostLanguages && !_languages.Contains(language))
            {
                _languages.Add(language);
            }
        }

        public (int SizeBytes, int Spans) DropFirst()
        {
            (int sizeBytes, int spans) = _payloads.Dequeue();
            _droppedBytes += sizeBytes;
            Spans -= spans;
            if (IsEmpty)
            {
                _bytes.Clear();
                _languages.Clear();
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

        /// <summary>A language may be any text that a body of v1.0 can hold; a header takes less, and one that is not sent costs nothing.</summary>
        private static bool IsReported([NotNullWhen(true)] string? language)
        {
            if (language is not { Length: > 0 and <= LongestLanguage })
            {
                return false;
            }

            foreach (char c in language)
            {
                if (c is <= ' ' or >= '\x7f' or '|')
                {
                    return false;
                }
            }

            return true;
        }
    }
}
