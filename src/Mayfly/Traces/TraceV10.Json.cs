using System.Text.Json;
using Mayfly.Wire;

namespace Mayfly.Traces;

/// <content>Arrays and lists as text: <c>[1,"a"]</c>, <c>{"key":true}</c>. Where there is room for a text only, that is what is left of them.</content>
public readonly partial struct TraceV10
{
    private static bool TryReadJson(ref MsgPackReader reader, DecodeScratch scratch, AttributeKind kind, out Utf8Slice text)
    {
        int start = reader.Position;
        text = default;
        Utf8JsonWriter writer = scratch.BeginJson(out PooledBuffer json);
        if (!TryWriteJson(ref reader, scratch, kind, writer, MsgPackReader.MaxDepth))
        {
            return false;
        }

        writer.Flush();
        if (!scratch.Arena.TryAllocate(json.Length, out text, out Span<byte> room))
        {
            return reader.Fail(MsgPackError.LimitExceeded, start);
        }

        json.WrittenSpan.CopyTo(room);
        return true;
    }

    private static bool TryWriteJson(ref MsgPackReader reader, DecodeScratch scratch, AttributeKind kind, Utf8JsonWriter json, int depthLeft)
    {
        if (kind is AttributeKind.Array or AttributeKind.List)
        {
            return depthLeft > 0
                ? TryWriteContainer(ref reader, scratch, kind == AttributeKind.List, json, depthLeft)
                : reader.Fail(MsgPackError.TooDeep, reader.Position);
        }

        if (!TryReadValue(ref reader, scratch, kind, out AttributeValue value))
        {
            return false;
        }

        switch (kind)
        {
            case AttributeKind.Text:
                json.WriteStringValue(value.Text.Span);
                break;
            case AttributeKind.Boolean:
                json.WriteBooleanValue(value.Boolean);
                break;
            case AttributeKind.Integer:
                json.WriteNumberValue(value.Integer);
                break;
            case AttributeKind.Double when double.IsFinite(value.Double):
                json.WriteNumberValue(value.Double);
                break;
            case AttributeKind.Double:
                json.WriteNullValue();
                break;
            default:
                json.WriteBase64StringValue(value.Text.Span);
                break;
        }

        return true;
    }

    private static bool TryWriteContainer(ref MsgPackReader reader, DecodeScratch scratch, bool isList, Utf8JsonWriter json, int depthLeft)
    {
        if (!TryReadGroups(ref reader, isList ? 3 : 2, out int count))
        {
            return false;
        }

        if (isList)
        {
            json.WriteStartObject();
        }
        else
        {
            json.WriteStartArray();
        }

        for (; count > 0; count--)
        {
            Utf8Slice key = default;
            if (isList && !TryReadText(ref reader, scratch, out key))
            {
                return false;
            }

            if (isList)
            {
                json.WritePropertyName(key.Span);
            }

            if (!TryReadKind(ref reader, out AttributeKind kind) || !TryWriteJson(ref reader, scratch, kind, json, depthLeft - 1))
            {
                return false;
            }
        }

        if (isList)
        {
            json.WriteEndObject();
        }
        else
        {
            json.WriteEndArray();
        }

        return true;
    }
}
