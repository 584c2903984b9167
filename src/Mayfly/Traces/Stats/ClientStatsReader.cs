using Mayfly.Traces.Obfuscation;
using Mayfly.Wire;

namespace Mayfly.Traces.Stats;

/// <summary>
/// Reads a tracer's ClientStatsPayload and writes it on as it came, but for what readers further on would stumble over, and what the agent knows better
/// (docs/spec/03-traces.md#24-stats-payload-v06stats-msgpack-clientstatspayload and #43-payload-grouping-and-envelope).
/// </summary>
/// <remarks>One per request. Every entry is optional.</remarks>
/// <param name="settings">What the agent knows.</param>
/// <param name="body">The request's.</param>
/// <param name="obfuscator">Hides the values in resources; null: the tracer has done so.</param>
internal sealed class ClientStatsReader(StatsSettings settings, byte[] body, Obfuscator? obfuscator) : IDisposable
{
    /// <summary>More is no tracer's: 413.</summary>
    private const int MostBuckets = 10_000;

    /// <inheritdoc cref="MostBuckets"/>
    private const int MostGroups = 100_000;

    /// <summary>Of a map. Three times as many as are known.</summary>
    private const int MostEntries = 64;

    /// <summary>Of a payload or a bucket, beside its statistics: these bytes are repeated where a payload is split.</summary>
    private const int MostFieldBytes = 64 * 1024;

    private static readonly byte[] EmptyArray = [0x90];
    private static readonly Utf8Slice DatabaseType = Utf8Slice.From("db.type");

    private readonly StatsEntryCopier _entries = new(body);
    private readonly Span _span = new();
    private readonly TextArena _arena = new();
    private int _groups;
    private bool _hasEnv;
    private bool _hasService;
    private bool _hasTags;

    /// <summary>The language that the payload names.</summary>
    public string Language { get; private set; } = "";

    /// <summary>Reads the payload. False: <paramref name="reader"/> says why, and what was written is worthless.</summary>
    public bool TryRead(ref MsgPackReader reader, ClientPayloadWriter writer)
    {
        if (!TryReadFields(ref reader, writer.Payload, out MsgPackReader stats))
        {
            return false;
        }

        AddMissing(writer.Payload, "Env"u8, settings.Env, _hasEnv);
        AddMissing(writer.Payload, "Service"u8, settings.Service, _hasService);
        if (!_hasTags)
        {
            writer.Payload.AddTags("Tags"u8, settings.Tags);
        }

        if (!TryReadBuckets(ref stats, writer))
        {
            return reader.Fail(stats.Error, stats.ErrorOffset);
        }

        writer.EndPayload();
        return true;
    }

    public void Dispose()
    {
        _entries.Dispose();
        _arena.Clear();
    }

    private static void AddMissing(EncodedMap map, ReadOnlySpan<byte> key, string value, bool isThere)
    {
        if (!isThere && value.Length > 0)
        {
            map.Add(key).Text(value);
        }
    }

    /// <summary>
    /// Copies a map but for its <c>Stats</c>, an array, at which <paramref name="stats"/> stands afterwards; at an empty one if there is none.
    /// </summary>
    private bool TryReadFields(ref MsgPackReader reader, EncodedMap map, out MsgPackReader stats)
    {
        int start = reader.Position;
        stats = new MsgPackReader(EmptyArray, EmptyArray.Length);
        map.Clear();
        if (!TryReadMap(ref reader, out int entries))
        {
            return false;
        }

        for (; entries > 0; entries--)
        {
            if (!reader.TryReadBytes(out Utf8Slice key))
            {
                return false;
            }

            if (key.SequenceEqual("Stats"u8))
            {
                stats = reader;
                map.Split();
                if (!reader.TrySkip())
                {
                    return false;
                }
            }
            else if (!TryReadField(ref reader, key.Span, map))
            {
                return false;
            }
        }

        return map.Bytes.Length <= MostFieldBytes || reader.Fail(MsgPackError.LimitExceeded, start);
    }

