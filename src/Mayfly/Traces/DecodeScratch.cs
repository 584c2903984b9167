using Mayfly.Wire;

namespace Mayfly.Traces;

/// <summary>What a decoder needs beside the body: converted texts, and the string table of v0.5. Reused from request to request.</summary>
public sealed class DecodeScratch
{
    private const int LargestTableKept = 16_384;

    private Utf8Slice[] _strings = [];

    public TextArena Arena { get; } = new();

    /// <summary>The string table; empty in formats without one.</summary>
    public ReadOnlySpan<Utf8Slice> Strings => _strings.AsSpan(0, StringCount);

    public int StringCount { get; private set; }

    /// <summary>Appends to the string table.</summary>
    public void AddString(Utf8Slice text)
    {
        if (StringCount == _strings.Length)
        {
            Array.Resize(ref _strings, Math.Max(64, StringCount * 2));
        }

        _strings[StringCount++] = text;
    }

    public void Clear()
    {
        Arena.Clear();
        StringCount = 0;
        if (_strings.Length > LargestTableKept)
        {
            _strings = [];
        }
    }
}
