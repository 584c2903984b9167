using System.Runtime.InteropServices;
using Mayfly.Config;
using Mayfly.Wire;

namespace Mayfly.Traces.Sampling;

/// <summary>Decides which traces, and which spans of those that go, leave the agent. Thread-safe.</summary>
/// <remarks>docs/spec/03-traces.md#311-sampling, column M</remarks>
internal sealed class TraceSampler(SamplingSettings settings, TimeProvider time)
{
    private const int SingleSpanMechanism = 8;

    private readonly ErrorSampler _errors = new(settings.ErrorTps, time);
    private readonly ProbabilisticSampler? _probability = settings.Percentage is { } percentage
        ? new ProbabilisticSampler(percentage, settings.HashSeed, settings.HashesFullTraceId)
        : null;

    /// <summary>
    /// Reduces the chunk to what is kept: all of it, the spans that were sampled for themselves (moved to <paramref name="singles"/>), or nothing. Returns
    /// how many spans go.
    /// </summary>
    /// <param name="chunk">Has its root.</param>
    /// <param name="isComputedByTracer">The tracer sends the statistics of its traces.</param>
    /// <param name="singles">Room for spans; belongs to the request.</param>
    public int Reduce(ref TraceChunk chunk, bool isComputedByTracer, List<Span> singles)
    {
        if (Keeps(chunk, settings.ComputesStats || isComputedByTracer))
        {
            return 0;
        }

        int spans = chunk.Spans.Length;
        singles.Clear();
        foreach (Span span in chunk.Spans)
        {
            if (span.Metrics.TryFind("_dd.span_sampling.mechanism"u8, out double mechanism) && mechanism == SingleSpanMechanism)
            {
                singles.Add(span);
            }
        }

        chunk.KeepOnly(CollectionsMarshal.AsSpan(singles));
        return spans - singles.Count;
    }

    private bool Keeps(in TraceChunk chunk, bool areStatsComputed)
    {
        if (settings.KeepsErrorsOnly)
        {
            return HasError(chunk.Spans, countsExceptions: true) && _errors.TryTake();
        }

        if (_probability is not null)
        {
            return _probability.Keeps(chunk.Root) || (HasError(chunk.Spans, countsExceptions: false) && _errors.TryTake());
        }

        bool isWanted = chunk.Priority is > 0 or TraceChunk.NoPriority;
        bool isDroppedByUser = chunk.Priority < 0;
        return isWanted || !areStatsComputed || (!isDroppedByUser && HasError(chunk.Spans, countsExceptions: false) && _errors.TryTake());
    }

    private static bool HasError(ReadOnlySpan<Span> spans, bool countsExceptions)
    {
        foreach (Span span in spans)
        {
            if (span.Error != 0
                || (countsExceptions && span.Meta.TryFind("_dd.span_events.has_exception"u8, out Utf8Slice has) && has.SequenceEqual("true"u8)))
            {
                return true;
            }
        }

        return false;
    }
}
