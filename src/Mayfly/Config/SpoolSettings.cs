namespace Mayfly.Config;

/// <summary>Where what is not delivered is kept beyond the life of the process (docs/spec/05-config.md#mayflys-own-variables).</summary>
public sealed record SpoolSettings
{
    private const int Megabyte = 1024 * 1024;

    /// <summary><c>MAYFLY_SPOOL</c>.</summary>
    public required bool IsEnabled { get; init; }

    /// <summary><c>MAYFLY_SPOOL_PATH</c>: a folder that this agent has for itself; the temporary space of a sandbox outlives its processes.</summary>
    public required string Folder { get; init; }

    /// <summary><c>MAYFLY_SPOOL_MAX_BYTES</c>, all files together.</summary>
    public required long LimitBytes { get; init; }

    internal static SpoolSettings Read(EnvReader env) => new()
    {
        IsEnabled = env.Bool(Keys.Spool, @default: true),
        Folder = env.Text(Keys.SpoolPath)?.Trim() ?? Path.Combine(Path.GetTempPath(), "mayfly"),
        LimitBytes = env.Int(Keys.SpoolMaxBytes, 32 * Megabyte, Megabyte, 1024 * Megabyte),
    };
}
