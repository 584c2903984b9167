namespace Mayfly.Metrics;

/// <summary>
/// One metric line of a DogStatsD packet, as ranges of the packet: <c>name:value{:value}|type{|field}</c>, fields <c>@rate</c>, <c>#tag,tag</c>,
/// <c>Tseconds</c> in any order, the last of a kind wins, unknown ones are skipped.
/// </summary>
/// <remarks>
/// docs/spec/04-metrics-logs.md#a3-grammar-protocol-10--13-and-later-optional-fields and #a4. Bad input is a <see cref="DogStatsdStatus"/>, never an exception,
/// and costs the line it is in. The text is expected to be valid UTF-8; the parser itself only looks at ASCII bytes.
/// </remarks>
public readonly ref struct DogStatsdLine
{
    /// <summary>A metric with one value that did not arrive as text.</summary>
    internal DogStatsdLine(ReadOnlySpan<byte> name, MetricType type, double value, ReadOnlySpan<byte> tags, long unixSeconds)
    {
        Name = name;
        Type = type;
        FirstValue = value;
        Largest = Math.Abs(value);
        ValueCount = 1;
        Tags = tags;
        UnixSeconds = unixSeconds;
        SampleRate = 1;
    }

    private DogStatsdLine(ReadOnlySpan<byte> name, ReadOnlySpan<byte> valueText, MetricType type, scoped in PackedValues values, scoped in Fields fields)
    {
        Name = name;
        ValueText = valueText;
        Type = type;
        FirstValue = values.First;
        Largest = values.Largest;
        ValueCount = values.Count;
        Tags = fields.Tags;
        UnixSeconds = fields.UnixSeconds;
        SampleRate = fields.SampleRate;
    }

    /// <summary>The name as sent, never empty.</summary>
    public ReadOnlySpan<byte> Name { get; }

    /// <summary>Everything between the name and the type: the member of a set, or packed numbers.</summary>
    public ReadOnlySpan<byte> ValueText { get; }

    public MetricType Type { get; }

    /// <summary>How many samples the line stands for: the number of values, 1 for a set.</summary>
    public int ValueCount { get; }

    /// <summary>The first number; 0 for a set.</summary>
    public double FirstValue { get; }

    /// <summary>The largest magnitude among the values.</summary>
    public double Largest { get; }

    /// <summary>In (0, 1]; 1 when absent or outside of it.</summary>
    public double SampleRate { get; }

    /// <summary>Tags as sent, separated by commas, unsorted; without the <c>#</c>.</summary>
    public ReadOnlySpan<byte> Tags { get; }

    /// <summary>Seconds since the Unix epoch, at least 1; 0 = the line has none.</summary>
    public long UnixSeconds { get; }

    /// <summary>The numbers of a line that is not a set, in order.</summary>
    public ValueEnumerator GetEnumerator() => new(in this);

    /// <summary>
    /// Takes the next line that is not empty off <paramref name="packet"/>. False: the packet is used up. Lines end with LF or CR LF, the last one may end
    /// without. <paramref name="text"/> is the line without its end; <paramref name="line"/> is set only when <paramref name="status"/> is
    /// <see cref="DogStatsdStatus.Ok"/>.
    /// </summary>
    public static bool TryTake(ref ReadOnlySpan<byte> packet, out ReadOnlySpan<byte> text, out DogStatsdLine line, out DogStatsdStatus status)
    {
        while (!packet.IsEmpty)
        {
            int end = packet.IndexOf((byte)'\n');
            text = end < 0 ? packet : packet[..end];
            packet = end < 0 ? default : packet[(end + 1)..];
            if (text is [.., (byte)'\r'])
            {
                text = text[..^1];
            }

            if (!text.IsEmpty)
            {
                status = Parse(text, out line);
                return true;
            }
        }

        text = default;
        line = default;
        status = DogStatsdStatus.Ok;
        return false;
    }

    /// <summary>Reads one line, without its line end.</summary>
    public static DogStatsdStatus Parse(ReadOnlySpan<byte> text, out DogStatsdLine line)
    {
        line = default;
        if (text[0] == '_')
        {
            if (text.StartsWith("_e{"u8))
            {
                return DogStatsdStatus.Event;
            }

            if (text.StartsWith("_sc|"u8))
            {
                return DogStatsdStatus.ServiceCheck;
            }
        }

        int separator = text.IndexOfAny((byte)':', (byte)'|');
        if (separator < 0 || text[separator] == '|')
        {
            return DogStatsdStatus.NoSeparator;
        }

        ReadOnlySpan<byte> name = text[..separator];
        ReadOnlySpan<byte> rest = text[(separator + 1)..];
        ReadOnlySpan<byte> valueText = TakeSegment(ref rest);
        ReadOnlySpan<byte> typeText = TakeSegment(ref rest);
        if (name.IsEmpty)
        {
            return DogStatsdStatus.EmptyName;
        }

        if (valueText.IsEmpty)
        {
            return DogStatsdStatus.EmptyValue;
        }

        if (typeText.IsEmpty)
        {
            return DogStatsdStatus.MissingType;
        }

        if (!TryReadType(typeText, out MetricType type))
        {
            return DogStatsdStatus.UnknownType;
        }

        PackedValues values = default;
        DogStatsdStatus status = type == MetricType.Set ? values.TakeMember() : values.Read(valueText);
        if (status != DogStatsdStatus.Ok)
        {
            return status;
        }

        var fields = new Fields { SampleRate = 1 };
        while (!rest.IsEmpty)
        {
            status = fields.Read(TakeSegment(ref rest));
            if (status != DogStatsdStatus.Ok)
            {
                return status;
            }
        }

        line = new DogStatsdLine(name, valueText, type, in values, in fields);
        return DogStatsdStatus.Ok;
    }

    private static ReadOnlySpan<byte> TakeSegment(scoped ref ReadOnlySpan<byte> rest)
    {
        int end = rest.IndexOf((byte)'|');
        ReadOnlySpan<byte> segment = end < 0 ? rest : rest[..end];
        rest = end < 0 ? default : rest[(end + 1)..];
        return segment;
    }

    private static bool TryReadType(ReadOnlySpan<byte> text, out MetricType type)
    {
        MetricType? known = text switch
        {
            [(byte)'c'] => MetricType.Count,
            [(byte)'g'] => MetricType.Gauge,
            [(byte)'d'] => MetricType.Distribution,
            [(byte)'h'] => MetricType.Histogram,
            [(byte)'m', (byte)'s'] => MetricType.Timing,
            [(byte)'s'] => MetricType.Set,
            _ => null,
        };
        type = known.GetValueOrDefault();
        return known.HasValue;
    }

    /// <summary>
    /// Takes the next number, passing over empty items, off a packed list. False: none left, or (with <paramref name="isNumber"/> false) no number.
    /// </summary>
    private static bool TryTakeValue(scoped ref ReadOnlySpan<byte> rest, out double value, out bool isNumber)
    {
        while (!rest.IsEmpty)
        {
            int end = rest.IndexOf((byte)':');
            ReadOnlySpan<byte> item = end < 0 ? rest : rest[..end];
            rest = end < 0 ? default : rest[(end + 1)..];
            if (!item.IsEmpty)
            {
                isNumber = DecimalNumber.TryParse(item, out value);
                return isNumber;
            }
        }

        value = 0;
        isNumber = true;
        return false;
    }

    /// <summary>Walks the numbers of a line. They were checked when the line was read; reading them again is cheaper than keeping them.</summary>
    public ref struct ValueEnumerator
    {
        private readonly int _count;
        private ReadOnlySpan<byte> _rest;
        private int _at;

        internal ValueEnumerator(scoped in DogStatsdLine line)
        {
            _count = line.ValueCount;
            _rest = line.ValueText;
            Current = line.FirstValue;
        }

        public double Current { get; private set; }

        public bool MoveNext()
        {
            if (_at++ >= _count)
            {
                return false;
            }

            if (_count == 1)
            {
                return true;
            }

            bool moved = TryTakeValue(ref _rest, out double value, out _);
            Current = value;
            return moved;
        }
    }

    private struct PackedValues
    {
        public int Count;
        public double First;
        public double Largest;

        public DogStatsdStatus TakeMember()
        {
            Count = 1;
            return DogStatsdStatus.Ok;
        }

        public DogStatsdStatus Read(ReadOnlySpan<byte> text)
        {
            bool isNumber;
            while (TryTakeValue(ref text, out double value, out isNumber))
            {
                First = Count++ == 0 ? value : First;
                Largest = Math.Max(Largest, Math.Abs(value));
            }

            return !isNumber ? DogStatsdStatus.InvalidValue : Count == 0 ? DogStatsdStatus.EmptyValue : DogStatsdStatus.Ok;
        }
    }

    /// <summary>2 ^ 53: every later second is as good as "in the future", and the conversion stays exact.</summary>
    internal const double LatestUnixSeconds = 9007199254740992;

    private ref struct Fields
    {
        public double SampleRate;
        public ReadOnlySpan<byte> Tags;
        public long UnixSeconds;

        public DogStatsdStatus Read(ReadOnlySpan<byte> field)
        {
            if (field.IsEmpty)
            {
                return DogStatsdStatus.Ok;
            }

            switch (field[0])
            {
                case (byte)'#':
                    Tags = field[1..];
                    return DogStatsdStatus.Ok;
                case (byte)'@':
                    return ReadSampleRate(field[1..]);
                case (byte)'T':
                    return ReadTimestamp(field[1..]);
                default:
                    // c:, e:, card: and whatever a newer protocol adds.
                    return DogStatsdStatus.Ok;
            }
        }

        private DogStatsdStatus ReadSampleRate(ReadOnlySpan<byte> text)
        {
            if (!DecimalNumber.TryParse(text, out double rate))
            {
                return DogStatsdStatus.InvalidSampleRate;
            }

            SampleRate = rate is > 0 and <= 1 ? rate : 1;
            return DogStatsdStatus.Ok;
        }

        private DogStatsdStatus ReadTimestamp(ReadOnlySpan<byte> text)
        {
            if (text.IsEmpty)
            {
                return DogStatsdStatus.EmptyTimestamp;
            }

            if (!DecimalNumber.TryParse(text, out double seconds))
            {
                return DogStatsdStatus.InvalidTimestamp;
            }

            UnixSeconds = (long)Math.Round(Math.Clamp(seconds, 0, LatestUnixSeconds), MidpointRounding.AwayFromZero);
            return UnixSeconds < 1 ? DogStatsdStatus.InvalidTimestamp : DogStatsdStatus.Ok;
        }
    }
}
