using System.Buffers;
using System.Text;
using System.Text.Unicode;
using Mayfly.Diagnostics;
using Mayfly.Intake;
using Mayfly.Tags;
using Mayfly.Wire;

namespace Mayfly.Metrics;

/// <summary>
/// Takes in metric samples and gives out series and sketch payloads. Samples are folded into buckets of ten seconds under one short lock, on the thread that
/// brought them; a flush swaps the contents and encodes outside of that lock. Thread-safe.
/// </summary>
/// <remarks>
/// docs/spec/04-metrics-logs.md, parts A and B. Each value of a packed line is one sample, the unit of the <see cref="SignalCounters"/>.
/// Lines that are not metrics are counted in <see cref="Refused"/>; they never were samples.
/// </remarks>
public sealed class MetricAggregator : IPayloadSource, IDisposable
{
    private const int WarnedNamesLimit = 64;

    private readonly Lock _gate = new();
    private readonly Lock _encodeGate = new();
    private readonly MetricSettings _settings;
    private readonly SignalCounters _counters;
    private readonly TimeProvider _time;
    private readonly Log _log;
    private readonly byte[][] _ignoredNames;
    private readonly MetricEncoder _encoder;
    private readonly HashSet<ulong> _warnedNames = [];
    private readonly long[] _refused = new long[Enum.GetValues<DogStatsdStatus>().Length];
    private MetricSet _active;
    private MetricSet _spare;
    private volatile TagSet _defaultTags = TagSet.Empty;

    public MetricAggregator(MetricSettings settings, SignalCounters counters, TimeProvider time, Log? log = null)
    {
        _settings = settings;
        _counters = counters;
        _time = time;
        _log = log ?? Log.Silent;
        _ignoredNames = [.. settings.IgnoredNames.Select(Encoding.UTF8.GetBytes)];
        _encoder = new MetricEncoder(settings, time);
        ulong seed = (ulong)time.GetTimestamp() ^ (ulong)Environment.ProcessId << 32;
        _active = new MetricSet(settings, seed);
        _spare = new MetricSet(settings, seed);
    }

    /// <summary>Tags that every metric gets when it is encoded; also those that arrived before the tags were known.</summary>
    public TagSet DefaultTags
    {
        get => _defaultTags;
        set => _defaultTags = value;
    }

    /// <summary>How many lines ended with <paramref name="status"/>; not counted for <see cref="DogStatsdStatus.Ok"/>.</summary>
    public long Refused(DogStatsdStatus status) => Interlocked.Read(ref _refused[(int)status]);

