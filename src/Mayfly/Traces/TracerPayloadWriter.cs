using Mayfly.Wire;

namespace Mayfly.Traces;

/// <summary>Encodes the traces of one request as TracerPayload messages: one, or several where one would be too large for a body of the intake.</summary>
/// <remarks>Not thread-safe; reused. Nothing leaves it before the request has been read to its end.</remarks>
internal sealed class TracerPayloadWriter(TraceSettings settings) : IDisposable
{
    /// <summary>A payload this large takes no further trace; leaves room in a body for most traces whole.</summary>
    private const int FullAtBytes = 1024 * 1024;

    /// <summary>A trace is split, by spans, where its payload would pass this: a body's size less room for the payload's fields.</summary>
    private const int SplitAtBytes = TraceBuffer.BodyBytes - 64 * 1024;

    /// <summary>So many spans usually have more than the 16 KB whose length is two bytes.</summary>
    private const int ManySpans = 20;

    private const int TagsField = 7;
    private const int LargestKeptBytes = 1024 * 1024;

    private readonly TracerPayloadFields _fields = new(settings.Env);
    private readonly List<EncodedPayload> _payloads = [];
    private PooledBuffer _output = PooledBuffer.Rent(16 * 1024);
    private RequestFields _request = new();
    private TraceHeaders _headers;
    private PlatformTags _tags = PlatformTags.None;
    private int _start;
    private int _spans;
    private bool _isWanted;

    /// <summary>The finished payloads, as ranges of <see cref="Output"/>.</summary>
    public List<EncodedPayload> Payloads => _payloads;

    public ReadOnlySpan<byte> Output => _output.WrittenSpan;

    /// <summary>Of the tracer; null = unknown.</summary>
    public string? Language => _headers.Language;

    /// <summary>What the traces of the request have said about their sender so far.</summary>
    public TracerPayloadFields Fields => _fields;

    /// <summary>The platform's tags as they were when the request began.</summary>
    public PlatformTags Tags => _tags;

    /// <param name="request">What the body says about itself; its texts are read until <see cref="End"/>.</param>
    /// <param name="headers">What is known of the sender.</param>
    /// <param name="tags">The platform's.</param>
    public void Begin(RequestFields request, in TraceHeaders headers, PlatformTags tags)
    {
        _fields.Begin(request);
        _request = request;
        _payloads.Clear();
        _output.Clear();
        _headers = headers;
        _tags = tags;
        _start = 0;
        _spans = 0;
        _isWanted = false;
    }

    /// <summary>Takes from the trace what the payload says of all of them; to be called before <see cref="Add"/>.</summary>
    public void Gather(in TraceChunk chunk) => _fields.Gather(chunk);

    /// <summary>Appends a trace. Returns the number of spans that had to be left out because the request fills the whole buffer.</summary>
    public int Add(in TraceChunk chunk)
    {
        var writer = new ProtobufWriter(_output);
        ReadOnlySpan<Span> rest = chunk.Spans;
        while (!rest.IsEmpty && _output.Length < settings.BufferBytes)
        {
            if (_spans == 0)
            {
                Open(writer);
            }

            int taken = AddChunk(writer, chunk, rest, out bool isFull);
            rest = rest[taken..];
            if (isFull || _output.Length - _start >= FullAtBytes)
            {
                Close(writer);
            }
        }

        return rest.Length;
    }

    /// <summary>Finishes the last payload.</summary>
    public void End()
    {
        if (_spans > 0)
        {
            Close(new ProtobufWriter(_output));
        }
    }

    /// <summary>Forgets the request, and gives up the memory that an unusually large one took.</summary>
    public void Trim()
    {
        _fields.Clear();
        _payloads.Clear();
        _output.Clear();
        if (_output.Capacity > LargestKeptBytes)
        {
            _output.Dispose();
            _output = PooledBuffer.Rent(16 * 1024);
        }
    }

    public void Dispose() => _output.Dispose();

    /// <summary>Writes a chunk of as many of <paramref name="spans"/> as the payload takes, at least one where it is still empty; returns how many.</summary>
    private int AddChunk(ProtobufWriter writer, in TraceChunk chunk, ReadOnlySpan<Span> spans, out bool isFull)
    {
        isFull = false;
        int chunkStart = _output.Length;
        MessageMark mark = writer.BeginMessage(6, spans.Length > ManySpans ? 3 : 2);
        writer.Varint(1, (long)chunk.Priority);
        writer.Bytes(2, chunk.Origin.Span);
        int taken = 0;
        while (taken < spans.Length && _output.Length < settings.BufferBytes)
        {
            int spanStart = _output.Length;
            SpanWriter.Write(writer, 3, spans[taken]);
            isFull = _spans > 0 && _output.Length - _start > SplitAtBytes;
            if (isFull)
            {
                _output.Truncate(spanStart);
                break;
            }

            taken++;
            _spans++;
        }

        if (taken == 0)
        {
            _output.Truncate(chunkStart);
        }
        else
        {
            SpanWriter.WriteTexts(_output, 4, chunk.Tags);
            writer.Bool(5, chunk.IsDropped);
            _isWanted |= chunk.Priority is > 0 or TraceChunk.NoPriority;
            writer.EndMessage(mark);
        }

        return taken;
    }

    private void Open(ProtobufWriter writer)
    {
        _start = _output.Length;
        writer.Text(1, _headers.ContainerId ?? "");
        writer.Text(2, _headers.Language ?? "");
        writer.Text(3, _headers.LanguageVersion ?? "");
        writer.Text(4, _headers.TracerVersion ?? "");
    }

    private void Close(ProtobufWriter writer)
    {
        writer.Bytes(5, _fields.RuntimeId);
        SpanWriter.WriteTexts(_output, TagsField, _request.Tags.Entries);
        if (!_tags.FunctionTags.IsEmpty)
        {
            MessageMark mark = writer.BeginMessage(TagsField);
            writer.BytesEvenEmpty(1, "_dd.tags.function"u8);
            writer.BytesEvenEmpty(2, _tags.FunctionTags.Span);
            writer.EndMessage(mark);
        }

        if (!string.IsNullOrEmpty(_headers.ProcessTags))
        {
            MessageMark mark = writer.BeginMessage(TagsField);
            writer.BytesEvenEmpty(1, "_dd.tags.process"u8);
            writer.Text(2, _headers.ProcessTags);
            writer.EndMessage(mark);
        }

        writer.Bytes(8, _fields.Env);
        writer.Bytes(9, _fields.Hostname);
        writer.Bytes(10, _fields.AppVersion);
        _payloads.Add(new EncodedPayload(_start, _output.Length - _start, _spans, _isWanted));
        _isWanted = false;
        _spans = 0;
        _start = _output.Length;
    }
}

/// <summary>One TracerPayload within a <see cref="TracerPayloadWriter"/>'s output.</summary>
/// <param name="IsWanted">False: all of its traces were sampled out, and are here because nobody else computes their statistics.</param>
internal readonly record struct EncodedPayload(int Start, int SizeBytes, int Spans, bool IsWanted);
