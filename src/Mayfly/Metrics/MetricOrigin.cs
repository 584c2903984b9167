namespace Mayfly.Metrics;

/// <summary>Where a metric comes from, as the intake bills and groups it: category by platform, service by name. Category 0 = no origin is sent.</summary>
/// <remarks>docs/spec/04-metrics-logs.md#b7-origin-metadata.</remarks>
internal readonly record struct MetricOrigin(uint Category, uint Service)
{
    /// <summary>Serverless.</summary>
    public const uint Product = 1;

    private const uint Custom = 472;
    private const uint Enhanced = 473;
    private const uint Runtime = 474;

    /// <param name="name">With its namespace.</param>
    /// <param name="tags">Default tags included.</param>
    /// <param name="platformCategory">Where no tag tells a category.</param>
    public static MetricOrigin Of(ReadOnlySpan<byte> name, ReadOnlySpan<Wire.Utf8Slice> tags, uint platformCategory)
    {
        uint category = name.StartsWith("datadog."u8) ? 0 : CategoryOf(tags, platformCategory);
        return category == 0 ? default : new MetricOrigin(category, ServiceOf(name));
    }

    private static uint CategoryOf(ReadOnlySpan<Wire.Utf8Slice> tags, uint platformCategory)
    {
        int best = int.MaxValue;
        uint category = platformCategory;
        foreach (Wire.Utf8Slice tag in tags)
        {
            (int Rank, uint Category) found = Rank(tag.Span);
            if (found.Category != 0 && found.Rank < best)
            {
                (best, category) = found;
            }
        }

        return category;
    }

    /// <summary>The rules in the order in which they win.</summary>
    private static (int Rank, uint Category) Rank(ReadOnlySpan<byte> tag)
    {
        if (tag.StartsWith("function_arn"u8) && (tag.Length == 12 || tag[12] == ':'))
        {
            return (0, 38);
        }

        if (!tag.StartsWith("origin:"u8))
        {
            return default;
        }

        ReadOnlySpan<byte> origin = tag[7..];
        return origin.SequenceEqual("appservice"u8) ? (1, 35u)
            : origin.SequenceEqual("cloudrun"u8) ? (2, 36u)
            : origin.SequenceEqual("containerapp"u8) ? (3, 37u)
            : origin.SequenceEqual("azurefunction"u8) ? (4, 71u)
            : origin.SequenceEqual("cloudfunction"u8) ? (5, 36u)
            : origin.SequenceEqual("lambda"u8) ? (6, 38u)
            : default;
    }

    private static uint ServiceOf(ReadOnlySpan<byte> name)
    {
        if (name.StartsWith("jvm."u8) || name.StartsWith("runtime."u8))
        {
            return Runtime;
        }

        return IsBelow(name, "aws.lambda"u8) || IsBelow(name, "gcp.run"u8) || IsBelow(name, "azure.functions"u8) ? Enhanced : Custom;
    }

    private static bool IsBelow(ReadOnlySpan<byte> name, ReadOnlySpan<byte> parts) =>
        name.StartsWith(parts) && (name.Length == parts.Length || name[parts.Length] == '.');
}
