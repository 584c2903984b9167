using Mayfly.Wire;

namespace Mayfly.Traces;

/// <summary>
/// What v0.7 and v1.0 say about a request as a whole. An empty field is one that the body leaves to the headers or to the spans.
/// </summary>
/// <remarks>docs/spec/03-traces.md#23-v07-and-v10</remarks>
public sealed class RequestFields
{
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
    public TraceHeaders Over(in TraceHeaders headers) => headers with
    {
        ContainerId = Over(ContainerId, headers.ContainerId),
        Language = Over(Language, headers.Language),
        LanguageVersion = Over(LanguageVersion, headers.LanguageVersion),
        TracerVersion = Over(TracerVersion, headers.TracerVersion),
    };

    public void Clear()
    {
        ContainerId = Language = LanguageVersion = TracerVersion = RuntimeId = Env = Hostname = AppVersion = default;
        Tags.Clear();
        ChunksAt = -1;
        StringsBeforeChunks = 0;
    }

    private static string? Over(Utf8Slice field, string? header) => field.IsEmpty ? header : field.ToString();
}
