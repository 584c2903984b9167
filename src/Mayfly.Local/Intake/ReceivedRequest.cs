namespace Mayfly.Local.Intake;

/// <summary>One request that reached the intake, with what its body held. Immutable.</summary>
public sealed record ReceivedRequest
{
    /// <summary>1, 2, 3 … in order of arrival of the complete body.</summary>
    public required int Sequence { get; init; }

    public required string Method { get; init; }

    /// <summary><c>HTTP/1.1</c>, <c>HTTP/2</c>.</summary>
    public required string Protocol { get; init; }

    /// <summary>Path without query, as sent.</summary>
    public required string Path { get; init; }

    /// <summary>Status of the answer; 0 = none was sent (fault).</summary>
    public required int Status { get; init; }

    /// <summary>Body as it came over the wire.</summary>
    public long BytesCompressed { get; init; }

    /// <summary>Body after decompression; 0 if it could not be decompressed.</summary>
    public long BytesRaw { get; init; }

    /// <summary><c>Content-Encoding</c>; null = none sent.</summary>
    public string? ContentEncoding { get; init; }

    /// <summary>Header names (any case) to values; <c>DD-API-KEY</c> masked to its last five characters.</summary>
    public required IReadOnlyDictionary<string, string> Headers { get; init; }

    public required DateTimeOffset ArrivedAt { get; init; }

    /// <summary>Why the body is not among the records; null = it was decoded, or the path has nothing to decode.</summary>
    public string? Error { get; init; }

    /// <summary>The fault that hit this request; null = none.</summary>
    public IntakeFaultKind? Fault { get; init; }

    /// <summary>
    /// The decompressed body; kept only of stats, whose clients' parts pass through, and of undecodable bodies (as sent if decompression failed). Of what is
    /// passed on for tracers the first 64 KiB, as sent.
    /// </summary>
    public ReadOnlyMemory<byte> RawBody { get; init; }

    public IReadOnlyList<ReceivedSpan> Spans { get; init; } = [];

    public IReadOnlyList<ReceivedMetric> Metrics { get; init; } = [];

    public IReadOnlyList<ReceivedEvent> Events { get; init; } = [];

    public IReadOnlyList<ReceivedServiceCheck> ServiceChecks { get; init; } = [];

    public IReadOnlyList<ReceivedLog> Logs { get; init; } = [];

    public IReadOnlyList<ReceivedStats> Stats { get; init; } = [];

    /// <summary>The API key, masked; null = none sent.</summary>
    public string? ApiKey => Headers.GetValueOrDefault(ApiKeyHeader);

    internal const string ApiKeyHeader = "DD-API-KEY";

    internal static string MaskApiKey(string key) =>
        key.Length < 10 ? new string('*', key.Length) : string.Concat(new string('*', key.Length - 5), key.AsSpan(key.Length - 5));
}
