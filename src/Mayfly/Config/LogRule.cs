using System.Globalization;
using Mayfly.Patterns;

namespace Mayfly.Config;

/// <summary>What a rule for logs does.</summary>
public enum LogRuleKind
{
    /// <summary>Leaves out messages on which the pattern matches.</summary>
    ExcludeAtMatch,

    /// <summary>Leaves out messages on which it does not.</summary>
    IncludeAtMatch,

    /// <summary>Replaces what matches.</summary>
    MaskSequences,

    /// <summary>Leaves out messages that the agent has cut. No pattern.</summary>
    ExcludeTruncated,

    /// <summary>The pattern matches at the beginning of messages; lines on which it does not continue the one before.</summary>
    MultiLine,
}

/// <summary>
/// One element of <c>DD_LOGS_CONFIG_PROCESSING_RULES</c>: a JSON list of <c>{"type","name","pattern","replace_placeholder"}</c>.
/// </summary>
/// <remarks>docs/spec/04-metrics-logs.md#c9-processing-rules, docs/spec/05-config.md#13-processing-rules-replace-rules</remarks>
public sealed record LogRule
{
    public required LogRuleKind Kind { get; init; }

    /// <summary>For messages to people; the type where the user gave none.</summary>
    public required string Name { get; init; }

    /// <summary>Null for kinds without a pattern.</summary>
    public Pattern? Pattern { get; init; }

    /// <summary>What a mask replaces by; null for other kinds.</summary>
    public Replacement? Replacement { get; init; }

    /// <summary>The rules in order; one that is wrong costs itself and an error that names it.</summary>
    internal static IReadOnlyList<LogRule> Read(EnvReader env)
    {
        return env.First<IReadOnlyList<LogRule>>(
            [Keys.LogProcessingRules], TryReadAll, """a JSON list of {"type":"…","name":"…","pattern":"…"}; no rule holds""", [], isError: true);

        bool TryReadAll(SettingValue value, out IReadOnlyList<LogRule> rules)
        {
            bool isList = JsonTexts.TryReadObjects(value.Text, out IReadOnlyList<Dictionary<string, string>> elements);
            rules = Read(elements, value, env);
            return isList;
        }
    }

    private static List<LogRule> Read(IReadOnlyList<Dictionary<string, string>> elements, SettingValue value, EnvReader env)
    {
        var rules = new List<LogRule>();
        for (int i = 0; i < elements.Count; i++)
        {
            if (TryRead(elements[i], out LogRule? rule, out string expected))
            {
                rules.Add(rule!);
            }
            else
            {
                string name = elements[i].TryGetValue("name", out string? given) ? $" ({given})" : "";
                env.Fail(
                    value,
                    string.Create(CultureInfo.InvariantCulture, $"rule {i + 1}{name}"),
                    $"{expected}; the rule is skipped, the others hold");
            }
        }

        return rules;
    }

    private static bool TryRead(Dictionary<string, string> element, out LogRule? rule, out string expected)
    {
        rule = null;
        if (!element.TryGetValue("type", out string? type) || KindOf(type) is not { } kind)
        {
            expected = "a type: exclude_at_match, include_at_match, mask_sequences, exclude_truncated or multi_line"
                + (type is null ? "" : $", not {type}");
            return false;
        }

        string name = element.GetValueOrDefault("name", type);
        expected = "a pattern";
        if (kind == LogRuleKind.ExcludeTruncated)
        {
            rule = new LogRule { Kind = kind, Name = name };
            return true;
        }

        if (!element.TryGetValue("pattern", out string? expression) || expression.Length == 0)
        {
            return false;
        }

        // A first line matches where it begins.
        if (!Pattern.TryParse(kind == LogRuleKind.MultiLine ? $"^(?:{expression})" : expression, out Pattern? pattern, out string? error))
        {
            expected = $"a regular expression without this error: {error}";
            return false;
        }

        Replacement? replacement = kind == LogRuleKind.MaskSequences
            ? Replacement.Parse(element.GetValueOrDefault("replace_placeholder", ""), pattern)
            : null;
        rule = new LogRule { Kind = kind, Name = name, Pattern = pattern, Replacement = replacement };
        return true;
    }

    private static LogRuleKind? KindOf(string type) => type switch
    {
        "exclude_at_match" => LogRuleKind.ExcludeAtMatch,
        "include_at_match" => LogRuleKind.IncludeAtMatch,
        "mask_sequences" => LogRuleKind.MaskSequences,
        "exclude_truncated" => LogRuleKind.ExcludeTruncated,
        "multi_line" => LogRuleKind.MultiLine,
        _ => null,
    };
}
