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

    /// <summary>So many lines are folded at once: a long body must not keep others waiting.</summary>
    private const int LinesPerLock = 64;

    private readonly Lock _gate = new();
    private readonly Lock _encodeGate = new();
    private readonly MetricSettings _settings;
    private readonly SignalCounters _counters;
    private readonly TimeProvider _time;
    private readonly Log _log;
    private readonly NameRules _names;
    private readonly MetricEncoder _encoder;
    private readonly HashSet<ulong> _warnedNames = [];
    private readonly long[] _refused = new long[Enum.GetValues<DogStatsdStatus>().Length];

    /// <summary>Clients' metrics are told from the platform's own, as they get something that these do not.</summary>
    private readonly bool _tellsClients;
    private MetricSet _active;
    private MetricSet _spare;
    private EventBuffer _events;
    private EventBuffer _spareEvents;
    private volatile TagSet _defaultTags = TagSet.Empty;

    public MetricAggregator(MetricSettings settings, SignalCounters counters, TimeProvider time, Log? log = null)
    {
        _settings = settings;
        _counters = counters;
        _time = time;
        _log = log ?? Log.Silent;
        _names = new NameRules(settings);
        _tellsClients = settings.Namespace is not null || settings.ClientTags.Count > 0;
        _encoder = new MetricEncoder(settings, _names, time);
        ulong seed = (ulong)time.GetTimestamp() ^ (ulong)Environment.ProcessId << 32;
        _active = new MetricSet(settings, seed);
        _spare = new MetricSet(settings, seed);
        _events = new EventBuffer(settings.EventBytes);
        _spareEvents = new EventBuffer(settings.EventBytes);
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
    public void AcceptPacket(ReadOnlySpan<byte> packet) => AcceptPacket(packet, Now());

    /// <inheritdoc cref="AcceptPacket(ReadOnlySpan{byte})"/>
    internal void AcceptPacket(ReadOnlySpan<byte> packet, long now)
    {
        if (Utf8.IsValid(packet))
        {
            AcceptLines(packet, now);
        }
        else
        {
            AcceptUnsoundLines(packet, now);
        }
    }

    /// <summary>The last line of a packet that has no end, because the packet was cut off or, with the user's wish for line ends, was sent so.</summary>
    internal void RefuseUnended(ReadOnlySpan<byte> line, bool isTruncated) =>
        Refuse(isTruncated ? DogStatsdStatus.Truncated : DogStatsdStatus.MissingLineEnd, line);

    /// <summary>Unix seconds by the clock of the samples.</summary>
    internal long Now() => _time.GetUtcNow().ToUnixTimeSeconds();

    /// <summary>
    /// Takes one value of a distribution that the agent measured itself. Commas and line ends in tags become <c>_</c>, as in DogStatsD clients.
    /// A value that is not finite, or a time before second 1, is counted as malformed.
    /// </summary>
    public void AddDistribution(string name, double value, long unixSeconds, TagSet tags) => Add(name, MetricType.Distribution, value, unixSeconds, tags);

    /// <summary>As <see cref="AddDistribution"/>, of a count: it is added to what else is counted under the name.</summary>
    public void AddCount(string name, double value, long unixSeconds, TagSet tags) => Add(name, MetricType.Count, value, unixSeconds, tags);

    /// <summary>As <see cref="AddDistribution"/>, of a gauge.</summary>
    public void AddGauge(string name, double value, long unixSeconds, TagSet tags) => Add(name, MetricType.Gauge, value, unixSeconds, tags);

    /// <inheritdoc/>
    /// <remarks>Where the process is never frozen the bucket that is still open stays (docs/spec/04-metrics-logs.md#a10-time-and-buckets).</remarks>
    public void TakePayloads(List<IntakePayload> payloads) => TakePayloads(payloads, _settings.MayFreeze ? long.MaxValue : BucketOf(Now()));

    /// <inheritdoc/>
    public void TakeLastPayloads(List<IntakePayload> payloads) => TakePayloads(payloads, openBucket: long.MaxValue);

    public void Dispose()
    {
        _encoder.Dispose();
        _events.Dispose();
        _spareEvents.Dispose();
    }

    private void Add(string name, MetricType type, double value, long unixSeconds, TagSet tags)
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
        Accept(new DogStatsdLine(nameUtf8, type, value, tagText, unixSeconds));
        ArrayPool<byte>.Shared.Return(joined);
    }

    private static long BucketOf(long unixSeconds) => unixSeconds - unixSeconds % MetricContext.BucketSeconds;

    private void TakePayloads(List<IntakePayload> payloads, long openBucket)
    {
        lock (_encodeGate)
        {
            MetricSet taken;
            EventBuffer events;
            lock (_gate)
            {
                if (_active.IsEmpty && _events.Entries.Count == 0)
                {
                    return;
                }

                taken = _active;
                _active = _spare;
                taken.MoveOpenTo(_active, openBucket);
                (events, _events) = (_events, _spareEvents);
            }

            _encoder.Encode(taken, events, _defaultTags, payloads);
            taken.Clear();
            _spare = taken;
            events.Clear();
            _spareEvents = events;
        }
    }

    private void AcceptLines(ReadOnlySpan<byte> rest, long now)
    {
        while (!rest.IsEmpty)
        {
            switch (FoldLines(ref rest, now, out ReadOnlySpan<byte> text, out DogStatsdLine line, out AddOutcome outcome))
            {
                case DogStatsdStatus.Ok when !outcome.IsPlain:
                    Report(in line, outcome);
                    break;
                case DogStatsdStatus.Ok:
                    break;
                case var kind and (DogStatsdStatus.Event or DogStatsdStatus.ServiceCheck):
                    AcceptEvent(kind, text, now);
                    break;
                case DogStatsdStatus.IgnoredName:
                    Count(DogStatsdStatus.IgnoredName);
                    break;
                case var status and (DogStatsdStatus.BlockedName or DogStatsdStatus.TypeTurnedOff):
                    Count(status);
                    _counters.Accept(line.ValueCount);
                    _counters.Drop(DropReason.Filtered, line.ValueCount);
                    break;
                case var status:
                    Refuse(status, text);
                    break;
            }
        }
    }

    /// <summary>
    /// Folds lines in, under one lock, up to the first that wants more than that: the status, or the outcome, is the last line's. Whatever it is, nothing is
    /// logged in here.
    /// </summary>
    private DogStatsdStatus FoldLines(
        ref ReadOnlySpan<byte> rest, long now, out ReadOnlySpan<byte> text, out DogStatsdLine line, out AddOutcome outcome)
    {
        outcome = default;
        lock (_gate)
        {
            int lines = 0;
            long accepted = 0;
            DogStatsdStatus status = DogStatsdStatus.Ok;
            while (DogStatsdLine.TryTake(ref rest, out text, out line, out status))
            {
                status = status == DogStatsdStatus.Ok ? StatusOf(in line) : status;
                if (status != DogStatsdStatus.Ok)
                {
                    break;
                }

                outcome = Fold(in line, now, _tellsClients);
                accepted += outcome.Overflowed ? 0 : line.ValueCount;
                if (!outcome.IsPlain || ++lines == LinesPerLock)
                {
                    break;
                }
            }

            // Within the lock: no flush can deliver what is not counted as accepted yet.
            _counters.Accept(accepted);
            return status;
        }
    }

    private DogStatsdStatus StatusOf(in DogStatsdLine line) =>
        line.Type >= MetricType.Histogram && !_settings.HistogramsAndSets ? DogStatsdStatus.TypeTurnedOff
        : _names.StatusOf(line.Name);

    /// <summary>A time in the future is taken for now.</summary>
    private AddOutcome Fold(in DogStatsdLine line, long now, bool isClients) =>
        _active.Add(in line, BucketOf(line.UnixSeconds == 0 ? now : Math.Min(line.UnixSeconds, now)), isClients);

    /// <summary>One metric of the platform's own.</summary>
    private void Accept(in DogStatsdLine line)
    {
        AddOutcome outcome;
        lock (_gate)
        {
            outcome = Fold(in line, Now(), isClients: false);
            _counters.Accept(outcome.Overflowed ? 0 : line.ValueCount);
        }

        if (!outcome.IsPlain)
        {
            Report(in line, outcome);
        }
    }

    /// <summary>Lines of which some are no UTF-8. The lengths of an event count the bytes that were sent, so it is cut before it is repaired.</summary>
    private void AcceptUnsoundLines(ReadOnlySpan<byte> packet, long now)
    {
        while (!packet.IsEmpty)
        {
            int end = packet.IndexOf((byte)'\n') + 1;
            ReadOnlySpan<byte> line = end == 0 ? packet : packet[..end];
            packet = packet[line.Length..];
            bool isSound = Utf8.IsValid(line) || line.StartsWith("_e{"u8) || line.StartsWith("_sc|"u8);
            AcceptLines(isSound ? line : Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(line)), now);
        }
    }

    /// <summary>An event or a service check, as <paramref name="kind"/> says.</summary>
    private void AcceptEvent(DogStatsdStatus kind, ReadOnlySpan<byte> text, long now)
    {
        bool isEvent = kind == DogStatsdStatus.Event;
        EventLine line = default;
        ServiceCheckLine check = default;
        DogStatsdStatus status = isEvent ? EventLine.Parse(text, out line) : ServiceCheckLine.Parse(text, out check);
        if (status != DogStatsdStatus.Ok)
        {
            Refuse(status, text);
            return;
        }

        bool isKept;
        lock (_gate)
        {
            isKept = isEvent ? _events.TryAdd(in line, now) : _events.TryAdd(in check, now);
            _counters.Accept(1);
        }

        ReportEvent(isKept, (isEvent ? line.Fields : check.Fields).Ignored);
    }

    private void ReportEvent(bool isKept, ReadOnlySpan<byte> ignoredField)
    {
        if (!isKept)
        {
            _counters.Drop(DropReason.BufferFull, 1);
            _log.Once(
                "events-full",
                LogLevel.Warn,
                $"DogStatsD: events and service checks of more than {_settings.EventBytes} bytes between two flushes; further ones are dropped and counted");
        }

        if (!ignoredField.IsEmpty && _log.IsOn(LogLevel.Warn))
        {
            _log.Once(
                $"event-field-{(char)ignoredField[0]}",
                LogLevel.Warn,
                $"DogStatsD: the field {Shown(ignoredField)} of an event or a service check has no meaning and is left out (said once)");
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
            string limit = outcome.Reason == DropReason.ContextLimit ? $"{_settings.MaxContexts} contexts in ten seconds" : $"{_settings.BufferBytes} bytes";
            _log.Once($"metrics-{outcome.Reason}", LogLevel.Warn, $"Metrics: more than {limit} between two flushes; further samples are dropped and counted");
        }

        if (outcome.TagsWereCut)
        {
            WarnOfTags(line.Name);
        }
    }

    private void Refuse(DogStatsdStatus status, ReadOnlySpan<byte> text)
    {
        long times = Count(status);
        _counters.Drop(DropReason.Malformed, 1);
        if (_log.IsOn(LogLevel.Warn) && times == 1)
        {
            _log.Warn($"DogStatsD: {status}: {Shown(text)} (said once; further lines are counted)");
        }
    }

    private static string Shown(ReadOnlySpan<byte> text) => Encoding.UTF8.GetString(text[..Math.Min(text.Length, 200)]).TrimEnd();

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