    /// <summary>
    /// An empty environment or service is left out, to be filled in, as tags are where there are none; the container id is left out, as outside of Fargate it
    /// means nothing.
    /// </summary>
    private bool TryReadField(ref MsgPackReader reader, ReadOnlySpan<byte> key, EncodedMap map)
    {
        MsgPackReader value = reader;
        if (!_entries.TryCopy(ref reader, key, map))
        {
            return false;
        }

        _hasTags = key.SequenceEqual("Tags"u8) ? SpanValue.TryReadArray(ref value, out int tags) && tags > 0 : _hasTags;
        bool isEmpty = _entries.Text.IsEmpty;
        bool isEnv = key.SequenceEqual("Env"u8);
        bool isService = key.SequenceEqual("Service"u8);
        bool isContainer = key.SequenceEqual("ContainerID"u8);
        _hasEnv = isEnv ? !isEmpty : _hasEnv;
        _hasService = isService ? !isEmpty : _hasService;
        if (isContainer || ((isEnv || isService) && isEmpty))
        {
            map.Remove(key);
        }
        else if (key.SequenceEqual("Lang"u8))
        {
            Language = _entries.Text.ToString();
        }

        return true;
    }

    private static bool TryReadMap(ref MsgPackReader reader, out int entries)
    {
        int start = reader.Position;
        return reader.TryReadMapHeader(out entries) && (entries <= MostEntries || reader.Fail(MsgPackError.LimitExceeded, start));
    }

    private bool TryReadBuckets(ref MsgPackReader reader, ClientPayloadWriter writer)
    {
        int start = reader.Position;
        if (!SpanValue.TryReadArray(ref reader, out int buckets))
        {
            return false;
        }

        if (buckets > MostBuckets)
        {
            return reader.Fail(MsgPackError.LimitExceeded, start);
        }

        for (; buckets > 0; buckets--)
        {
            if (!TryReadFields(ref reader, writer.Bucket, out MsgPackReader stats))
            {
                return false;
            }

            if (!TryReadGroups(ref stats, writer))
            {
                return reader.Fail(stats.Error, stats.ErrorOffset);
            }

            writer.EndBucket();
        }

        return true;
    }

    private bool TryReadGroups(ref MsgPackReader reader, ClientPayloadWriter writer)
    {
        int start = reader.Position;
        if (!SpanValue.TryReadArray(ref reader, out int groups))
        {
            return false;
        }

        _groups += groups;
        if (_groups > MostGroups)
        {
            return reader.Fail(MsgPackError.LimitExceeded, start);
        }

        for (; groups > 0; groups--)
        {
            if (!TryReadGroup(ref reader, writer))
            {
                return false;
            }
        }

        return true;
    }

    private bool TryReadGroup(ref MsgPackReader reader, ClientPayloadWriter writer)
    {
        EncodedMap group = writer.Group;
        group.Clear();
        _span.Clear();
        ulong hits = 0;
        if (!TryReadMap(ref reader, out int entries))
        {
            return false;
        }

        for (; entries > 0; entries--)
        {
            if (!reader.TryReadBytes(out Utf8Slice key) || !_entries.TryCopy(ref reader, key.Span, group))
            {
                return false;
            }

            if (key.SequenceEqual("Hits"u8))
            {
                hits = _entries.Number;
            }
            else if (key.SequenceEqual("Resource"u8))
            {
                _span.Resource = _entries.Text;
            }
            else if (key.SequenceEqual("Type"u8))
            {
                _span.Type = _entries.Text;
            }
            else if (key.SequenceEqual("DBType"u8))
            {
                _span.Meta.Set(DatabaseType, _entries.Text);
            }
        }

        if (IsPlaceholder(_span.Resource))
        {
            return true;
        }

        Obfuscate(group);
        writer.EndGroup((long)Math.Min(hits, uint.MaxValue));
        return true;
    }

    /// <summary>A query or a command in a resource loses its values, as that of a span does (docs/spec/03-traces.md#38-obfuscation).</summary>
    private void Obfuscate(EncodedMap group)
    {
        Utf8Slice sent = _span.Resource;
        if (obfuscator is null || sent.IsEmpty)
        {
            return;
        }

        obfuscator.Obfuscate([_span], _arena);
        if (_span.Resource != sent)
        {
            group.AddText("Resource"u8, _span.Resource.Span);
        }

        _arena.Clear();
    }

    private bool IsPlaceholder(Utf8Slice resource)
    {
        foreach (byte[] placeholder in settings.PlaceholderResourcesUtf8)
        {
            if (resource.SequenceEqual(placeholder))
            {
                return true;
            }
        }

        return false;
    }
}
