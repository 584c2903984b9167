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

    /// <summary>The general key is the default of the three others.</summary>
    internal static CompressionLevels Read(EnvReader env)
    {
        int general = Read(env, Keys.CompressionLevel, DefaultOfZstd);
        return new CompressionLevels(
            OfGzip(Read(env, Keys.TracesCompressionLevel, general)),
            OfGzip(Read(env, Keys.MetricsCompressionLevel, general)),
            OfGzip(Read(env, Keys.LogsCompressionLevel, general)));
    }

    private static int Read(EnvReader env, string key, int @default) => env.Int(key, @default, 0, HighestOfZstd);

    /// <summary>0 is the default, 1 to 3 are as quick as gzip can be, from 11 on it is as small as it gets.</summary>
    private static int OfGzip(int zstd) => zstd <= DefaultOfZstd ? 1 : Math.Min(zstd - 2, 9);
}
