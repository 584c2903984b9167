namespace Mayfly.Config;

/// <summary>Which headers continue a trace (docs/spec/02-triggers.md#63-configuration-and-composition).</summary>
public sealed record PropagationSettings
{
    private const string Expected = "a comma list of datadog, tracecontext, b3multi, b3, baggage and none; this one is skipped";

    private static readonly PropagationStyle[] DefaultStyles = [PropagationStyle.Datadog, PropagationStyle.TraceContext];

    private static readonly string[] DefaultBaggageKeys = ["user.id", "session.id", "account.id"];

    /// <summary>In order of preference, each one once. Empty: <c>none</c> was asked for, and no trace is ever continued.</summary>
    public required IReadOnlyList<PropagationStyle> ExtractStyles { get; init; }

    /// <summary>The first style that yields a context ends the search: the others are not compared with it.</summary>
    public required bool ExtractFirst { get; init; }

    /// <summary><c>ot-baggage-*</c> headers become tags.</summary>
    public required bool HttpBaggage { get; init; }

    /// <summary>
    /// Keys of W3C baggage that become tags <c>baggage.key</c> where <see cref="PropagationStyle.Baggage"/> is among the styles; <c>*</c> = all.
    /// </summary>
    public required IReadOnlyList<string> BaggageTagKeys { get; init; }

    internal static PropagationSettings Read(EnvReader env) => new()
    {
        ExtractStyles = Styles(env, Keys.PropagationStyleExtract) ?? Styles(env, Keys.PropagationStyle) ?? DefaultStyles,
        ExtractFirst = env.Bool(Keys.PropagationExtractFirst, @default: false),
        HttpBaggage = env.Bool(Keys.PropagationHttpBaggage, @default: false),
        BaggageTagKeys = env.Any(Keys.BaggageTagKeys) is null ? DefaultBaggageKeys : env.Texts(Keys.BaggageTagKeys),
    };

    /// <summary>Null when the variable names no style at all, not even <c>none</c>. A JSON list is a comma list in brackets and quotes.</summary>
    private static IReadOnlyList<PropagationStyle>? Styles(EnvReader env, string key)
    {
        bool isNone = false;
        var styles = new List<PropagationStyle>();
        if (env.Any(key) is not { } value)
        {
            return null;
        }

        foreach (string item in value.Text.Split(','))
        {
            string name = item.Trim().Trim('[', ']', '"').Trim().ToLowerInvariant();
            PropagationStyle? style = name switch
            {
                "datadog" => PropagationStyle.Datadog,
                "tracecontext" => PropagationStyle.TraceContext,
                "b3multi" => PropagationStyle.B3Multi,
                "b3" => PropagationStyle.B3,
                "baggage" => PropagationStyle.Baggage,
                _ => null,
            };
            isNone |= name == "none";
            if (style is { } known && !styles.Contains(known))
            {
                styles.Add(known);
            }
            else if (style is null && name is not ("none" or ""))
            {
                env.Warn(value, name, Expected);
            }
        }

        return styles.Count > 0 || isNone ? styles : null;
    }
}
