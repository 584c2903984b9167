using System.Text.Json;
using Mayfly.Config;
using Mayfly.Wire;

namespace Mayfly.Traces;

/// <summary>What a decoder fills, trace by trace, and what it needs beside the body. Reused from request to request.</summary>
/// <remarks>Not thread-safe. All texts live until <see cref="Clear"/> at the longest.</remarks>
public sealed class DecodeScratch
{
    private const int LargestTableKept = 16_384;

    private const int LargestJsonKeptBytes = 64 * 1024;

    private Utf8Slice[] _strings = [];
    private PooledBuffer? _json;
    private Utf8JsonWriter? _jsonWriter;

    public TextArena Arena { get; } = new();

    /// <summary>What the format says about the request as a whole; stays empty in formats that leave it to the headers.</summary>
    public RequestFields Request { get; } = new();

    /// <summary>What the format says about the trace that was read last, beside its spans.</summary>
    public ChunkFields Chunk { get; } = new();

    /// <summary>v1.0: the trace id and the attributes that are said once for all spans of a trace.</summary>
    public Span ChunkSpan { get; } = new();

    /// <summary>The spans of the trace that was read last.</summary>
    public SpanBatch Batch { get; } = new();

    /// <summary>The span that is being read: the last one of <see cref="Batch"/>.</summary>
    public Span Span { get; private set; } = new();

    /// <summary>The string table; empty in formats without one.</summary>
    public ReadOnlySpan<Utf8Slice> Strings => _strings.AsSpan(0, StringCount);

    public int StringCount { get; private set; }

    /// <summary>v1.0: how many entries of the string table precede the value that is being read.</summary>
    public int StringsSeen { get; set; }

    /// <summary>Appends to the string table.</summary>
    public void AddString(Utf8Slice text)
    {
        if (StringCount == _strings.Length)
        {
            Array.Resize(ref _strings, Math.Max(64, StringCount * 2));
        }

        _strings[StringCount++] = text;
    }

    /// <summary>For one value as JSON: the writer, and what it has written once it is flushed. Both until the next call.</summary>
    public Utf8JsonWriter BeginJson(out PooledBuffer written)
    {
        _json ??= PooledBuffer.Rent();
        _json.Clear();
        _jsonWriter ??= new Utf8JsonWriter(_json, PlainJson.Options);
        _jsonWriter.Reset(_json);
        written = _json;
        return _jsonWriter;
    }

    /// <summary>Begins a trace.</summary>
    public void NextTrace()
    {
        Batch.Clear();
        Chunk.Clear();
    }

    /// <summary>Begins a span of the trace.</summary>
    public void NextSpan() => Span = Batch.Next();

    public void Clear()
    {
        Arena.Clear();
        Request.Clear();
        Chunk.Clear();
        ChunkSpan.Clear();
        Batch.Trim();
        StringCount = 0;
        StringsSeen = 0;
        if (_strings.Length > LargestTableKept)
        {
            _strings = [];
        }

        if (_json is { Capacity: > LargestJsonKeptBytes })
        {
            _json.Dispose();
            _json = null;
        }
    }
}
