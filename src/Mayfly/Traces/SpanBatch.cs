namespace Mayfly.Traces;

/// <summary>The spans of the trace that is being decoded, from a stock that is filled again for each trace.</summary>
/// <remarks>Not thread-safe. Keeps at most <see cref="LargestKept"/> spans between requests.</remarks>
public sealed class SpanBatch
{
    private const int LargestKept = 2048;

    private Span[] _spans = [];
    private int _made;
    private int _count;

    public ReadOnlySpan<Span> Spans => _spans.AsSpan(0, _count);

    /// <summary>Adds an empty span and returns it.</summary>
    public Span Next()
    {
        if (_count == _spans.Length)
        {
            Array.Resize(ref _spans, Math.Max(16, _count * 2));
        }

        if (_count == _made)
        {
            _spans[_made++] = new Span();
        }

        Span span = _spans[_count++];
        span.Clear();
        return span;
    }

    /// <summary>Takes out the spans that <paramref name="inspector"/> drops; the others keep their order.</summary>
    public void Inspect(ISpanInspector inspector, in TraceHeaders headers)
    {
        int kept = 0;
        for (int i = 0; i < _count; i++)
        {
            if (inspector.Inspect(_spans[i], headers) == SpanVerdict.Keep)
            {
                (_spans[kept], _spans[i]) = (_spans[i], _spans[kept]);
                kept++;
            }
        }

        _count = kept;
    }

    /// <summary>Puts the spans of each trace together; those of one trace keep their order.</summary>
    public ReadOnlySpan<Span> SortByTrace()
    {
        Span[] sorted = [.. _spans.Take(_count).OrderBy(static span => span.TraceId)];
        sorted.CopyTo(_spans, 0);
        return Spans;
    }

    /// <summary>How many of the <paramref name="spans"/>, of which there is one at least, have the trace id of the first.</summary>
    public static int LengthOfFirstTrace(ReadOnlySpan<Span> spans)
    {
        int length = 1;
        while (length < spans.Length && spans[length].TraceId == spans[0].TraceId)
        {
            length++;
        }

        return length;
    }

    public void Clear() => _count = 0;

    /// <summary>Gives up the spans that an unusually large trace has added to the stock.</summary>
    public void Trim()
    {
        _count = 0;
        if (_made > LargestKept)
        {
            Array.Resize(ref _spans, LargestKept);
            _made = LargestKept;
        }
    }
}
