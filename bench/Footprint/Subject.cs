namespace Mayfly.Footprint;

/// <summary>A program to measure.</summary>
internal sealed class Subject
{
    /// <summary>Name in the table.</summary>
    public required string Name { get; init; }

    /// <summary>Path that is executed; null when the program is missing.</summary>
    public string? Path { get; init; }

    /// <summary>Why the program is not measured; null when it is.</summary>
    public string? Missing { get; init; }

    /// <summary>True: started when its first <c>/event/next</c> arrives. False: when it answers HTTP on <see cref="HttpPort"/>.</summary>
    public bool IsExtension { get; init; } = true;

    public int HttpPort { get; init; }

    /// <summary>Where it takes DogStatsD, UDP.</summary>
    public int StatsdPort { get; init; } = new AgentPorts().DogStatsd;

    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    public long SizeBytes => Path is null ? 0 : new FileInfo(Path).Length;
}
