using Mayfly.Local.Intake.Protos;

namespace Mayfly.Local.Intake;

/// <summary>StatsPayload msgpack to groups (docs/spec/03-traces.md, 2.4, 4.3, 4.4). What the real intake could not read throws.</summary>
internal static class StatsDecoder
{
    public static List<ReceivedStats> Decode(ReadOnlySpan<byte> body)
    {
        var fields = new Fields(MsgPackDecoder.Decode(body));
        ReceivedStatsPayload envelope = Envelope(fields);
        var groups = new List<ReceivedStats>();
        foreach (Fields client in fields.Maps("Stats"))
        {
            ReceivedStatsPayload payload = Payload(client, envelope);
            foreach (Fields bucket in client.Maps("Stats"))
            {
                groups.AddRange(bucket.Maps("Stats").Select(group => Group(group, bucket, payload)));
            }
        }

        return groups;
    }

    private static ReceivedStatsPayload Envelope(Fields fields) => new()
    {
        AgentHostname = fields.Text("AgentHostname"),
        AgentEnv = fields.Text("AgentEnv"),
        AgentVersion = fields.Text("AgentVersion"),
        ClientComputed = fields.Boolean("ClientComputed"),
        SplitPayload = fields.Boolean("SplitPayload"),
    };

    private static ReceivedStatsPayload Payload(Fields client, ReceivedStatsPayload envelope) => envelope with
    {
        Hostname = client.Text("Hostname"),
        Env = client.Text("Env"),
        Version = client.Text("Version"),
        Lang = client.Text("Lang"),
        TracerVersion = client.Text("TracerVersion"),
        RuntimeId = client.Text("RuntimeID"),
        Sequence = client.Integer("Sequence"),
        Service = client.Text("Service"),
        ContainerId = client.Text("ContainerID"),
        ProcessTags = client.Text("ProcessTags"),
        Tags = string.Join(',', client.Texts("Tags")),
    };

    private static ReceivedStats Group(Fields group, Fields bucket, ReceivedStatsPayload payload) => new()
    {
        Service = group.Text("Service"),
        Name = group.Text("Name"),
        Resource = group.Text("Resource"),
        Type = group.Text("Type"),
        DbType = group.Text("DBType"),
        SpanKind = group.Text("SpanKind"),
        HttpStatusCode = group.Integer("HTTPStatusCode"),
        HttpMethod = group.Text("HTTPMethod"),
        HttpEndpoint = group.Text("HTTPEndpoint"),
        GrpcStatusCode = group.Text("GRPCStatusCode"),
        ServiceSource = group.Text("srv_src"),
        Synthetics = group.Boolean("Synthetics"),
        IsTraceRoot = group.Integer("IsTraceRoot"),
        PeerTags = group.Texts("PeerTags"),
        Hits = group.Integer("Hits"),
        Errors = group.Integer("Errors"),
        Duration = group.Integer("Duration"),
        TopLevelHits = group.Integer("TopLevelHits"),
        Ok = Sketch(group.Bytes("OkSummary")),
        Error = Sketch(group.Bytes("ErrorSummary")),
        BucketStart = bucket.Integer("Start"),
        BucketDuration = bucket.Integer("Duration"),
        Payload = payload,
    };

    private static ReceivedLatencies Sketch(byte[] bytes)
    {
        DDSketch sketch = DDSketch.Parser.ParseFrom(bytes);
        SketchStore store = sketch.PositiveValues ?? new SketchStore();
        var bins = new Dictionary<int, double>(store.BinCounts);
        for (int i = 0; i < store.ContiguousBinCounts.Count; i++)
        {
            int index = store.ContiguousBinIndexOffset + i;
            bins[index] = bins.GetValueOrDefault(index) + store.ContiguousBinCounts[i];
        }

        return new ReceivedLatencies
        {
            Gamma = sketch.Mapping?.Gamma ?? 0,
            IndexOffset = sketch.Mapping?.IndexOffset ?? 0,
            ZeroCount = sketch.ZeroCount,
            Bins = bins.Where(bin => bin.Value != 0).ToDictionary(),
        };
    }

    /// <summary>A msgpack map as the intake's reader sees it: a missing field has its zero, one of another type is an error.</summary>
    private sealed class Fields(object? value)
    {
        private readonly Dictionary<string, object?> _map =
            value as Dictionary<string, object?> ?? throw new InvalidDataException("a msgpack map was expected");

        public string Text(string key) => Find<string>(key) ?? "";

        public long Integer(string key) => _map.TryGetValue(key, out object? value) ? value as long? ?? throw Unexpected(key) : 0;

        public bool Boolean(string key) => _map.TryGetValue(key, out object? value) && (value as bool? ?? throw Unexpected(key));

        public byte[] Bytes(string key) => Find<byte[]>(key) ?? [];

        public IReadOnlyList<string> Texts(string key) => [.. Elements(key).Select(element => element as string ?? throw Unexpected(key))];

        public IEnumerable<Fields> Maps(string key) => Elements(key).Select(element => new Fields(element));

        private List<object?> Elements(string key) => Find<List<object?>>(key) ?? [];

        private T? Find<T>(string key)
            where T : class => _map.TryGetValue(key, out object? value) ? value as T ?? throw Unexpected(key) : null;

        private static InvalidDataException Unexpected(string key) => new($"{key} is not of the type that it should have");
    }
}
