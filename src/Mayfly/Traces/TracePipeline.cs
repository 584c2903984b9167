using Mayfly.Diagnostics;
using Mayfly.Intake;
using Mayfly.Traces.Filters;
using Mayfly.Traces.Normalization;
using Mayfly.Traces.Obfuscation;
using Mayfly.Traces.Sampling;
using Mayfly.Traces.Stats;
using Mayfly.Wire;

namespace Mayfly.Traces;

/// <summary>Takes traces from tracers and from the agent itself, processes them on the caller's thread, and keeps them encoded until a flush.</summary>
/// <remarks>Thread-safe. docs/spec/03-traces.md#3-processing-pipeline</remarks>
public sealed class TracePipeline : IPayloadSource
{
    /// <summary>docs/spec/03-traces.md#25-malformed-input-and-decoder-limits; a request above is answered 413.</summary>
    private const int MostTraces = 100_000;

    private const int SpansAtOnce = 32;

    private readonly TraceSettings _settings;
    private readonly SignalCounters _counters;
    private readonly ISpanInspector _inspector;
    private readonly TraceFilters _filters;
    private readonly TraceSampler _sampler;
    private readonly Obfuscator _obfuscator;
    private readonly TagReplacer _replacer;
    private readonly TraceWorkspacePool _workspaces;
    private readonly TraceBuffer _buffer;
    private readonly Concentrator? _concentrator;
    private volatile PlatformTags _tags = PlatformTags.None;

    /// <param name="concentrator">Counts the spans of tracers that do not count theirs themselves; null: nobody does.</param>
    /// <param name="demand">Told when much waits.</param>
    public TracePipeline(
        TraceSettings settings, SignalCounters counters, ISpanInspector inspector, TimeProvider time, Concentrator? concentrator = null,
        FlushDemand? demand = null)
    {
        _settings = settings;
        _counters = counters;
        _inspector = inspector;
        _filters = new TraceFilters(settings.Filters);
        _sampler = new TraceSampler(settings.Sampling, time);
        _obfuscator = new Obfuscator(settings.Obfuscation);
        _replacer = new TagReplacer(settings.Obfuscation.ReplaceRules);
        _concentrator = concentrator;
        _workspaces = new TraceWorkspacePool(settings, time, concentrator);
        _buffer = new TraceBuffer(settings, counters, demand);
    }

    /// <summary>What the platform adds to every span from now on.</summary>
    public PlatformTags Tags
    {
        get => _tags;
        set => _tags = value;
    }

    /// <inheritdoc/>
    public long WaitingBytes => _buffer.SizeBytes;

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
            workspace.Payloads.Begin(workspace.Scratch.Request, headers, _tags);
            workspace.Scratch.Chunk.Priority = priority;
            var tally = default(Tally);
            Process(spans, workspace, headers, ref tally);
            HandOverStats(workspace, headers);
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
        DecodeScratch scratch = workspace.Scratch;
        if (!TDecoder.TryReadEnvelope(ref reader, scratch, out int traces))
        {
            return false;
        }

        if (traces > MostTraces)
        {
            return reader.Fail(MsgPackError.LimitExceeded, reader.Position);
        }

        scratch.Request.Env = workspace.Normalizer.TagValueOf(scratch.Request.Env);
        TraceHeaders sender = scratch.Request.Over(headers);
        workspace.Payloads.Begin(scratch.Request, sender, _tags);
        for (; traces > 0; traces--)
        {
            scratch.NextTrace();
            if (!TDecoder.TryReadTrace(ref reader, scratch))
            {
                return false;
            }

            scratch.Batch.Inspect(_inspector, sender);
            if (TDecoder.MixesTraces)
            {
                ProcessEach(scratch.Batch.SortByTrace(), workspace, sender, ref tally);
            }
            else
            {
                Process(scratch.Batch.Spans, workspace, sender, ref tally);
            }
        }

