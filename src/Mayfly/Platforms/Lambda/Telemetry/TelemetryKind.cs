namespace Mayfly.Platforms.Lambda.Telemetry;

/// <summary>The <c>type</c> of a telemetry record (docs/spec/01-lambda-lifecycle.md#events-and-fields-used).</summary>
public enum TelemetryKind
{
    /// <summary><c>function</c>: one line (or JSON object) that the function wrote.</summary>
    Function,

    /// <summary><c>extension</c>: one line that an extension wrote, this one included.</summary>
    Extension,

    /// <summary><c>platform.initStart</c>.</summary>
    InitStart,

    /// <summary><c>platform.initRuntimeDone</c>.</summary>
    InitRuntimeDone,

    /// <summary><c>platform.initReport</c>.</summary>
    InitReport,

    /// <summary><c>platform.start</c>; always has a request id.</summary>
    Start,

    /// <summary><c>platform.runtimeDone</c>; always has a request id. May come twice for one request, and never on managed instances.</summary>
    RuntimeDone,

    /// <summary><c>platform.report</c>; always has a request id.</summary>
    Report,

    /// <summary><c>platform.restoreStart</c>.</summary>
    RestoreStart,

    /// <summary><c>platform.restoreRuntimeDone</c>.</summary>
    RestoreRuntimeDone,

    /// <summary><c>platform.restoreReport</c>.</summary>
    RestoreReport,

    /// <summary><c>platform.extension</c>: an extension's state.</summary>
    ExtensionState,

    /// <summary><c>platform.telemetrySubscription</c>.</summary>
    Subscription,

    /// <summary><c>platform.logsDropped</c>.</summary>
    LogsDropped,
}

/// <summary>The texts of <see cref="TelemetryKind"/>.</summary>
internal static class TelemetryKindText
{
    private static ReadOnlySpan<byte> PlatformPrefix => "platform."u8;

    /// <summary>False for a type that is not known, such as <c>platform.fault</c>.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out TelemetryKind kind)
    {
        if (text.StartsWith(PlatformPrefix))
        {
            return TryParsePlatform(text[PlatformPrefix.Length..], out kind);
        }

        kind = text.SequenceEqual("extension"u8) ? TelemetryKind.Extension : TelemetryKind.Function;
        return kind == TelemetryKind.Extension || text.SequenceEqual("function"u8);
    }

    private static bool TryParsePlatform(ReadOnlySpan<byte> name, out TelemetryKind kind)
    {
        TelemetryKind? known = name.Length switch
        {
            5 when name.SequenceEqual("start"u8) => TelemetryKind.Start,
            6 when name.SequenceEqual("report"u8) => TelemetryKind.Report,
            9 when name.SequenceEqual("initStart"u8) => TelemetryKind.InitStart,
            9 when name.SequenceEqual("extension"u8) => TelemetryKind.ExtensionState,
            10 when name.SequenceEqual("initReport"u8) => TelemetryKind.InitReport,
            11 when name.SequenceEqual("runtimeDone"u8) => TelemetryKind.RuntimeDone,
            11 when name.SequenceEqual("logsDropped"u8) => TelemetryKind.LogsDropped,
            12 when name.SequenceEqual("restoreStart"u8) => TelemetryKind.RestoreStart,
            13 when name.SequenceEqual("restoreReport"u8) => TelemetryKind.RestoreReport,
            15 when name.SequenceEqual("initRuntimeDone"u8) => TelemetryKind.InitRuntimeDone,
            18 when name.SequenceEqual("restoreRuntimeDone"u8) => TelemetryKind.RestoreRuntimeDone,
            21 when name.SequenceEqual("telemetrySubscription"u8) => TelemetryKind.Subscription,
            _ => null,
        };
        kind = known.GetValueOrDefault();
        return known is not null;
    }
}
