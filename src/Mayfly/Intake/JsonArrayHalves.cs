using System.Text.Json;
using Mayfly.Wire;

namespace Mayfly.Intake;

/// <summary>Where a JSON array of several elements is best cut in two: both parts have about the same number of bytes.</summary>
internal readonly struct JsonArrayHalves
{
    private readonly int _start;
    private readonly int _cut;
    private readonly int _next;
    private readonly int _end;

    private JsonArrayHalves(int start, int cut, int next, int end, int firstCount, int count)
    {
        (_start, _cut, _next, _end) = (start, cut, next, end);
        (FirstCount, Count) = (firstCount, count);
    }

    /// <summary>Elements of the first part.</summary>
    public int FirstCount { get; }

    /// <summary>Elements of both.</summary>
    public int Count { get; }

    /// <summary>False: no JSON array, or less than two elements.</summary>
    public static bool TryFind(ReadOnlySpan<byte> json, out JsonArrayHalves halves)
    {
        halves = default;
        int count = 0, firstCount = 0, start = 0, cut = 0, next = 0, end = 0;
        try
        {
            var reader = new Utf8JsonReader(json);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray)
            {
                return false;
            }

            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                int from = (int)reader.TokenStartIndex;
                start = count == 0 ? from : start;

                reader.Skip();

                // The first part ends before the element in which the middle is, but is never empty.
                if (count > 0 && next == 0 && reader.BytesConsumed > json.Length / 2)
                {
                    (cut, next, firstCount) = (end, from, count);
                }

                end = (int)reader.BytesConsumed;
                count++;
            }
        }
        catch (JsonException)
        {
            return false;
        }

        if (count < 2)
        {
            return false;
        }

        halves = new JsonArrayHalves(start, cut, next, end, firstCount, count);
        return true;
    }

    public PooledBuffer First(ReadOnlySpan<byte> json) => ArrayOf(json[_start.._cut]);

    public PooledBuffer Second(ReadOnlySpan<byte> json) => ArrayOf(json[_next.._end]);

    private static PooledBuffer ArrayOf(ReadOnlySpan<byte> elements)
    {
        PooledBuffer array = PooledBuffer.Rent(elements.Length + 2);
        array.WriteByte((byte)'[');
        array.Write(elements);
        array.WriteByte((byte)']');
        return array;
    }
}
