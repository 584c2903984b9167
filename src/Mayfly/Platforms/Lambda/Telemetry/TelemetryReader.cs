using System.Runtime.InteropServices;
using System.Text.Json;
using Mayfly.Wire;

namespace Mayfly.Platforms.Lambda.Telemetry;

/// <summary>
/// Reads the body of a telemetry POST: a JSON array of <c>{"time":…,"type":…,"record":…}</c>. Each element stands for itself: one that is broken
/// or not known
/// costs nothing but itself, and a body that ends early yields what came before.
/// </summary>
/// <remarks>
/// docs/spec/01-lambda-lifecycle.md#14-telemetry-api. After a broken element reading goes on at the next <c>{</c> that is followed by one of the three member
/// names, which cannot occur inside of a string.
/// </remarks>
public static class TelemetryReader
{
    /// <summary>What a function logs as JSON may be nested deep; a deeper record is lost.</summary>
    private const int MaxDepth = 512;

    /// <summary>A body with more broken places than this is not looked at any further.</summary>
    private const int MaxMalformed = 1000;

    /// <summary>Neither is one whose broken elements have been read as often as this in all: they can be nested in each other.</summary>
    private const long MaxRereads = 8;

    private static readonly JsonReaderOptions Options = new() { MaxDepth = MaxDepth };

    private static readonly Comparison<TelemetryRecord> ByTime = static (a, b) =>
    {
        int order = a.TimeNs.CompareTo(b.TimeNs);
        return order != 0 ? order : a.Order.CompareTo(b.Order);
    };

    /// <summary>Appends the records of <paramref name="body"/> in the order of their times; records of the same time stay in their order.</summary>
    /// <param name="body">The records' texts are ranges of this buffer, unescaped in place: it has to outlive them and is no JSON any more.</param>
    /// <param name="receivedNs">Now, ns since the Unix epoch: the time of records that state none.</param>
    /// <param name="records">What was read is appended.</param>
    public static TelemetryReadResult Read(PooledBuffer body, long receivedNs, List<TelemetryRecord> records) =>
        Read(body.Array, body.Length, receivedNs, records);

