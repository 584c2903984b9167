using System.Globalization;

namespace Mayfly.Config;

/// <summary>When data is sent (docs/spec/01-lambda-lifecycle.md#71-strategy-string).</summary>
public enum FlushMode
{
    /// <summary>The agent decides by how often it is invoked.</summary>
    Adaptive,

    /// <summary>At the end of each invocation.</summary>
    End,

    /// <summary>At the end of an invocation, at most once per interval.</summary>
    EndPeriodically,

    /// <summary>At the start of an invocation, at most once per interval.</summary>
    Periodically,

    /// <summary>In the background, once per interval.</summary>
    Continuously,
}

/// <summary><c>DD_SERVERLESS_FLUSH_STRATEGY</c>: exact lower-case text without spaces.</summary>
/// <param name="Mode">When.</param>
/// <param name="Interval">Of the modes that have one; else zero.</param>
public readonly record struct FlushStrategy(FlushMode Mode, TimeSpan Interval)
{
    private const string Expected = "end, or end, periodically or continuously with milliseconds, such as periodically,60000; the agent decides itself";

    internal static FlushStrategy Read(EnvReader env)
    {
        string? text = env.Text(Keys.FlushStrategy);
        if (text is null)
        {
            return default;
        }

        string[] parts = text.Split(',');
        FlushMode mode = (parts[0], parts.Length) switch
        {
            ("end", 1) => FlushMode.End,
            ("end", 2) => FlushMode.EndPeriodically,
            ("periodically", 2) => FlushMode.Periodically,
            ("continuously", 2) => FlushMode.Continuously,
            _ => FlushMode.Adaptive,
        };
        if (mode == FlushMode.End)
        {
            return new FlushStrategy(mode, TimeSpan.Zero);
        }

        if (mode != FlushMode.Adaptive && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int ms) && ms > 0)
        {
            return new FlushStrategy(mode, TimeSpan.FromMilliseconds(ms));
        }

        if (text != "default")
        {
            env.Warn(Keys.FlushStrategy, text, Expected);
        }

        return default;
    }
}
