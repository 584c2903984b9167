using Mayfly.Wire;

namespace Mayfly.Traces;

/// <summary>
/// What v0.7 and v1.0 say about a request as a whole. An empty field is one that the body leaves to the headers or to the spans.
/// </summary>
/// <remarks>docs/spec/03-traces.md#23-v07-and-v10</remarks>
public sealed class RequestFields
{
    private const int LongestKeptBytes = 1024;

    /// <summary>Of a request before: one process sends many, and its texts need to be made once.</summary>
    private TraceHeaders _before;

    public Utf8Slice ContainerId { get; set; }

    public Utf8Slice Language { get; set; }

    public Utf8Slice LanguageVersion { get; set; }

    public Utf8Slice TracerVersion { get; set; }

    public Utf8Slice RuntimeId { get; set; }

    public Utf8Slice Env { get; set; }

    public Utf8Slice Hostname { get; set; }

    public Utf8Slice AppVersion { get; set; }

    public SpanMap<Utf8Slice> Tags { get; } = new();

    /// <summary>Where the array of chunks starts in the body; −1: none was seen.</summary>
    internal int ChunksAt { get; set; } = -1;

    /// <summary>Entries of the string table that precede the chunks.</summary>
    internal int StringsBeforeChunks { get; set; }

    /// <summary>The headers of the request with what the body says in place of what they say.</summary>
    public TraceHeaders Over(in TraceHeaders headers)
    {
        TraceHeaders sender = headers with
        {
            ContainerId = Over(ContainerId, headers.ContainerId, _before.ContainerId),
            Language = Over(Language, headers.Language, _before.Language),
            LanguageVersion = Over(LanguageVersion, headers.LanguageVersion, _before.LanguageVersion),
            TracerVersion = Over(TracerVersion, headers.TracerVersion, _before.TracerVersion),
        };
        if (ContainerId.Length + Language.Length + LanguageVersion.Length + TracerVersion.Length is > 0 and <= LongestKeptBytes)
        {
            _before = sender;
        }

        return sender;
    }

    public void Clear()
    {
        ContainerId = Language = LanguageVersion = TracerVersion = RuntimeId = Env = Hostname = AppVersion = default;
        Tags.Clear();
        ChunksAt = -1;
        StringsBeforeChunks = 0;
    }

    private static string? Over(Utf8Slice field, string? header, string? before)
    {
        if (field.IsEmpty)
        {
            return header;
        }

        return before is not null && IsSame(field.Span, before) ? before : field.ToString();
    }

    /// <summary>ASCII, which such texts are; others are made again.</summary>
    private static bool IsSame(ReadOnlySpan<byte> utf8, string text)
    {
        int i = 0;
        while (i < utf8.Length && i < text.Length && utf8[i] == text[i] && utf8[i] < 0x80)
        {
            i++;
        }

        return i == utf8.Length && i == text.Length;
    }
}
