using Mayfly.Config;
using Xunit;

namespace Mayfly.Tests.Config;

/// <summary>docs/spec/05-config.md#6-lambda-keys and #7: how what is sent is compressed. That it is: CodecTests, ZstdDeliveryTests.</summary>
public class CompressionSettingsTests
{
    /// <summary>The keys that have their rows here.</summary>
    internal static readonly string[] KeysRead =
    [
        Keys.CompressionLevel, Keys.TracesCompressionLevel, Keys.MetricsCompressionLevel, Keys.LogsCompressionLevel,
        Keys.Compression, Keys.MetricsCompressorKind, Keys.LogsCompressionKind,
    ];

    /// <summary>General, traces, metrics, logs; levels of the three.</summary>
    [Theory]
    [InlineData("", "", "", "", "3 3 3")]
    [InlineData("9", "", "", "1", "9 9 1")] // 05 16
    [InlineData("0", "4", "10", "11", "4 10 11")]
    [InlineData("22", "3", "", "", "3 22 22")]
    public void Levels_are_those_of_zstd(string general, string traces, string metrics, string logs, string expected)
    {
        CompressionSettings read = Environments.Read(
            (Keys.CompressionLevel, general), (Keys.TracesCompressionLevel, traces), (Keys.MetricsCompressionLevel, metrics), (Keys.LogsCompressionLevel, logs))
            .Compression;
        Assert.Equal(expected, $"{read.Traces.Level} {read.Metrics.Level} {read.Logs.Level}");
    }

    /// <summary>General, metrics, logs; what traces, statistics, metrics and logs are sent as.</summary>
    [Theory]
    [InlineData("", "", "", "Zstd Gzip Zstd Zstd")]
    [InlineData("gzip", "", "", "Gzip Gzip Gzip Gzip")]
    [InlineData(" GZIP ", "zstd", "", "Gzip Gzip Zstd Gzip")]
    [InlineData("none", "", "zstd", "Identity Identity Identity Zstd")]
    [InlineData("", "zlib", "none", "Zstd Gzip Gzip Identity")]
    public void Kinds(string general, string metrics, string logs, string expected)
    {
        Settings settings = Environments.Read((Keys.Compression, general), (Keys.MetricsCompressorKind, metrics), (Keys.LogsCompressionKind, logs));
        CompressionSettings read = settings.Compression;
        Assert.Equal(expected, $"{read.Traces.Coding} {read.Stats.Coding} {read.Metrics.Coding} {read.Logs.Coding}");
        Assert.Empty(settings.Warnings);
    }

    [Theory]
    [InlineData(Keys.CompressionLevel, "fast")]
    [InlineData(Keys.TracesCompressionLevel, "-1")]
    [InlineData(Keys.MetricsCompressionLevel, "23")]
    [InlineData(Keys.LogsCompressionLevel, "1.5")]
    [InlineData(Keys.Compression, "brotli")]
    [InlineData(Keys.MetricsCompressorKind, "0")]
    [InlineData(Keys.LogsCompressionKind, "true")]
    public void What_is_none_is_the_default_and_one_warning(string key, string value)
    {
        Settings settings = Environments.Read((key, value));
        Assert.Equal(Environments.Read().Compression, settings.Compression);
        Assert.Contains(key, Assert.Single(settings.Warnings), StringComparison.Ordinal);
    }
}
