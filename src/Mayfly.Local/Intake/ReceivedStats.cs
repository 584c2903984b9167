namespace Mayfly.Local.Intake;

/// <summary>One group of trace statistics (docs/spec/03-traces.md, 2.4 and 4.2), with the bucket and the payloads around it.</summary>
public sealed record ReceivedStats
{
    public required string Service { get; init; }

    public required string Name { get; init; }

    public required string Resource { get; init; }

    public required string Type { get; init; }

    public string DbType { get; init; } = "";

    public required string SpanKind { get; init; }

    public required long HttpStatusCode { get; init; }

    public required string HttpMethod { get; init; }

    public required string HttpEndpoint { get; init; }

    public required string GrpcStatusCode { get; init; }

    public required string ServiceSource { get; init; }

    public required bool Synthetics { get; init; }

    /// <summary>0 unset, 1 true, 2 false.</summary>
    public required long IsTraceRoot { get; init; }

    /// <summary><c>key:value</c>, as sent.</summary>
    public required IReadOnlyList<string> PeerTags { get; init; }

    public required long Hits { get; init; }

    public required long Errors { get; init; }

    /// <summary>Sum, ns.</summary>
    public required long Duration { get; init; }

    public required long TopLevelHits { get; init; }

    public required ReceivedLatencies Ok { get; init; }

    public required ReceivedLatencies Error { get; init; }

    /// <summary>Start of the bucket, ns since the Unix epoch.</summary>
    public required long BucketStart { get; init; }

    /// <summary>Length of the bucket, ns.</summary>
    public required long BucketDuration { get; init; }

    public required ReceivedStatsPayload Payload { get; init; }
}

/// <summary>One ClientStatsPayload and the StatsPayload that it came in (docs/spec/03-traces.md, 4.3).</summary>
public sealed record ReceivedStatsPayload
{
    public string Hostname { get; init; } = "";

    public string Env { get; init; } = "";

    public string Version { get; init; } = "";

    public string Lang { get; init; } = "";

    public string TracerVersion { get; init; } = "";

    public string RuntimeId { get; init; } = "";

    public long Sequence { get; init; }

    public string Service { get; init; } = "";

    public string ContainerId { get; init; } = "";

    public string ProcessTags { get; init; } = "";

    /// <summary><c>key:value</c>, as sent, with commas between.</summary>
    public string Tags { get; init; } = "";

    public string AgentHostname { get; init; } = "";

    public string AgentEnv { get; init; } = "";

    public string AgentVersion { get; init; } = "";

    public bool ClientComputed { get; init; }

    public bool SplitPayload { get; init; }
}

/// <summary>A DDSketch of durations, whatever grid its sender chose (docs/spec/03-traces.md, 4.4).</summary>
public sealed record ReceivedLatencies
{
    public required double Gamma { get; init; }

    public required double IndexOffset { get; init; }

    public required double ZeroCount { get; init; }

    /// <summary>Index of a bin to its count; empty bins left out.</summary>
    public required IReadOnlyDictionary<int, double> Bins { get; init; }

    public double Count => ZeroCount + Bins.Values.Sum();

    /// <summary>The value at quantile <paramref name="q"/> (0…1), within the sketch's relative accuracy; NaN for an empty sketch.</summary>
    public double Quantile(double q)
    {
        double rank = q * (Count - 1);
        double running = ZeroCount;
        if (Count == 0 || running > rank)
        {
            return Count == 0 ? double.NaN : 0;
        }

        foreach ((int index, double count) in Bins.OrderBy(bin => bin.Key))
        {
            running += count;
            if (running > rank)
            {
                return ValueOf(index);
            }
        }

        return ValueOf(Bins.Keys.Max());
    }

    /// <summary>The value that stands for bin <paramref name="index"/>: no value of the bin is further from it than the relative accuracy.</summary>
    public double ValueOf(int index) => Math.Pow(Gamma, index - IndexOffset) * 2 * Gamma / (1 + Gamma);
}
