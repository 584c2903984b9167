namespace Mayfly.Local.Intake;

/// <summary>One log event (docs/spec/04-metrics-logs.md, C.4). Absent members are empty strings or null.</summary>
public sealed record ReceivedLog
{
    /// <summary>The text: <c>message.message</c>, or <c>message</c> itself if it is a string.</summary>
    public required string Message { get; init; }

    /// <summary>Id of the invocation that wrote it; null = sent as null or absent.</summary>
    public string? RequestId { get; init; }

    /// <summary>Function ARN; empty = absent.</summary>
    public string Arn { get; init; } = "";

    /// <summary>Status such as <c>info</c>, nested or at top level; empty = absent.</summary>
    public string Status { get; init; } = "";

    /// <summary>Time of the event, ms since the Unix epoch; 0 = absent.</summary>
    public long TimestampMs { get; init; }

    public string Service { get; init; } = "";

    public string DdSource { get; init; } = "";

    /// <summary>Tags as one text, <c>key:value,key:value</c>.</summary>
    public string DdTags { get; init; } = "";

    public string Hostname { get; init; } = "";

    public IReadOnlyList<string> Tags => DdTags.Split(',', StringSplitOptions.RemoveEmptyEntries);
}
