namespace Mayfly.Config;

/// <summary>How a body is coded, as <c>Content-Encoding</c> names it. Numbers are written to disk.</summary>
public enum ContentCoding
{
    /// <summary>As it is, without the header.</summary>
    Identity = 0,

    Gzip = 1,

    Zstd = 2,
}

/// <summary>How to compress a body.</summary>
/// <param name="Coding">Where zstd is asked for and not to be had, gzip takes its place.</param>
/// <param name="Level">As users write it, a level of zstd: 1 to 22, quick to small; 0 is the default.</param>
public readonly record struct BodyCompression(ContentCoding Coding, int Level);

/// <summary>How to compress what is sent, per signal (docs/spec/05-config.md#6-lambda-keys).</summary>
/// <param name="Traces">Of traces.</param>
/// <param name="Metrics">Of metrics, events and service checks.</param>
/// <param name="Logs">Of logs, where they are compressed at all.</param>
public sealed record CompressionSettings(BodyCompression Traces, BodyCompression Metrics, BodyCompression Logs)
{
    private const int DefaultLevel = 3;
    private const int HighestLevel = 22;
    private const string Kinds = "zstd, gzip or none";

    /// <summary>Of trace statistics: other agents send nothing but gzip.</summary>
    public BodyCompression Stats => Traces.Coding == ContentCoding.Zstd ? Traces with { Coding = ContentCoding.Gzip } : Traces;

    /// <summary>The general keys stand below the others in each source: a variable for all beats one signal's key of a file.</summary>
    internal static CompressionSettings Read(EnvReader env)
    {
        return new CompressionSettings(
            new BodyCompression(Coding(env, Keys.Compression), Level(env, Keys.TracesCompressionLevel)),
            new BodyCompression(Coding(env, Keys.MetricsCompressorKind, Keys.Compression), Level(env, Keys.MetricsCompressionLevel)),
            new BodyCompression(Coding(env, Keys.LogsCompressionKind, Keys.Compression), Level(env, Keys.LogsCompressionLevel)));
    }

    private static int Level(EnvReader env, string key) => env.Int([key, Keys.CompressionLevel], DefaultLevel, 0, HighestLevel);

    private static ContentCoding Coding(EnvReader env, params string[] keys) => env.First(keys, TryParse, Kinds, ContentCoding.Zstd);

    /// <summary>Agents that know zlib by its name send deflate, which is the same but for its frame.</summary>
    private static bool TryParse(SettingValue value, out ContentCoding coding)
    {
        (bool isKnown, coding) = value.Text.Trim().ToLowerInvariant() switch
        {
            "zstd" => (true, ContentCoding.Zstd),
            "gzip" or "zlib" => (true, ContentCoding.Gzip),
            "none" => (true, ContentCoding.Identity),
            _ => (false, ContentCoding.Identity),
        };
        return isKnown;
    }
}
