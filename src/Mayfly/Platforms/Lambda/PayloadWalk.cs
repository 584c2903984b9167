using System.Text;
using System.Text.Json;
using Mayfly.Wire;

namespace Mayfly.Platforms.Lambda;

/// <summary>The rules of <see cref="PayloadCapture"/>, value by value. Recursion ends at the depth limit, which nested texts of JSON count for as
/// well.</summary>
internal readonly struct PayloadWalk(CapturedTags tags, PooledBuffer scratch, int maxDepth)
{
    /// <summary>Six bytes of JSON may stand for one UTF-16 unit, and two units for one character.</summary>
    internal const int MaxRawBytes = PayloadCapture.MaxValueCharacters * 12;

    private static ReadOnlySpan<byte> Redacted => "redacted"u8;

    /// <summary>Visits a value that was found to be JSON; its key is the current one of the tags.</summary>
    public void VisitJson(ReadOnlySpan<byte> json, int depth, bool isSecret)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = JsonSyntax.MaxDepth });
        reader.Read();
        Visit(ref reader, depth, isSecret);
    }

    /// <summary>Reads the value at the reader to its end.</summary>
    private void Visit(ref Utf8JsonReader reader, int depth, bool isSecret)
    {
        if (reader.TokenType == JsonTokenType.Null)
        {
            tags.Add("null"u8);
            return;
        }

        bool isContainer = reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray;
        if (isSecret && reader.TokenType != JsonTokenType.String && !isContainer)
        {
            tags.Add(Redacted);
        }
        else if (depth >= maxDepth)
        {
            VisitDeep(ref reader, isContainer, isSecret);
        }
        else if (reader.TokenType == JsonTokenType.StartObject)
        {
            VisitObject(ref reader, depth, isSecret);
        }
        else if (reader.TokenType == JsonTokenType.StartArray)
        {
            VisitArray(ref reader, depth, isSecret);
        }
        else if (reader.TokenType == JsonTokenType.String)
        {
            VisitText(ref reader, depth, isSecret);
        }
        else
        {
            tags.Add(Cut(reader.ValueSpan));
        }
    }

    private void VisitObject(ref Utf8JsonReader reader, int depth, bool isSecret)
    {
        int keyLength = tags.KeyLength;
        int end = reader.CurrentDepth;
        while (!tags.IsFull && reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            ReadOnlySpan<byte> name = tags.Enter(reader.ValueSpan, reader.ValueIsEscaped);
            bool isSecretMember = isSecret || SecretName.Matches(name);
            reader.Read();
            Visit(ref reader, depth + 1, isSecretMember);
            tags.Leave(keyLength);
        }

        OmitRest(ref reader, end);
    }

    private void VisitArray(ref Utf8JsonReader reader, int depth, bool isSecret)
    {
        int keyLength = tags.KeyLength;
        int end = reader.CurrentDepth;
        int index = 0;
        while (!tags.IsFull && reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            tags.Enter(index++);
            Visit(ref reader, depth + 1, isSecret);
            tags.Leave(keyLength);
        }

        if (index == 0 && reader.TokenType == JsonTokenType.EndArray)
        {
            tags.Add("[]"u8);
        }

        OmitRest(ref reader, end);
    }

    /// <summary>Reads to the end of the object or array at this depth, if the reader is not there, and counts the values on the way.</summary>
    private void OmitRest(ref Utf8JsonReader reader, int depth)
    {
        while (!(reader.TokenType is JsonTokenType.EndObject or JsonTokenType.EndArray && reader.CurrentDepth == depth) && reader.Read())
        {
            if (reader.TokenType is JsonTokenType.String or JsonTokenType.Number or JsonTokenType.True or JsonTokenType.False or JsonTokenType.Null)
            {
                tags.Omit();
            }
        }
    }

    /// <summary>A text that is JSON is taken apart as if it stood there itself, under the same key.</summary>
    private void VisitText(ref Utf8JsonReader reader, int depth, bool isSecret)
    {
        ReadOnlySpan<byte> raw = reader.ValueSpan;
        if (EmbeddedJson.IsLikely(raw) && TryVisitEmbedded(raw, reader.ValueIsEscaped, depth, isSecret))
        {
            return;
        }

        if (isSecret)
        {
            tags.Add(Redacted);
            return;
        }

        scratch.Clear();
        JsonToken.AppendScrubbed(raw[..Math.Min(raw.Length, MaxRawBytes)], reader.ValueIsEscaped, scratch);
        tags.Add(Cut(scratch.WrittenSpan));
    }

    private bool TryVisitEmbedded(ReadOnlySpan<byte> raw, bool isEscaped, int depth, bool isSecret)
    {
        using PooledBuffer? text = isEscaped ? PooledBuffer.Rent(raw.Length) : null;
        ReadOnlySpan<byte> json = raw;
        if (text is not null)
        {
            JsonToken.AppendText(raw, isEscaped, text);
            json = text.WrittenSpan;
        }

        bool isJson = JsonSyntax.IsValid(json);
        if (isJson)
        {
            tags.CountText();
            VisitJson(json, depth + 1, isSecret);
        }

        return isJson;
    }

    /// <summary>At the depth limit a value is one text: compact JSON.</summary>
    private void VisitDeep(ref Utf8JsonReader reader, bool isContainer, bool isSecret)
    {
        if (isSecret && !isContainer)
        {
            tags.Add(Redacted);
            return;
        }

        scratch.Clear();
        CompactJson.Write(ref reader, scratch, isSecret);
        tags.Add(Cut(scratch.WrittenSpan));
    }

    /// <summary>The first characters of a text, never a part of one.</summary>
    private static ReadOnlySpan<byte> Cut(ReadOnlySpan<byte> text)
    {
        if (text.Length <= PayloadCapture.MaxValueCharacters)
        {
            return text;
        }

        int end = 0;
        for (int characters = 0; characters < PayloadCapture.MaxValueCharacters && end < text.Length; characters++)
        {
            Rune.DecodeFromUtf8(text[end..], out _, out int consumed);
            end += consumed;
        }

        return text[..end];
    }
}
