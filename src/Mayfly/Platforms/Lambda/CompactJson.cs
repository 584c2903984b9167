using System.Text.Json;
using Mayfly.Wire;

namespace Mayfly.Platforms.Lambda;

/// <summary>
/// Writes a JSON value without blanks, members in their order, non-ASCII text as it is, and secrets as <c>"redacted"</c>. Writing ends when the buffer holds
/// <see cref="EnoughBytes"/>: what comes after is cut anyway, and may be megabytes.
/// </summary>
internal ref struct CompactJson(PooledBuffer buffer)
{
    /// <summary>A UTF-8 character has four bytes at most.</summary>
    internal const int EnoughBytes = PayloadCapture.MaxValueCharacters * 4;

    private const int NoDepth = int.MaxValue;

    private readonly PooledBuffer _buffer = buffer;

    /// <summary>Depth of the outermost object or array whose name is a secret.</summary>
    private int _secretDepth = NoDepth;
    private bool _isMemberSecret;
    private bool _isAfterValue;
    private bool _hasRedacted;

    /// <summary>Reads the value at the reader to its end.</summary>
    /// <returns>True if a secret was left out.</returns>
    public static bool Write(ref Utf8JsonReader reader, PooledBuffer buffer, bool isSecret)
    {
        var writer = new CompactJson(buffer) { _isMemberSecret = isSecret };
        int depth = reader.CurrentDepth;
        bool isContainer = reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray;
        do
        {
            if (buffer.Length < EnoughBytes)
            {
                writer.WriteToken(reader);
            }
        }
        while (isContainer && !IsEndAt(reader, depth) && reader.Read());
        return writer._hasRedacted;
    }

    private static bool IsEndAt(in Utf8JsonReader reader, int depth) =>
        reader.TokenType is JsonTokenType.EndObject or JsonTokenType.EndArray && reader.CurrentDepth == depth;

    private void WriteToken(in Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.PropertyName:
                WriteName(reader);
                break;
            case JsonTokenType.StartObject or JsonTokenType.StartArray:
                WriteStart(reader);
                break;
            case JsonTokenType.EndObject or JsonTokenType.EndArray:
                _buffer.Write(reader.ValueSpan);
                _isAfterValue = true;
                _secretDepth = reader.CurrentDepth == _secretDepth ? NoDepth : _secretDepth;
                break;
            default:
                WriteScalar(reader);
                break;
        }
    }

    private void WriteName(in Utf8JsonReader reader)
    {
        WriteComma();
        using PooledBuffer name = PooledBuffer.Rent();
        JsonToken.AppendText(AsMuchAsMatters(reader), reader.ValueIsEscaped, name);
        _isMemberSecret = SecretName.Matches(name.WrittenSpan);
        WriteQuoted(name.WrittenSpan);
        _buffer.WriteByte((byte)':');
        _isAfterValue = false;
    }

    private void WriteStart(in Utf8JsonReader reader)
    {
        WriteComma();
        _buffer.Write(reader.ValueSpan);
        _isAfterValue = false;
        _secretDepth = _isMemberSecret ? Math.Min(_secretDepth, reader.CurrentDepth) : _secretDepth;
        _isMemberSecret = false;
    }

    private void WriteScalar(in Utf8JsonReader reader)
    {
        WriteComma();
        bool isSecret = _isMemberSecret || _secretDepth != NoDepth;
        if (isSecret && reader.TokenType != JsonTokenType.Null)
        {
            _buffer.Write("\"redacted\""u8);
            _hasRedacted = true;
        }
        else if (reader.TokenType == JsonTokenType.String)
        {
            WriteText(reader);
        }
        else
        {
            _buffer.Write(reader.ValueSpan[..Math.Min(reader.ValueSpan.Length, EnoughBytes)]);
        }

        _isMemberSecret = false;
        _isAfterValue = true;
    }

    /// <summary>A text that is JSON with secrets in it is written anew; every other one stays as it is.</summary>
    private void WriteText(in Utf8JsonReader reader)
    {
        using PooledBuffer text = PooledBuffer.Rent();
        if (EmbeddedJson.IsLikely(reader.ValueSpan))
        {
            JsonToken.AppendText(reader.ValueSpan, reader.ValueIsEscaped, text);
            if (TryWriteEmbedded(text.WrittenSpan))
            {
                return;
            }

            text.Clear();
        }

        JsonToken.AppendScrubbed(AsMuchAsMatters(reader), reader.ValueIsEscaped, text);
        WriteQuoted(text.WrittenSpan);
    }

    private bool TryWriteEmbedded(ReadOnlySpan<byte> json)
    {
        if (!JsonSyntax.IsValid(json))
        {
            return false;
        }

        using PooledBuffer inner = PooledBuffer.Rent();
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = JsonSyntax.MaxDepth });
        reader.Read();
        bool hasRedacted = Write(ref reader, inner, isSecret: false);
        if (hasRedacted)
        {
            _hasRedacted = true;
            WriteQuoted(inner.WrittenSpan);
        }

        return hasRedacted;
    }

    private static ReadOnlySpan<byte> AsMuchAsMatters(in Utf8JsonReader reader) =>
        reader.ValueSpan[..Math.Min(reader.ValueSpan.Length, PayloadWalk.MaxRawBytes)];

    private readonly void WriteQuoted(ReadOnlySpan<byte> text)
    {
        _buffer.WriteByte((byte)'"');
        JsonEscape.Write(_buffer, text);
        _buffer.WriteByte((byte)'"');
    }

    private readonly void WriteComma()
    {
        if (_isAfterValue)
        {
            _buffer.WriteByte((byte)',');
        }
    }
}
