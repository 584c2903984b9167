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

    /// <summary>The same program with some variables changed.</summary>
    public Subject With(IEnumerable<KeyValuePair<string, string>> variables)
    {
        var environment = new Dictionary<string, string>(Environment);
        foreach ((string variable, string content) in variables)
        {
            environment[variable] = content;
        }

        return new Subject { Name = Name, Path = Path, IsExtension = IsExtension, HttpPort = HttpPort, StatsdPort = StatsdPort, Environment = environment };
    }

    public long SizeBytes => Path is null ? 0 : new FileInfo(Path).Length;
}