        HandOverStats(workspace, sender);
        return true;
    }

    /// <summary>Spans of several traces, sorted.</summary>
    private void ProcessEach(ReadOnlySpan<Span> spans, TraceWorkspace workspace, in TraceHeaders headers, ref Tally tally)
    {
        while (!spans.IsEmpty)
        {
            int length = SpanBatch.LengthOfFirstTrace(spans);
            workspace.Scratch.Chunk.Clear();
            Process(spans[..length], workspace, headers, ref tally);
            spans = spans[length..];
        }
    }

    /// <summary>The steps that every trace goes through, in the order of docs/spec/03-traces.md#31-order, column M.</summary>
    private void Process(ReadOnlySpan<Span> spans, TraceWorkspace workspace, in TraceHeaders headers, ref Tally tally)
    {
        if (spans.IsEmpty)
        {
            return;
        }

        if (!workspace.Normalizer.TryNormalize(spans, headers.Language))
        {
            tally.Malformed += spans.Length;
            return;
        }

        tally.Accepted += spans.Length;
        var chunk = new TraceChunk(spans, workspace.Scratch.Chunk);
        workspace.Index.Fill(spans);
        chunk.FindRoot(workspace.Index);
        chunk.ReadPriorityAndOrigin();
        if (_filters.Rejects(chunk.Root))
        {
            tally.Filtered += spans.Length;
            return;
        }

        chunk.MarkTopLevel(workspace.Index, headers.ComputedTopLevel);
        bool asksForStats = _settings.AsksIntakeForStats && !headers.ComputedStats;
        for (int first = 0; first < spans.Length; first += SpansAtOnce)
        {
            Finish(spans.Slice(first, Math.Min(SpansAtOnce, spans.Length - first)), chunk.Root, workspace, asksForStats);
        }

        workspace.Payloads.Gather(chunk);
        if (workspace.Stats is { } stats && !headers.ComputedStats)
        {
            stats.Add(chunk);
            if (stats.IsFull)
            {
                HandOverStats(workspace, headers);
            }
        }

        tally.SampledOut += _sampler.Reduce(ref chunk, headers.ComputedStats, workspace.Singles);
        tally.LeftOut += workspace.Payloads.Add(chunk);
    }

    /// <summary>What is done to each span for itself: to so few at once that they stay in the CPU's cache from one step to the next.</summary>
    private void Finish(ReadOnlySpan<Span> spans, Span root, TraceWorkspace workspace, bool asksForStats)
    {
        workspace.Payloads.Tags.AddTo(spans, root);
        _obfuscator.Obfuscate(spans, workspace.Obfuscated);
        if (asksForStats)
        {
            TraceChunk.AskForStats(spans);
        }

        SpanTruncation.Truncate(spans, workspace.Scratch.Arena, _settings.KeepsBigResources);
        _replacer.Replace(spans, workspace.Obfuscated);
    }

    /// <summary>The spans collected so far are counted for good.</summary>
    private void HandOverStats(TraceWorkspace workspace, in TraceHeaders headers)
    {
        if (workspace.Stats is not { } stats)
        {
            return;
        }

        TracerPayloadFields fields = workspace.Payloads.Fields;
        _concentrator!.Add(stats, new StatsSender
        {
            Language = headers.Language,
            TracerVersion = headers.TracerVersion,
            ContainerId = headers.ContainerId,
            Env = fields.Env,
            Version = fields.AppVersion,
            RuntimeId = fields.RuntimeId,
        });
    }

    /// <summary>The request is good: its spans count, and go to the buffer.</summary>
    private void Keep(TraceWorkspace workspace, in Tally tally)
    {
        workspace.Payloads.End();
        _counters.Accept(tally.Accepted);
        _counters.Drop(DropReason.Malformed, tally.Malformed);
        _counters.Drop(DropReason.Filtered, tally.Filtered);
        _counters.Drop(DropReason.Sampled, tally.SampledOut);
        _counters.Drop(DropReason.BufferFull, tally.LeftOut);
        _buffer.Add(workspace.Payloads.Output, workspace.Payloads.Payloads, workspace.Payloads.Language);
    }

    /// <summary>Spans of one request.</summary>
    private struct Tally
    {
        public int Accepted;

        /// <summary>In traces that nobody can make sense of; never accepted.</summary>
        public int Malformed;

        /// <summary>Accepted, and not wanted by the user.</summary>
        public int Filtered;

        /// <summary>Accepted, and not wanted by the sampling.</summary>
        public int SampledOut;

        /// <summary>Accepted, and beyond what the whole buffer holds.</summary>
        public int LeftOut;
    }
}