    /// <summary>Takes the lines of a datagram or of a <c>/dogstatsd/v2/proxy</c> body. Invalid UTF-8 becomes U+FFFD; a bad line costs that line.</summary>
    public void AcceptPacket(ReadOnlySpan<byte> packet)
    {
        long now = _time.GetUtcNow().ToUnixTimeSeconds();
        if (Utf8.IsValid(packet))
        {
            AcceptLines(packet, now);
        }
        else
        {
            AcceptLines(Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(packet)), now);
        }
    }

    /// <summary>Takes a datagram that was longer than the receive buffer: its last line is cut off somewhere and therefore left out.</summary>
    public void AcceptTruncatedPacket(ReadOnlySpan<byte> packet)
    {
        int end = packet.LastIndexOf((byte)'\n');
        Refuse(DogStatsdStatus.Truncated, packet[(end + 1)..]);
        AcceptPacket(packet[..(end + 1)]);
    }

    /// <summary>
    /// Takes one value of a distribution that the agent measured itself. Commas and line ends in tags become <c>_</c>, as in DogStatsD clients.
    /// A value that is not finite, or a time before second 1, is counted as malformed.
    /// </summary>
    public void AddDistribution(string name, double value, long unixSeconds, TagSet tags)
    {
        if (!double.IsFinite(value) || unixSeconds < 1)
        {
            _counters.Drop(DropReason.Malformed, 1);
            return;
        }

        byte[] nameUtf8 = Encoding.UTF8.GetBytes(name);
        byte[] joined = ArrayPool<byte>.Shared.Rent(tags.Items.Sum(static tag => tag.TextUtf8.Length + 1) + 1);
        int length = 0;
        foreach (Tag tag in tags.Items)
        {
            Span<byte> place = joined.AsSpan(length, tag.TextUtf8.Length);
            tag.TextUtf8.CopyTo(place);
            place.Replace((byte)',', (byte)'_');
            place.Replace((byte)'\n', (byte)'_');
            length += place.Length;
            joined[length++] = (byte)',';
        }

        ReadOnlySpan<byte> tagText = joined.AsSpan(0, Math.Max(length - 1, 0));
        Accept(new DogStatsdLine(nameUtf8, MetricType.Distribution, value, tagText, unixSeconds), _time.GetUtcNow().ToUnixTimeSeconds());
        ArrayPool<byte>.Shared.Return(joined);
    }

    /// <inheritdoc/>
    /// <remarks>Includes the bucket that is still open: for the end of an invocation, before a freeze, and at shutdown.</remarks>
    public void TakePayloads(List<IntakePayload> payloads) => TakePayloads(payloads, openBucket: long.MaxValue);

    /// <summary>
    /// As <see cref="TakePayloads(List{IntakePayload})"/>, but the bucket that is still open stays: for a flush by timer of a process that lives on.
    /// </summary>
    public void TakeClosedPayloads(List<IntakePayload> payloads)
    {
        long now = _time.GetUtcNow().ToUnixTimeSeconds();
        TakePayloads(payloads, BucketOf(now));
    }

    public void Dispose() => _encoder.Dispose();

    private static long BucketOf(long unixSeconds) => unixSeconds - unixSeconds % MetricContext.BucketSeconds;

    private void TakePayloads(List<IntakePayload> payloads, long openBucket)
    {
        lock (_encodeGate)
        {
            MetricSet taken;
            lock (_gate)
            {
                if (_active.IsEmpty)
                {
                    return;
                }

                taken = _active;
                _active = _spare;
                taken.MoveOpenTo(_active, openBucket);
            }

            _encoder.Encode(taken, _defaultTags, payloads);
            taken.Clear();
            _spare = taken;
        }
    }

    private void AcceptLines(ReadOnlySpan<byte> rest, long now)
    {
        ReadOnlySpan<byte> before = rest;
        while (DogStatsdLine.TryTake(ref rest, out DogStatsdLine line, out DogStatsdStatus status))
        {
            if (status != DogStatsdStatus.Ok)
            {
                Refuse(status, before[..^rest.Length]);
            }
            else if (IsIgnored(line.Name))
            {
                Count(DogStatsdStatus.IgnoredName);
            }
            else if (line.Type >= MetricType.Histogram && !_settings.HistogramsAndSets)
            {
                Count(DogStatsdStatus.TypeTurnedOff);
            }
            else
            {
                Accept(in line, now);
            }

            before = rest;
        }
    }

    private void Accept(in DogStatsdLine line, long now)
    {
        // A time in the future is taken for now.
        long bucket = BucketOf(line.UnixSeconds == 0 ? now : Math.Min(line.UnixSeconds, now));
        AddOutcome outcome;
        lock (_gate)
        {
            outcome = _active.Add(in line, bucket);

            // Within the lock: no flush can deliver what is not counted as accepted yet.
            _counters.Accept(outcome.Overflowed ? 0 : line.ValueCount);
        }

        if (!outcome.IsPlain)
        {
            Report(in line, outcome);
        }
    }

    private void Report(in DogStatsdLine line, AddOutcome outcome)
    {
        if (outcome.Overflowed)
        {
            Refuse(DogStatsdStatus.Overflow, line.Name);
            return;
        }

        if (outcome.Dropped > 0)
        {
            _counters.Drop(outcome.Reason, outcome.Dropped);
            string limit = outcome.Reason == DropReason.ContextLimit ? $"{_settings.MaxContexts} contexts" : $"{_settings.BufferBytes} bytes";
            _log.Once($"metrics-{outcome.Reason}", LogLevel.Warn, $"Metrics: more than {limit} between two flushes; further samples are dropped and counted");
        }

        if (outcome.TagsWereCut)
        {
            WarnOfTags(line.Name);
        }
    }

    private bool IsIgnored(ReadOnlySpan<byte> name)
    {
        foreach (byte[] ignored in _ignoredNames)
        {
            if (name.SequenceEqual(ignored))
            {
                return true;
            }
        }

        return false;
    }

    private void Refuse(DogStatsdStatus status, ReadOnlySpan<byte> text)
    {
        long times = Count(status);
        if (status is DogStatsdStatus.Event or DogStatsdStatus.ServiceCheck)
        {
            return;
        }

        _counters.Drop(DropReason.Malformed, 1);
        if (_log.IsOn(LogLevel.Warn) && times == 1)
        {
            string shown = Encoding.UTF8.GetString(text[..Math.Min(text.Length, 200)]).TrimEnd();
            _log.Warn($"DogStatsD: {status}: {shown} (said once; further lines are counted)");
        }
    }

    private long Count(DogStatsdStatus status) => Interlocked.Increment(ref _refused[(int)status]);

    private void WarnOfTags(ReadOnlySpan<byte> name)
    {
        // Names are the clients' choice: hence the limit.
        ulong hash = BytesHash.Of(name, 0);
        lock (_warnedNames)
        {
            if (_warnedNames.Count >= WarnedNamesLimit || !_warnedNames.Add(hash))
            {
                return;
            }
        }

        _log.Warn($"DogStatsD: {Encoding.UTF8.GetString(name)} has more than {CanonicalTags.MaxTags} tags; the surplus is cut off");
    }
}
