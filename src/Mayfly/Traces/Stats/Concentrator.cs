using System.Text;
using Mayfly.Diagnostics;
using Mayfly.Intake;
using Mayfly.Wire;

namespace Mayfly.Traces.Stats;

/// <summary>
/// Computes trace statistics: counts, errors and durations of spans, by what they are and by buckets of ten seconds. Thread-safe.
/// </summary>
/// <remarks>
/// docs/spec/03-traces.md#4-trace-stats. The unit of its counters is the span that counts. Spans are folded in under one short lock; a flush takes buckets out
/// and encodes them outside of it. Limited in bytes, groups and senders; a span without room for its key counts in a group for all of these and as
/// <see cref="DropReason.ContextLimit"/>, one without room at all is dropped as <see cref="DropReason.BufferFull"/>.
/// </remarks>
public sealed class Concentrator : IPayloadSource, IDisposable
{
    /// <summary>Length of a bucket, ns.</summary>
    public const long BucketNs = 10_000_000_000;

    /// <summary>The most senders at once; above, the buckets of the one that was quiet longest go out with the next flush.</summary>
    public const int MaxSenders = 50;

    /// <summary>An open bucket leaves this long after its start: late spans still find it.</summary>
    private const long OpenNs = 2 * BucketNs;

    private readonly Lock _gate = new();
    private readonly Lock _encodeGate = new();
    private readonly StatsSettings _settings;
    private readonly SignalCounters _counters;
    private readonly TimeProvider _time;
    private readonly byte[] _env;
    private readonly ulong _seed;
    private readonly ulong _overflowHash;
    private readonly GroupKeyWriter _keys;
    private readonly StatsMemory _memory;
    private readonly List<StatsSource> _sources = [];
    private readonly List<StatsSource> _leaving = [];
    private readonly PooledBuffer _identity = PooledBuffer.Rent();
    private readonly ClientPayloadWriter _writer = new();
    private readonly StatsBodies _bodies;
    private long _oldestNs;
    private long? _lastFlushNs;
    private long _uses;

    public Concentrator(StatsSettings settings, SignalCounters counters, TimeProvider time)
    {
        _settings = settings;
        _counters = counters;
        _time = time;
        _env = Encoding.UTF8.GetBytes(settings.Env);
        _seed = (ulong)time.GetTimestamp() ^ (ulong)Environment.ProcessId << 32;
        _overflowHash = BytesHash.Of(GroupKey.Overflow, _seed);
        _keys = new GroupKeyWriter(settings.PeerTags);
        _memory = new StatsMemory(settings.BufferBytes);
        _bodies = new StatsBodies(settings, isClientComputed: false, limitBytes: long.MaxValue);
        _oldestNs = Align(NowNs());
    }

    /// <summary>Bytes held by open buckets, as far as they count towards the limit.</summary>
    internal long UsedBytes
    {
        get
        {
            lock (_gate)
            {
                return _memory.Budget.UsedBytes;
            }
        }
    }

    /// <inheritdoc/>
    /// <remarks>
    /// Buckets that are over for ten seconds; the younger ones too when the process may be frozen for good now, unless flushes come so often that the next one
    /// will have them (docs/spec/03-traces.md#45-sending).
    /// </remarks>
    public void TakePayloads(List<IntakePayload> payloads) => Take(payloads, isLast: false);

    /// <inheritdoc/>
    public void TakeLastPayloads(List<IntakePayload> payloads) => Take(payloads, isLast: true);

    public void Dispose()
    {
        _identity.Dispose();
        _writer.Dispose();
    }

    internal SpanStatsBatch CreateBatch() => new(_keys, _settings.CountsSpanKinds, _seed);

    /// <summary>Folds the batch in and empties it.</summary>
    internal void Add(SpanStatsBatch batch, in StatsSender sender)
    {
        if (batch.Count == 0)
        {
            return;
        }

        // Counted first: a flush may deliver what is folded in before this method ends.
        _counters.Accept(batch.Count);
        int overflowed = 0;
        int withoutRoom = 0;
        lock (_gate)
        {
            long current = Align(NowNs());
            StatsSource? source = null;
            int service = -1;
            foreach (ref readonly SpanStats span in batch.Spans)
            {
                if (source is null || span.Service != service)
                {
                    service = span.Service;
                    source = SourceOf(sender, batch.ServiceOf(span));
                }

                // A span that ends in the future counts now: nobody could tell when its bucket is complete.
                long start = Math.Max(Math.Min(Align(span.EndNs), current), _oldestNs);
                if (source.BucketAt(start, _memory) is { } bucket)
                {
                    overflowed += bucket.Add(span, batch.KeyOf(span), _overflowHash) == CountOutcome.Overflowed ? 1 : 0;
                }
                else
                {
                    withoutRoom++;
                }
            }
        }

        _counters.Drop(DropReason.ContextLimit, overflowed);
        _counters.Drop(DropReason.BufferFull, withoutRoom);
        batch.Clear();
    }

