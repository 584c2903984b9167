namespace Mayfly.Local.Intake;

/// <summary>One event of <see cref="IntakePaths.Events"/> (docs/spec/04-metrics-logs.md, B.8). Absent members are empty strings or 0.</summary>
public sealed record ReceivedEvent
{
    /// <summary>The name of the list that it was in: the source type, or <c>api</c>.</summary>
    public required string Source { get; init; }

    public required string Title { get; init; }

    public string Text { get; init; } = "";

    /// <summary>Seconds since the Unix epoch.</summary>
    public long TimestampSeconds { get; init; }

    public string Priority { get; init; } = "";

    public string AlertType { get; init; } = "";

    public string AggregationKey { get; init; } = "";

    public string Host { get; init; } = "";

    public IReadOnlyList<string> Tags { get; init; } = [];
}

/// <summary>One service check of <see cref="IntakePaths.ServiceChecks"/> (docs/spec/04-metrics-logs.md, B.8).</summary>
public sealed record ReceivedServiceCheck
{
    public required string Name { get; init; }

    /// <summary>0 ok, 1 warning, 2 critical, 3 unknown.</summary>
    public required int Status { get; init; }

    /// <summary>Seconds since the Unix epoch.</summary>
    public long TimestampSeconds { get; init; }

    public string Message { get; init; } = "";

    public string Host { get; init; } = "";

    public IReadOnlyList<string> Tags { get; init; } = [];
}
