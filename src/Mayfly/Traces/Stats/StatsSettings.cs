using Mayfly.Config;
using Mayfly.Tags;

namespace Mayfly.Traces.Stats;

/// <summary>What the statistics are told once, at start-up.</summary>
public sealed record StatsSettings
{
    public const int DefaultBufferBytes = 8 * 1024 * 1024;

    /// <summary>The peer tags of the reference agents, sorted (docs/spec/03-traces.md#42-eligibility-key-buckets).</summary>
    public static IReadOnlyList<string> DefaultPeerTags { get; } =
    [
        "_dd.base_service", "active_record.db.vendor", "amqp.destination", "amqp.exchange", "amqp.queue", "aws.queue.name", "aws.s3.bucket", "bucketname",
        "cassandra.keyspace", "db.cassandra.contact.points", "db.couchbase.seed.nodes", "db.hostname", "db.instance", "db.name", "db.namespace", "db.system",
        "db.system.name", "db.type", "dns.hostname", "grpc.host", "hostname", "http.host", "http.server_name", "messaging.destination",
        "messaging.destination.name", "messaging.kafka.bootstrap.servers", "messaging.rabbitmq.exchange", "messaging.system", "mongodb.db", "msmq.queue.path",
        "net.peer.name", "network.destination.ip", "network.destination.name", "out.host", "peer.hostname", "peer.service", "queuename", "rpc.service",
        "rpc.system", "sequel.db.vendor", "server.address", "streamname", "tablename", "topicname",
    ];

    /// <summary>The peer tags that the user asks for: the usual ones and more, or none; sorted, distinct.</summary>
    public static IReadOnlyList<string> PeerTagsOf(StatsKeySettings keys) =>
        !keys.UsesPeerTags ? []
        : keys.MorePeerTags.Count == 0 ? DefaultPeerTags
        : [.. DefaultPeerTags.Concat(keys.MorePeerTags).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>The environment of the agent, and of senders that name none; <c>none</c> when nobody knows.</summary>
    public string Env { get; init; } = "none";

    public required string AgentVersion { get; init; }

    /// <summary>The service of a tracer's statistics that name none; empty = they stay without.</summary>
    public string Service { get; init; } = "";

    /// <summary>What the platform says of all statistics whose sender says nothing: the field <c>Tags</c>, each <c>key:value</c>.</summary>
    public TagSet Tags { get; init; } = TagSet.Empty;

    /// <summary>Tags of client, producer and consumer spans that are part of the key; sorted, distinct.</summary>
    public IReadOnlyList<string> PeerTags { get; init; } = DefaultPeerTags;

    /// <summary>Spans of a kind that crosses a service's border count even where they are neither top-level nor measured.</summary>
    public bool CountsSpanKinds { get; init; } = true;

    /// <summary>
    /// The process can be frozen for good after any flush: one that comes after a pause takes the open buckets too
    /// (docs/spec/03-traces.md#45-sending).
    /// </summary>
    public bool MayFreeze { get; init; }

    /// <summary>Resources that a platform's tracers use for what is no work of the customer's: a tracer's statistics of them go.</summary>
    public IReadOnlyList<string> PlaceholderResources
    {
        get;
        init
        {
            field = value;
            PlaceholderResourcesUtf8 = [.. value.Select(System.Text.Encoding.UTF8.GetBytes)];
        }
    }

    = [];

    internal IReadOnlyList<byte[]> PlaceholderResourcesUtf8 { get; private init; } = [];

    /// <summary>Bytes of the statistics that are being computed, and bytes of tracers' statistics between two flushes.</summary>
    public long BufferBytes { get; init; } = DefaultBufferBytes;
}