    /// <inheritdoc cref="Read(PooledBuffer, long, List{TelemetryRecord})"/>
    public static TelemetryReadResult Read(byte[] body, int length, long receivedNs, List<TelemetryRecord> records)
    {
        int firstRecord = records.Count;
        int unknown = 0;
        int malformed = 0;
        int skipped = 0;
        long lastTimeNs = receivedNs;
        long reread = 0;
        int at = 0;
        while (at < length)
        {
            if (body[at] is (byte)',' or (byte)'[' or (byte)']' or (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')
            {
                at++;
                continue;
            }

            Element element = default;
            if (body[at] == '{' && TryReadElement(body.AsSpan(at, length - at), ref element))
            {
                lastTimeNs = element.HasTime ? element.TimeNs : lastTimeNs;
                if (!element.HasType)
                {
                    malformed++;
                }
                else if (!element.IsKnown)
                {
                    unknown++;
                }
                else if (!TryAdd(body, at, element, lastTimeNs, records))
                {
                    malformed++;
                }

                at += element.Length;
                continue;
            }

            malformed++;
            reread += element.Length;
            bool goOn = malformed < MaxMalformed && reread < MaxRereads * length;
            int next = goOn ? FindElement(body.AsSpan(0, length), at + 1) : length;
            skipped += next - at;
            at = next;
        }

        SortByTime(CollectionsMarshal.AsSpan(records)[firstRecord..]);
        return new TelemetryReadResult(records.Count - firstRecord, unknown, malformed, skipped);
    }

    /// <summary>Reads the element at the start of <paramref name="json"/> and changes nothing; false if it is not whole or no JSON.</summary>
    private static bool TryReadElement(ReadOnlySpan<byte> json, ref Element element)
    {
        // Not the final block: what ends early is then told by the result, not by an exception.
        var reader = new Utf8JsonReader(json, isFinalBlock: false, new JsonReaderState(Options));
        try
        {
            reader.Read();
            while (reader.Read())
            {
                if (reader.TokenType == JsonTokenType.EndObject)
                {
                    element.Length = (int)reader.BytesConsumed;
                    return true;
                }

                ReadOnlySpan<byte> name = reader.ValueSpan;
                if (!reader.Read() || !ReadMember(ref reader, name, ref element))
                {
                    return false;
                }
            }
        }
        catch (JsonException)
        {
            // The reader has no other way to say so. Once per broken element, of which there are at most MaxMalformed.
        }

        element.Length = (int)reader.BytesConsumed;
        return false;
    }

    private static bool ReadMember(ref Utf8JsonReader reader, ReadOnlySpan<byte> name, ref Element element)
    {
        if (name.SequenceEqual("record"u8))
        {
            element.RecordStart = (int)reader.TokenStartIndex;
            element.RecordType = reader.TokenType;
            bool isWhole = reader.TrySkip();
            element.RecordEnd = (int)reader.BytesConsumed;
            return isWhole;
        }

        if (reader.TokenType == JsonTokenType.String && name.SequenceEqual("time"u8))
        {
            element.HasTime = Rfc3339.TryParse(reader.ValueSpan, out element.TimeNs);
        }
        else if (reader.TokenType == JsonTokenType.String && name.SequenceEqual("type"u8))
        {
            element.HasType = true;
            element.IsKnown = TelemetryKindText.TryParse(reader.ValueSpan, out element.Kind);
        }

        return reader.TrySkip();
    }

    /// <summary>Makes a record of the element that starts at <paramref name="start"/>; false if it lacks what a record of its kind cannot be without.</summary>
    private static bool TryAdd(byte[] body, int start, in Element element, long timeNs, List<TelemetryRecord> records)
    {
        int recordStart = start + element.RecordStart;
        int recordLength = element.RecordEnd - element.RecordStart;
        if (element.Kind is TelemetryKind.Function or TelemetryKind.Extension)
        {
            if (element.RecordType == JsonTokenType.None)
            {
                return false;
            }

            Utf8Slice text = TakeText(body, recordStart, recordLength, element.RecordType);
            Utf8Slice requestId = element is { Kind: TelemetryKind.Function, RecordType: JsonTokenType.StartObject } ? FindRequestId(body, text) : default;
            records.Add(new TelemetryRecord(element.Kind, timeNs, start, text, requestId));
            return true;
        }

        PlatformRecord platform = element.RecordType == JsonTokenType.StartObject
            ? PlatformRecordReader.Read(body.AsSpan(recordStart, recordLength), Options)
            : PlatformRecord.None;
        if (platform.RequestId is null && element.Kind is TelemetryKind.Start or TelemetryKind.RuntimeDone or TelemetryKind.Report)
        {
            return false;
        }

        records.Add(new TelemetryRecord(element.Kind, timeNs, start, platform));
        return true;
    }

    private static Utf8Slice TakeText(byte[] body, int start, int length, JsonTokenType type)
    {
        if (type == JsonTokenType.String)
        {
            return new Utf8Slice(body, start + 1, JsonUnescape.ToText(body.AsSpan(start + 1, length - 2)));
        }

        return new Utf8Slice(body, start, JsonUnescape.ToCompact(body.AsSpan(start, length)));
    }

    /// <summary><c>requestId</c>, else <c>AWSRequestId</c>, of a function's JSON line (docs/spec/04-metrics-logs.md#c3-record--message).</summary>
    private static Utf8Slice FindRequestId(byte[] body, Utf8Slice json)
    {
        Utf8Slice second = default;
        var reader = new Utf8JsonReader(json.Span, Options);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isFirstChoice = reader.ValueSpan.SequenceEqual("requestId"u8);
            bool isSecondChoice = reader.ValueSpan.SequenceEqual("AWSRequestId"u8);
            reader.Read();
            if ((isFirstChoice || isSecondChoice) && reader.TokenType == JsonTokenType.String && !reader.ValueIsEscaped)
            {
                var id = new Utf8Slice(body, json.Offset + (int)reader.TokenStartIndex + 1, reader.ValueSpan.Length);
                if (isFirstChoice && !id.IsEmpty)
                {
                    return id;
                }

                second = isSecondChoice ? id : second;
            }

            reader.Skip();
        }

        return second;
    }

    /// <summary>The next place from <paramref name="from"/> on where an element seems to start, or the end of the body.</summary>
    private static int FindElement(ReadOnlySpan<byte> body, int from)
    {
        while (from < body.Length)
        {
            int brace = body[from..].IndexOf((byte)'{');
            if (brace < 0)
            {
                break;
            }

            from += brace;
            ReadOnlySpan<byte> inside = body[(from + 1)..].TrimStart(" \t\r\n"u8);
            if (inside.StartsWith("\"time\""u8) || inside.StartsWith("\"type\""u8) || inside.StartsWith("\"record\""u8))
            {
                return from;
            }

            from++;
        }

        return body.Length;
    }

    private static void SortByTime(Span<TelemetryRecord> records)
    {
        for (int i = 1; i < records.Length; i++)
        {
            if (records[i].TimeNs < records[i - 1].TimeNs)
            {
                records.Sort(ByTime);
                return;
            }
        }
    }

    /// <summary>Where the members of one element are, relative to its start.</summary>
    private struct Element
    {
        /// <summary>Of one that is not whole: the part that was read.</summary>
        public int Length;
        public long TimeNs;
        public TelemetryKind Kind;
        public int RecordStart;
        public int RecordEnd;
        public JsonTokenType RecordType;
        public bool HasTime;
        public bool HasType;
        public bool IsKnown;
    }
}
