using Mayfly.Diagnostics;
using Mayfly.Intake;
using Mayfly.Wire;

namespace Mayfly.Traces;

/// <summary>Takes traces from tracers and from the agent itself, processes them on the caller's thread, and keeps them encoded until a flush.</summary>
/// <remarks>Thread-safe. docs/spec/03-traces.md#3-processing-pipeline</remarks>
public sealed class TracePipeline : IPayloadSource
{
    /// <summary>docs/spec/03-traces.md#25-malformed-input-and-decoder-limits; a request above is answered 413.</summary>
    private const int MostTraces = 100_000;

    /// <inheritdoc cref="MostTraces"/>
    private const int MostSpansPerTrace = 200_000;

    private readonly TraceSettings _settings;
    private readonly SignalCounters _counters;
    private readonly ISpanInspector _inspector;
    private readonly TraceWorkspacePool _workspaces;
    private readonly TraceBuffer _buffer;
    private volatile PlatformTags _tags = PlatformTags.None;

    public TracePipeline(TraceSettings settings, SignalCounters counters, ISpanInspector inspector)
    {
        _settings = settings;
        _counters = counters;
        _inspector = inspector;
        _workspaces = new TraceWorkspacePool(settings);
        _buffer = new TraceBuffer(settings, counters);
    }

    /// <summary>What the platform adds to every span from now on.</summary>
    public PlatformTags Tags
    {
        get => _tags;
        set => _tags = value;
    }

    /// <inheritdoc cref="Accept{TDecoder}(byte[], int, in TraceHeaders)"/>
    public TraceDecodeResult Accept<TDecoder>(PooledBuffer body, in TraceHeaders headers)
        where TDecoder : struct, ITraceDecoder => Accept<TDecoder>(body.Array, body.Length, headers);

    /// <summary>
    /// Decodes and keeps the traces of one request, or rejects all of it. The body, its first <paramref name="lengthBytes"/>, is free again on return.
    /// </summary>
    public TraceDecodeResult Accept<TDecoder>(byte[] body, int lengthBytes, in TraceHeaders headers)
        where TDecoder : struct, ITraceDecoder
    {
        TraceWorkspace workspace = _workspaces.Rent();
        try
        {
            var reader = new MsgPackReader(body, lengthBytes);
            workspace.Payloads.Begin(headers, _tags);
            var tally = default(Tally);
            if (!TryReadTraces<TDecoder>(ref reader, workspace, headers, ref tally))
            {
                return TraceDecodeResult.Rejected(reader.Error, reader.ErrorOffset);
            }

            Keep(workspace, tally);
            return TraceDecodeResult.Accepted(tally.Accepted);
        }
        finally
        {
            _workspaces.Return(workspace);
        }
    }

    /// <summary>
    /// Adds spans that the agent made itself, as one trace chunk. They are not inspected, else processed as all others, which changes them; free again on
    /// return.
    /// </summary>
    /// <param name="spans">Nothing happens when empty.</param>
    /// <param name="priority">The chunk's sampling priority; null: from the spans, as for a tracer's.</param>
    /// <param name="headers">What to say about the sender: those of the tracer whose trace the spans belong to, or nothing.</param>
    public void Add(ReadOnlySpan<Span> spans, int? priority = null, TraceHeaders headers = default)
    {
        TraceWorkspace workspace = _workspaces.Rent();
        try
        {
            workspace.Payloads.Begin(headers, _tags);
            var tally = default(Tally);
            Process(spans, priority, workspace, headers, ref tally);
            Keep(workspace, tally);
        }
        finally
        {
            _workspaces.Return(workspace);
        }
    }

    /// <inheritdoc/>
    public void TakePayloads(List<IntakePayload> payloads) => _buffer.Take(payloads);

    private bool TryReadTraces<TDecoder>(ref MsgPackReader reader, TraceWorkspace workspace, in TraceHeaders headers, ref Tally tally)
        where TDecoder : struct, ITraceDecoder
    {
        if (!TDecoder.TryReadEnvelope(ref reader, workspace.Scratch, out int traces))
        {
            return false;
        }

        if (traces > MostTraces)
        {
            return reader.Fail(MsgPackError.LimitExceeded, reader.Position);
        }

        for (; traces > 0; traces--)
        {
            if (!TryReadTrace<TDecoder>(ref reader, workspace))
            {
                return false;
            }

            workspace.Batch.Inspect(_inspector, headers);
            Process(workspace.Batch.Spans, null, workspace, headers, ref tally);
        }

        return true;
    }

    private static bool TryReadTrace<TDecoder>(ref MsgPackReader reader, TraceWorkspace workspace)
        where TDecoder : struct, ITraceDecoder
    {
        workspace.Batch.Clear();
        int start = reader.Position;
        if (!reader.TryReadArrayHeader(out int spans))
        {
            return false;
        }

        if (spans > MostSpansPerTrace)
        {
            return reader.Fail(MsgPackError.LimitExceeded, start);
        }

        for (; spans > 0; spans--)
        {
            if (!TDecoder.TryReadSpan(ref reader, workspace.Scratch, workspace.Batch.Next()))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The steps that every trace goes through, in the order of docs/spec/03-traces.md#31-order, column M.</summary>
    private void Process(ReadOnlySpan<Span> spans, int? priority, TraceWorkspace workspace, in TraceHeaders headers, ref Tally tally)
    {
        if (spans.IsEmpty)
        {
            return;
        }

        var chunk = new TraceChunk(spans);
        if (!chunk.HasIds())
        {
            tally.Malformed += spans.Length;
            return;
        }

        workspace.Index.Fill(spans);
        chunk.FindRoot(workspace.Index);
        chunk.ReadPriorityAndOrigin();
        chunk.Priority = priority ?? chunk.Priority;
        chunk.MarkTopLevel(workspace.Index, headers.ComputedTopLevel);
        workspace.Payloads.Tags.AddTo(spans);
        if (_settings.AsksIntakeForStats && !headers.ComputedStats)
        {
            chunk.AskForStats();
        }

        tally.Accepted += spans.Length;
        tally.LeftOut += workspace.Payloads.Add(chunk);
    }

    /// <summary>The request is good: its spans count, and go to the buffer.</summary>
    private void Keep(TraceWorkspace workspace, in Tally tally)
    {
        workspace.Payloads.End();
        _counters.Accept(tally.Accepted);
        _counters.Drop(DropReason.Malformed, tally.Malformed);
        _counters.Drop(DropReason.BufferFull, tally.LeftOut);
        _buffer.Add(workspace.Payloads.Output, workspace.Payloads.Payloads);
    }

    /// <summary>Spans of one request.</summary>
    private struct Tally
    {
        public int Accepted;

        /// <summary>In traces without ids; never accepted.</summary>
        public int Malformed;

        /// <summary>Accepted, and beyond what the whole buffer holds.</summary>
        public int LeftOut;
    }
}
