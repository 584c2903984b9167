using Mayfly.Patterns;

namespace Mayfly.Config;

/// <summary>Traces that the user does not want, by their root. What is wrong costs itself and a warning that names it.</summary>
/// <remarks>docs/spec/03-traces.md#36-filters</remarks>
public sealed record TraceFilterSettings
{
    /// <summary>Everything is wanted.</summary>
    public static TraceFilterSettings None { get; } = new();

    /// <summary>One match with the root's resource suffices, and the trace goes.</summary>
    public IReadOnlyList<Pattern> IgnoredResources { get; init; } = [];

    /// <summary>All have to hold for the root, or the trace goes.</summary>
    public IReadOnlyList<TagCondition> Require { get; init; } = [];

    /// <summary>One that holds for the root suffices, and the trace goes.</summary>
    public IReadOnlyList<TagCondition> Reject { get; init; } = [];

    internal static TraceFilterSettings Read(EnvReader env) => new()
    {
        IgnoredResources = ReadResources(env),
        Require = TagCondition.Read(env, Keys.FilterTagsRequire, Keys.FilterTagsRegexRequire),
        Reject = TagCondition.Read(env, Keys.FilterTagsReject, Keys.FilterTagsRegexReject),
    };

    /// <summary>The pattern of one entry; null: a warning names it.</summary>
    internal static Pattern? ReadPattern(EnvReader env, SettingValue value, string entry, string expression)
    {
        if (!Pattern.TryParse(expression, out Pattern? pattern, out string? error))
        {
            env.Warn(value, entry, $"a regular expression without this error: {error}; the entry is skipped, the others hold");
        }

        return pattern;
    }

    private static IReadOnlyList<Pattern> ReadResources(EnvReader env)
    {
        if (env.Any(Keys.IgnoreResources, Keys.IgnoreResourcesWeaker) is not { } value)
        {
            return [];
        }

        bool mayBeList = value.IsStructured || value.Text.TrimStart() is ['[', ..];
        if (!mayBeList || !env.TryReadList(value, out IReadOnlyList<string> items))
        {
            if (value.IsStructured)
            {
                env.Warn(value, value.Text, "a list of regular expressions; no trace is filtered by it");
                return [];
            }

            items = QuotedList.Read(value.Text);
        }

        return [.. items.Select(item => ReadPattern(env, value, item, item)).OfType<Pattern>()];
    }
}

/// <summary>A condition on a tag, or on the name, service, resource or type of a span: that it exists, has a value, or has one that matches.</summary>
/// <param name="Key">Never empty.</param>
/// <param name="Value">Exactly this value, or the expression; null: any.</param>
/// <param name="Pattern">The compiled <paramref name="Value"/>; null where it is no expression.</param>
public sealed record TagCondition(string Key, string? Value = null, Pattern? Pattern = null)
{
    /// <summary>Those with values, then those with expressions.</summary>
    internal static IReadOnlyList<TagCondition> Read(EnvReader env, string valuesKey, string patternsKey) =>
        [.. Read(env, valuesKey, isPattern: false), .. Read(env, patternsKey, isPattern: true)];

    /// <summary>As the user writes it.</summary>
    public override string ToString() => Value is null ? Key : $"{Key}:{Value}";

    /// <summary>Conditions separated by white space, or a JSON list of them; each is a key, or key and value around a colon.</summary>
    private static IReadOnlyList<TagCondition> Read(EnvReader env, string key, bool isPattern)
    {
        return env.First<IReadOnlyList<TagCondition>>(
            [key], TryRead, "a JSON list of texts, or texts separated by blanks; no trace is filtered by it", []);

        bool TryRead(SettingValue value, out IReadOnlyList<TagCondition> conditions)
        {
            string text = value.Text.Trim();
            IReadOnlyList<string> items = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            bool isRead = (!value.IsStructured && text[0] != '[') || env.TryReadList(value, out items);
            conditions = isRead ? [.. items.Select(item => Parse(env, value, item, isPattern)).OfType<TagCondition>()] : [];
            return isRead;
        }
    }

    private static TagCondition? Parse(EnvReader env, SettingValue setting, string item, bool isPattern)
    {
        int colon = item.IndexOf(':', StringComparison.Ordinal);
        string name = (colon < 0 ? item : item[..colon]).Trim();
        string value = colon < 0 ? "" : item[(colon + 1)..].Trim();
        if (name.Length == 0)
        {
            env.Warn(setting, item, "a tag, or a tag and its value such as env:prod; the entry is skipped, the others hold");
            return null;
        }

        if (value.Length == 0 || !isPattern)
        {
            return new TagCondition(name, value.Length == 0 ? null : value);
        }

        return TraceFilterSettings.ReadPattern(env, setting, item, value) is { } pattern ? new TagCondition(name, value, pattern) : null;
    }
}
