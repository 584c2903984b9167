using Mayfly.Wire;

namespace Mayfly.Platforms.Lambda.Telemetry;

/// <summary>One record of a telemetry batch. Lines have a <see cref="Text"/>, platform records have <see cref="Platform"/>.</summary>
/// <remarks><see cref="Text"/> and <see cref="RequestId"/> are ranges of the request body and go with it.</remarks>
public readonly struct TelemetryRecord
{
    private readonly PlatformRecord? _platform;

    internal TelemetryRecord(TelemetryKind kind, long timeNs, int order, PlatformRecord platform)
    {
        Kind = kind;
        TimeNs = timeNs;
        Order = order;
        _platform = platform;
    }

    internal TelemetryRecord(TelemetryKind kind, long timeNs, int order, Utf8Slice text, Utf8Slice requestId)
    {
        Kind = kind;
        TimeNs = timeNs;
        Order = order;
        Text = text;
        RequestId = requestId;
    }

    public TelemetryKind Kind { get; }

    /// <summary>The record's <c>time</c>, ns since the Unix epoch. Not stated or no time: that of the record before, or when the batch was received.</summary>
    public long TimeNs { get; }

    /// <summary>What a function or an extension wrote: the text itself, or compact JSON where the record is not a string. Empty for platform records.</summary>
    public Utf8Slice Text { get; }

    /// <summary>The request id that a function's JSON line carries in itself, else empty; that of a platform record is in <see cref="Platform"/>.</summary>
    public Utf8Slice RequestId { get; }

    /// <summary>The fields of a platform record; <see cref="PlatformRecord.None"/> for lines.</summary>
    public PlatformRecord Platform => _platform ?? PlatformRecord.None;

    /// <summary>Place in the body, to keep records of the same time in their order.</summary>
    internal int Order { get; }
}

/// <summary>How much of a telemetry body was understood.</summary>
/// <param name="Records">Records read.</param>
/// <param name="Unknown">Whole records of a type that is not known; ignored.</param>
/// <param name="Malformed">Places where something else than a whole, usable record stood.</param>
/// <param name="SkippedBytes">Bytes that belong to no whole array element.</param>
public readonly record struct TelemetryReadResult(int Records, int Unknown, int Malformed, int SkippedBytes);
