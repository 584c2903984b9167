namespace Mayfly.Metrics;

/// <summary>How an event is shown.</summary>
internal enum AlertType : byte
{
    Info,
    Warning,
    Error,
    Success,
}

/// <summary>
/// The optional fields of an event or a service check. The last of a kind wins; unknown ones (<c>c:</c>, <c>e:</c>, <c>card:</c>) are passed over.
/// </summary>
internal ref struct EventFields
{
    /// <summary>Seconds since the Unix epoch, at least 1; 0 = none was sent.</summary>
    public long UnixSeconds { get; private set; }

    public ReadOnlySpan<byte> Host { get; private set; }

    public ReadOnlySpan<byte> AggregationKey { get; private set; }

    public ReadOnlySpan<byte> SourceType { get; private set; }

    public bool IsLowPriority { get; private set; }

    public AlertType AlertType { get; private set; }

    /// <summary>Of a service check; escapes still as they were sent.</summary>
    public ReadOnlySpan<byte> Message { get; private set; }

    /// <summary>As sent, separated by commas.</summary>
    public ReadOnlySpan<byte> Tags { get; private set; }

    /// <summary>The last field that has no meaning and was left out; empty: none.</summary>
    public ReadOnlySpan<byte> Ignored { get; private set; }

    /// <summary>Reads what follows the required parts: nothing, or a <c>|</c> and fields.</summary>
    public static EventFields Read(ReadOnlySpan<byte> rest, bool isEvent)
    {
        EventFields fields = default;
        while (!rest.IsEmpty)
        {
            rest = rest[1..];
            int end = rest.IndexOf((byte)'|');
            ReadOnlySpan<byte> field = end < 0 ? rest : rest[..end];
            rest = end < 0 ? default : rest[end..];
            bool isRead = field is [(byte)'#', .. var tags] ? fields.TakeTags(tags)
                : field is not [_, (byte)':', .. var value] || fields.Take(field[0], value, isEvent);
            if (!isRead)
            {
                fields.Ignored = field;
            }
        }

        return fields;
    }

    private bool TakeTags(ReadOnlySpan<byte> tags)
    {
        Tags = tags;
        return true;
    }

    private bool Take(byte key, ReadOnlySpan<byte> value, bool isEvent)
    {
        switch (key)
        {
            case (byte)'d':
                return TakeTime(value);
            case (byte)'h':
                Host = value;
                return true;
            case (byte)'m' when !isEvent:
                Message = value;
                return true;
            case (byte)'k' when isEvent:
                AggregationKey = value;
                return true;
            case (byte)'s' when isEvent:
                SourceType = value;
                return true;
            case (byte)'p' when isEvent:
                return TakePriority(value);
            case (byte)'t' when isEvent:
                return TakeAlertType(value);
            default:
                return true;
        }
    }

    private bool TakeTime(ReadOnlySpan<byte> value)
    {
        if (!DecimalNumber.TryParse(value, out double seconds) || seconds < 1 || seconds > DogStatsdLine.LatestUnixSeconds)
        {
            return false;
        }

        UnixSeconds = (long)seconds;
        return true;
    }

    private bool TakePriority(ReadOnlySpan<byte> value)
    {
        bool isLow = value.SequenceEqual("low"u8);
        bool isKnown = isLow || value.SequenceEqual("normal"u8);
        IsLowPriority = isKnown ? isLow : IsLowPriority;
        return isKnown;
    }

    private bool TakeAlertType(ReadOnlySpan<byte> value)
    {
        AlertType? type = value.SequenceEqual("info"u8) ? AlertType.Info
            : value.SequenceEqual("warning"u8) ? AlertType.Warning
            : value.SequenceEqual("error"u8) ? AlertType.Error
            : value.SequenceEqual("success"u8) ? AlertType.Success
            : null;
        AlertType = type ?? AlertType;
        return type is not null;
    }
}
