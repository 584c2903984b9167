namespace Mayfly.Traces;

/// <summary>What the headers of a traces request say about its sender. <c>default</c> = nothing is known, as for the agent's own spans.</summary>
/// <remarks>docs/spec/03-traces.md#14-request-headers-that-are-read</remarks>
public readonly record struct TraceHeaders
{
    /// <summary><c>nodejs</c>, <c>.NET</c>, <c>python</c> …</summary>
    public string? Language { get; init; }

    public string? LanguageVersion { get; init; }

    /// <summary><c>v8</c>, <c>CPython</c> …</summary>
    public string? Interpreter { get; init; }

    public string? TracerVersion { get; init; }

    public string? ContainerId { get; init; }

    /// <summary><c>k:v,k:v</c> of the tracer's process.</summary>
    public string? ProcessTags { get; init; }

    /// <summary>The tracer has set <c>_dd.top_level</c> itself.</summary>
    public bool ComputedTopLevel { get; init; }

    /// <summary>The tracer sends its own trace statistics.</summary>
    public bool ComputedStats { get; init; }

    /// <summary>Reads the headers; <paramref name="find"/> returns the value of a name, compared without case, or null.</summary>
    public static TraceHeaders From<TSource>(TSource source, Func<TSource, string, string?> find)
        where TSource : allows ref struct => new()
        {
            Language = find(source, "Datadog-Meta-Lang"),
            LanguageVersion = find(source, "Datadog-Meta-Lang-Version"),
            Interpreter = find(source, "Datadog-Meta-Lang-Interpreter"),
            TracerVersion = find(source, "Datadog-Meta-Tracer-Version"),
            ContainerId = find(source, "Datadog-Container-ID"),
            ProcessTags = find(source, "X-Datadog-Process-Tags"),
            ComputedTopLevel = IsTrue(find(source, "Datadog-Client-Computed-Top-Level")),
            ComputedStats = IsTrue(find(source, "Datadog-Client-Computed-Stats")),
        };

    /// <summary>A boolean header: false when absent, empty or one of <c>0 f F FALSE False false</c>; true for everything else, <c>no</c> included.</summary>
    public static bool IsTrue(string? value) => value is not (null or "" or "0" or "f" or "F" or "FALSE" or "False" or "false");
}
