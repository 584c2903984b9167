using System.Globalization;

namespace Mayfly.Config;

/// <summary>When data is sent (docs/spec/05-config.md#12-flush-strategy-texts-dd_serverless_flush_strategy).</summary>
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

/// <summary><c>DD_SERVERLESS_FLUSH_STRATEGY</c>: any case, white space trimmed.</summary>
/// <param name="Mode">When.</param>
/// <param name="Interval">Of the modes that have one; else zero.</param>
public readonly record struct FlushStrategy(FlushMode Mode, TimeSpan Interval)
{
    private const string Expected =
        "end, or end, periodically or continuously with milliseconds, such as periodically,60000; the agent decides itself";

    private static readonly TimeSpan UsualPeriod = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan UsualContinuousInterval = TimeSpan.FromSeconds(30);

    internal static FlushStrategy Read(EnvReader env) => env.First([Keys.FlushStrategy], TryParse, Expected, default(FlushStrategy));

    /// <summary>As a user writes it.</summary>
    public override string ToString()
    {
        string ms = Interval.TotalMilliseconds.ToString(CultureInfo.InvariantCulture);
        return Mode switch
        {
            FlushMode.End => "end",
            FlushMode.EndPeriodically => $"end,{ms}",
            FlushMode.Periodically => $"periodically,{ms}",
            FlushMode.Continuously => $"continuously,{ms}",
            _ => "default",
        };
    }

    private static bool TryParse(SettingValue value, out FlushStrategy strategy)
    {
        string[] parts = value.Text.ToLowerInvariant().Split(',', StringSplitOptions.TrimEntries);
        FlushStrategy? known = OfWords(parts);
        strategy = known ?? default;
        return known is not null;
    }

    /// <summary>Null: they mean nothing.</summary>
    private static FlushStrategy? OfWords(string[] parts)
    {
        switch (parts)
        {
            case ["default"]:
                return default(FlushStrategy);
            case ["end"]:
                return new FlushStrategy(FlushMode.End, TimeSpan.Zero);
            case ["periodically"]:
                return new FlushStrategy(FlushMode.Periodically, UsualPeriod);
            case ["continuously"]:
                return new FlushStrategy(FlushMode.Continuously, UsualContinuousInterval);
            case ["end" or "periodically" or "continuously", string number]
                when int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int ms) && ms > 0:
                return new FlushStrategy(ModeOf(parts[0]), TimeSpan.FromMilliseconds(ms));
            default:
                return null;
        }
    }

    private static FlushMode ModeOf(string word) => word switch
    {
        "end" => FlushMode.EndPeriodically,
        "periodically" => FlushMode.Periodically,
        _ => FlushMode.Continuously,
    };
}