    private static long Align(long momentNs) => momentNs - momentNs % BucketNs;

    private long NowNs() => (_time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;

    private StatsSource SourceOf(in StatsSender sender, ReadOnlySpan<byte> service)
    {
        _identity.Clear();
        sender.WriteIdentity(_identity, service, _env);
        ulong hash = BytesHash.Of(_identity.WrittenSpan, _seed);
        StatsSource? found = null;
        foreach (StatsSource known in _sources)
        {
            if (known.Is(hash, _identity.WrittenSpan))
            {
                found = known;
                break;
            }
        }

        if (found is null)
        {
            if (_sources.Count == MaxSenders)
            {
                StatsSource quietest = _sources.MinBy(static source => source.LastUse)!;
                _sources.Remove(quietest);
                if (quietest.Buckets.Count > 0)
                {
                    _leaving.Add(quietest);
                }
            }

            found = new StatsSource(hash, _identity.WrittenSpan.ToArray(), sender.RuntimeId.ToArray());
            _sources.Add(found);
        }

        found.LastUse = ++_uses;
        return found;
    }

    private void Take(List<IntakePayload> payloads, bool isLast)
    {
        lock (_encodeGate)
        {
            List<(StatsSource Source, List<StatsBucket> Buckets)> taken = TakeBuckets(isLast);
            foreach ((StatsSource source, List<StatsBucket> buckets) in taken)
            {
                Encode(source, buckets);
            }

            _bodies.Take(payloads);
            if (taken.Count > 0)
            {
                lock (_gate)
                {
                    taken.ForEach(one => one.Buckets.ForEach(_memory.Return));
                }
            }
        }
    }

    private List<(StatsSource Source, List<StatsBucket> Buckets)> TakeBuckets(bool isLast)
    {
        List<(StatsSource, List<StatsBucket>)> taken = [];
        lock (_gate)
        {
            long now = NowNs();
            bool isForced = isLast || (_settings.MayFreeze && !(now - _lastFlushNs < BucketNs));
            _lastFlushNs = now;
            long lastStart = isForced ? long.MaxValue : now - OpenNs;
            foreach (StatsSource source in _sources)
            {
                List<StatsBucket> buckets = source.Buckets.FindAll(bucket => bucket.StartNs <= lastStart);
                if (buckets.Count > 0)
                {
                    source.Buckets.RemoveAll(buckets.Contains);
                    taken.Add((source, buckets));
                }
            }

            taken.AddRange(_leaving.Select(static source => (source, source.Buckets)));
            _leaving.Clear();
            _oldestNs = isForced ? Align(now) : Align(now) - BucketNs;
        }

        return taken;
    }

    private void Encode(StatsSource source, List<StatsBucket> buckets)
    {
        _writer.Clear();
        string language = source.WriteFields(_writer.Payload, _settings.Tags);
        foreach (StatsBucket bucket in buckets)
        {
            _writer.Bucket.Clear();
            _writer.Bucket.Add("Start"u8).UInt((ulong)bucket.StartNs);
            _writer.Bucket.Add("Duration"u8).UInt(BucketNs);
            foreach (ref readonly GroupStats group in bucket.Groups)
            {
                _writer.Group.Clear();
                WriteGroup(_writer.Group, group, bucket.KeyOf(group));
                _writer.EndGroup(group.Spans);
            }

            _writer.EndBucket();
        }

        _writer.EndPayload();
        foreach (EncodedStats form in _writer.Finished)
        {
            // Always fits: what the buckets may hold is limited, the bodies of one flush are not.
            _bodies.TryAdd(_writer.Output.Slice(form.Start, form.SizeBytes), form, language);
        }
    }

    private static void WriteGroup(EncodedMap map, in GroupStats group, ReadOnlySpan<byte> key)
    {
        GroupKey.WriteEntries(map, key);
        map.Add("Hits"u8).UInt(Rounded(group.Hits));
        map.Add("Errors"u8).UInt(Rounded(group.ErrorHits));
        map.Add("Duration"u8).UInt(Rounded(group.DurationNs));
        map.Add("TopLevelHits"u8).UInt(Rounded(group.TopLevelHits));
        LatencySketch.Write(map.Add("OkSummary"u8), group.Ok);
        LatencySketch.Write(map.Add("ErrorSummary"u8), group.Errors);
    }

    /// <summary>Half up; the conversion saturates.</summary>
    private static ulong Rounded(double sum) => (ulong)Math.Floor(sum + 0.5);
}
