namespace Mayfly.Metrics;

/// <summary>
/// What became of one line of a DogStatsD packet. Anything but <see cref="Ok"/> costs that line only
/// (docs/spec/04-metrics-logs.md#a4-parsing-rules-and-exact-errors).
/// </summary>
public enum DogStatsdStatus
{
    /// <summary>A metric.</summary>
    Ok,

    /// <summary>An event, <c>_e{</c>: for <see cref="EventLine"/>.</summary>
    Event,

    /// <summary>A service check, <c>_sc|</c>: for <see cref="ServiceCheckLine"/>.</summary>
    ServiceCheck,

    /// <summary>A name that the platform counts itself (<see cref="MetricSettings.IgnoredNames"/>).</summary>
    IgnoredName,

    /// <summary>A name that the user does not want (<see cref="MetricSettings.BlockedNames"/>); its samples count as filtered.</summary>
    BlockedName,

    /// <summary>A histogram, timing or set while <see cref="MetricSettings.HistogramsAndSets"/> is off; its samples count as filtered.</summary>
    TypeTurnedOff,

    /// <summary>The first segment holds no <c>:</c>.</summary>
    NoSeparator,

    /// <summary>Nothing before the first <c>:</c>.</summary>
    EmptyName,

    /// <summary>No value after the name, or only empty ones.</summary>
    EmptyValue,

    /// <summary>No second segment, or an empty one.</summary>
    MissingType,

    /// <summary>A type other than c, g, d, h, ms, s.</summary>
    UnknownType,

    /// <summary>A value, at any place of a packed list, that is no finite decimal number.</summary>
    InvalidValue,

    /// <summary><c>T</c> with nothing after it.</summary>
    EmptyTimestamp,

    /// <summary><c>T</c> that is no finite number, or before second 1 of the Unix epoch.</summary>
    InvalidTimestamp,

    /// <summary><c>@</c> that is no number. A number outside (0, 1] is read as 1 instead.</summary>
    InvalidSampleRate,

    /// <summary>The last line of a datagram that was longer than the receive buffer; a longer line or frame of a stream, or one that never ended.</summary>
    Truncated,

    /// <summary>A last line without its line end, on a transport where the user asks for it.</summary>
    MissingLineEnd,

    /// <summary>An event whose lengths do not lead to its parts, or without a title.</summary>
    InvalidEvent,

    /// <summary>A service check without a name, or without a status from 0 to 3.</summary>
    InvalidServiceCheck,

    /// <summary>A value so large that the sum of its context would no longer be finite.</summary>
    Overflow,
}
