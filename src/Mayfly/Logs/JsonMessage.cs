using System.Text.Json;
using Mayfly.Wire;

namespace Mayfly.Logs;

/// <summary>
/// What a message text that is a JSON object says about its event: the status, and tags that belong to the event rather than to the text.
/// </summary>
/// <remarks>
/// docs/spec/04-metrics-logs.md#c5-json-messages. Tags are looked for in <c>ddtags</c>, then in <c>message.ddtags</c>. Member names count only when written
/// without escapes; of a repeated member the last one counts. Text that is no JSON object, or is nested deeper than <see cref="MaxDepth"/>, is plain text.
/// </remarks>
internal readonly struct JsonMessage
{
    private const int MaxDepth = 128;

    /// <summary>A longer <c>ddtags</c> is no list of tags and stays in the text; a longer ARN is none.</summary>
    private const int MaxTagsBytes = 64 * 1024;

    private readonly TagsPlace _place;
    private readonly bool _isEnvelope;
    private readonly Range _tags;
    private readonly Range _inner;

    private JsonMessage(LogStatus? status, Range? executionArn, TagsPlace place, bool isEnvelope, Range tags, Range inner)
    {
        Status = status;
        ExecutionArn = executionArn ?? default;
        _place = place;
        _isEnvelope = isEnvelope;
        _tags = tags;
        _inner = inner;
    }

    private enum TagsPlace
    {
        None,
        Outer,
        Inner,
    }

    private enum Member
    {
        Other,
        Level,
        Status,
        Tags,
        Message,
        ExecutionArn,

        /// <summary>A member that the platform puts around the message of a JSON log line, and that the event has elsewhere.</summary>
        Envelope,
    }

    /// <summary>The status that the object states, null where it states none that is known.</summary>
    public LogStatus? Status { get; }

    /// <summary>Where in the text the ARN of a durable function's execution stands, escaped.</summary>
    public Range ExecutionArn { get; }

    /// <summary>There is such an ARN.</summary>
    public bool HasExecutionArn => !ExecutionArn.Equals(default);

    /// <summary>There are tags to move from the text to the event.</summary>
    public bool HasTags => _place != TagsPlace.None;

    /// <summary>False if <paramref name="text"/> is no JSON object.</summary>
    public static bool TryScan(ReadOnlySpan<byte> text, out JsonMessage message)
    {
        message = default;
        if (!LooksLikeObject(text))
        {
            return false;
        }

        try
        {
            message = Scan(text);
            return true;
        }
        catch (JsonException)
        {
            // The reader has no other way to say that this is plain text that happens to stand in braces.
            return false;
        }
    }

    /// <summary>Writes the text without the tags, and the tags. For the <paramref name="text"/> that was scanned, and only if <see cref="HasTags"/>.</summary>
    public void WriteWithoutTags(ReadOnlySpan<byte> text, PooledBuffer remaining, PooledBuffer tags)
    {
        tags.Write(text[_tags]);
        tags.Truncate(JsonUnescape.ToText(tags.Slice(0, tags.Length)));
        switch (_place)
        {
            case TagsPlace.Outer:
                JsonObjectText.WriteWithout(remaining, text, "ddtags"u8, within: default);
                break;
            case TagsPlace.Inner when _isEnvelope:
                JsonObjectText.WriteWithout(remaining, text[_inner], "ddtags"u8, within: default);
                break;
            default:
                JsonObjectText.WriteWithout(remaining, text, "ddtags"u8, within: "message"u8);
                break;
        }
    }

    /// <summary>Writes what the ARN says. For the <paramref name="text"/> that was scanned, and only if <see cref="HasExecutionArn"/>.</summary>
    public void WriteExecution(ReadOnlySpan<byte> text, PooledBuffer fields)
    {
        using PooledBuffer arn = PooledBuffer.Rent();
        arn.Write(text[ExecutionArn]);
        arn.Truncate(JsonUnescape.ToText(arn.Slice(0, arn.Length)));
        DurableExecution.WriteOfArn(fields, arn.WrittenSpan);
    }

    /// <summary>Tells most plain text apart without the cost of a reader that fails, such as <c>{ a: 1 }</c> as JavaScript prints it.</summary>
    private static bool LooksLikeObject(ReadOnlySpan<byte> text)
    {
        ReadOnlySpan<byte> blanks = " \t\r\n"u8;
        int brace = text.IndexOfAnyExcept(blanks);
        if (brace < 0 || text[brace] != '{')
        {
            return false;
        }

        ReadOnlySpan<byte> rest = text[(brace + 1)..];
        int first = rest.IndexOfAnyExcept(blanks);
        int last = rest.LastIndexOfAnyExcept(blanks);
        return first >= 0 && rest[last] == '}' && (rest[first] == '"' || first == last);
    }

    private static JsonMessage Scan(ReadOnlySpan<byte> text)
    {
        var reader = new Utf8JsonReader(text, new JsonReaderOptions { MaxDepth = MaxDepth });
        LogStatus? level = null;
        LogStatus? status = null;
        Range? outerTags = null;
        Range? innerTags = null;
        Range? executionArn = null;
        Range inner = default;
        bool isEnvelope = true;
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            Member member = MemberOf(reader.ValueSpan);
            isEnvelope &= member is Member.Level or Member.Message or Member.Envelope;
            reader.Read();
            switch (member)
            {
                case Member.Level:
                    level = StatusOf(reader);
                    break;
                case Member.Status:
                    status = StatusOf(reader);
                    break;
                case Member.Tags:
                    outerTags = ShortTextAt(reader);
                    break;
                case Member.ExecutionArn:
                    executionArn = ShortTextAt(reader);
                    break;
                case Member.Message:
                    int start = (int)reader.TokenStartIndex;
                    innerTags = reader.TokenType == JsonTokenType.StartObject ? ScanInner(ref reader) : null;
                    reader.Skip();
                    inner = start..(int)reader.BytesConsumed;
                    break;
                default:
                    reader.Skip();
                    break;
            }

            // A value that was looked at and is no scalar after all.
            reader.Skip();
        }

        // Throws if something other than blanks follows the object.
        reader.Read();
        TagsPlace place = outerTags is not null ? TagsPlace.Outer : innerTags is not null ? TagsPlace.Inner : TagsPlace.None;
        return new JsonMessage(level ?? status, executionArn, place, isEnvelope, outerTags ?? innerTags ?? default, inner);
    }

    /// <summary>Reads the object at the reader up to its end.</summary>
    private static Range? ScanInner(ref Utf8JsonReader reader)
    {
        Range? tags = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isTags = MemberOf(reader.ValueSpan) == Member.Tags;
            reader.Read();
            if (isTags)
            {
                tags = ShortTextAt(reader);
            }

            reader.Skip();
        }

        return tags;
    }

    private static LogStatus? StatusOf(in Utf8JsonReader reader) =>
        reader.TokenType == JsonTokenType.String && LogStatusText.TryParse(reader.ValueSpan, out LogStatus status) ? status : null;

    private static Range? ShortTextAt(in Utf8JsonReader reader)
    {
        int start = (int)reader.TokenStartIndex + 1;
        return reader.TokenType == JsonTokenType.String && reader.ValueSpan.Length <= MaxTagsBytes ? start..(start + reader.ValueSpan.Length) : null;
    }

    private static Member MemberOf(ReadOnlySpan<byte> name) => name.Length switch
    {
        5 when name.SequenceEqual("level"u8) => Member.Level,
        6 when name.SequenceEqual("status"u8) => Member.Status,
        6 when name.SequenceEqual("ddtags"u8) => Member.Tags,
        7 when name.SequenceEqual("message"u8) => Member.Message,
        9 when name.SequenceEqual("timestamp"u8) || name.SequenceEqual("requestId"u8) => Member.Envelope,
        12 when name.SequenceEqual("AWSRequestId"u8) => Member.Envelope,
        12 when name.SequenceEqual("executionArn"u8) => Member.ExecutionArn,
        _ => Member.Other,
    };
}
