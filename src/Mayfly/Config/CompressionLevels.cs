namespace Mayfly.Config;

/// <summary>
/// How hard to compress what is sent, per signal (docs/spec/05-config.md#6-lambda-keys). Users write levels of zstd, 1 to 22: quick, then small. Mayfly sends
/// gzip, so that a level is turned into one of gzip's nine.
/// </summary>
/// <param name="Traces">gzip level 1–9, of traces and their statistics.</param>
/// <param name="Metrics">gzip level 1–9.</param>
/// <param name="Logs">gzip level 1–9.</param>
public sealed record CompressionLevels(int Traces, int Metrics, int Logs)
{
    private const int DefaultOfZstd = 3;
    private const int HighestOfZstd = 22;

    /// <summary>The general key stands below the three others in each source: a variable for all beats one signal's key of a file.</summary>
    internal static CompressionLevels Read(EnvReader env)
    {
        return new CompressionLevels(
            OfGzip(Read(env, Keys.TracesCompressionLevel)),
            OfGzip(Read(env, Keys.MetricsCompressionLevel)),
            OfGzip(Read(env, Keys.LogsCompressionLevel)));
    }

    private static int Read(EnvReader env, string key) => env.Int([key, Keys.CompressionLevel], DefaultOfZstd, 0, HighestOfZstd);

    /// <summary>0 is the default, 1 to 3 are as quick as gzip can be, from 11 on it is as small as it gets.</summary>
    private static int OfGzip(int zstd) => zstd <= DefaultOfZstd ? 1 : Math.Min(zstd - 2, 9);
}
