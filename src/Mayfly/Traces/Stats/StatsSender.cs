using System.Text;
using Mayfly.Tags;
using Mayfly.Wire;

namespace Mayfly.Traces.Stats;

/// <summary>Who sent the spans that are counted, as the headers and the spans of its request say.</summary>
internal readonly ref struct StatsSender
{
    public string? Language { get; init; }

    public string? TracerVersion { get; init; }

    public string? ContainerId { get; init; }

    /// <summary>Empty: the agent's.</summary>
    public ReadOnlySpan<byte> Env { get; init; }

    /// <summary>The application's version.</summary>
    public ReadOnlySpan<byte> Version { get; init; }

    /// <summary>Not part of the identity: two processes of one application are one sender.</summary>
    public ReadOnlySpan<byte> RuntimeId { get; init; }

    /// <summary>Appends the identity, a <see cref="TextSequence"/>: language, tracer version, environment, version, container id, base service.</summary>
    public void WriteIdentity(PooledBuffer buffer, ReadOnlySpan<byte> service, ReadOnlySpan<byte> defaultEnv)
    {
        Append(buffer, Language);
        Append(buffer, TracerVersion);
        TextSequence.Append(buffer, Env.IsEmpty ? defaultEnv : Env);
        TextSequence.Append(buffer, Version);
        Append(buffer, ContainerId);
        TextSequence.Append(buffer, service);
    }

    private static void Append(PooledBuffer buffer, string? text)
    {
        int mark = buffer.Length;
        buffer.GetSpan(TextSequence.PatchedHeadBytes);
        buffer.Advance(TextSequence.PatchedHeadBytes);
        if (text is not null)
        {
            buffer.Advance(Encoding.UTF8.GetBytes(text, buffer.GetSpan(Encoding.UTF8.GetMaxByteCount(text.Length))));
        }

        TextSequence.PatchHead(buffer, mark);
    }
}

/// <summary>What is kept of a sender, with its open buckets. Not thread-safe.</summary>
internal sealed class StatsSource(ulong hash, byte[] identity, byte[] runtimeId)
{
    private readonly List<StatsBucket> _buckets = new(3);

    /// <summary>When it was used last; larger is later.</summary>
    public long LastUse { get; set; }

    public List<StatsBucket> Buckets => _buckets;

    public bool Is(ulong otherHash, ReadOnlySpan<byte> otherIdentity) => hash == otherHash && otherIdentity.SequenceEqual(identity);

    /// <summary>The bucket that starts at <paramref name="startNs"/>; null when there is no room for another one.</summary>
    public StatsBucket? BucketAt(long startNs, StatsMemory memory)
    {
        foreach (StatsBucket known in _buckets)
        {
            if (known.StartNs == startNs)
            {
                return known;
            }
        }

        if (memory.TryRentBucket() is not { } bucket)
        {
            return null;
        }

        bucket.StartNs = startNs;
        _buckets.Add(bucket);
        return bucket;
    }

    /// <summary>The fields of its ClientStatsPayload beside the statistics; returns the language.</summary>
    public string WriteFields(EncodedMap fields, TagSet tags)
    {
        var texts = new TextSequence(identity);
        ReadOnlySpan<byte> language = texts.Next();
        ReadOnlySpan<byte> tracerVersion = texts.Next();
        fields.Clear();
        fields.AddText("Hostname"u8, ""u8);
        fields.AddText("Env"u8, texts.Next());
        fields.AddText("Version"u8, texts.Next());
        fields.AddText("Lang"u8, language);
        fields.AddText("TracerVersion"u8, tracerVersion);
        fields.AddText("RuntimeID"u8, runtimeId);
        fields.Add("Sequence"u8).UInt(0);
        fields.AddText("ContainerID"u8, texts.Next());
        fields.AddText("Service"u8, texts.Next());
        fields.AddTags("Tags"u8, tags);
        return Encoding.UTF8.GetString(language);
    }
}
