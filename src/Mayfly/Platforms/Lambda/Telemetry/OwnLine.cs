using Mayfly.Logs;

namespace Mayfly.Platforms.Lambda.Telemetry;

/// <summary>Recognises lines of this agent, <c>MAYFLY | LEVEL | text</c>, which the platform hands back as <c>extension</c> records.</summary>
internal static class OwnLine
{
    private static ReadOnlySpan<byte> Prefix => "MAYFLY | "u8;

    private static ReadOnlySpan<byte> Separator => " | "u8;

    /// <summary>The line's level; info for the lines of other extensions and for levels that are none.</summary>
    public static LogStatus StatusOf(ReadOnlySpan<byte> line)
    {
        if (!line.StartsWith(Prefix))
        {
            return LogStatus.Info;
        }

        ReadOnlySpan<byte> rest = line[Prefix.Length..];
        int end = rest.IndexOf(Separator);
        return end > 0 && LogStatusText.TryParse(rest[..end], out LogStatus status) ? status : LogStatus.Info;
    }
}
