using System.Globalization;
using Mayfly.Patterns;

namespace Mayfly.Config;

/// <summary>One element of <c>DD_APM_REPLACE_TAGS</c>: a JSON list of <c>{"name","pattern","repl"}</c>.</summary>
/// <remarks>docs/spec/05-config.md#13-processing-rules-replace-rules, docs/spec/03-traces.md#37-tag-replacement-dd_apm_replace_tags</remarks>
public sealed record ReplaceRule
{
    /// <summary>A tag, <c>resource.name</c>, or <c>*</c>.</summary>
    public required string Name { get; init; }

    public required Pattern Pattern { get; init; }

    public required Replacement Replacement { get; init; }

    /// <summary>The rules in order; one that is wrong costs itself and an error that names it.</summary>
    internal static IReadOnlyList<ReplaceRule> Read(EnvReader env)
    {
        return env.First<IReadOnlyList<ReplaceRule>>(
            [Keys.ReplaceTags], TryReadAll, """a JSON list of {"name":"…","pattern":"…","repl":"…"}; nothing is replaced""", [], isError: true);

        bool TryReadAll(SettingValue value, out IReadOnlyList<ReplaceRule> rules)
        {
            bool isList = JsonTexts.TryReadObjects(value.Text, out IReadOnlyList<Dictionary<string, string>> elements);
            rules = Read(elements, value, env);
            return isList;
        }
    }

    private static List<ReplaceRule> Read(IReadOnlyList<Dictionary<string, string>> elements, SettingValue value, EnvReader env)
    {
        var rules = new List<ReplaceRule>();
        for (int i = 0; i < elements.Count; i++)
        {
            if (!elements[i].TryGetValue("name", out string? name) || name.Length == 0 || !elements[i].TryGetValue("pattern", out string? expression))
            {
                Skip(env, value, i, "", "a name and a pattern, both of them texts");
            }
            else if (!Pattern.TryParse(expression, out Pattern? pattern, out string? error))
            {
                Skip(env, value, i, $" (name {name}, pattern {expression})", $"a regular expression without this error: {error}");
            }
            else
            {
                string replacement = elements[i].GetValueOrDefault("repl", "");
                rules.Add(new ReplaceRule { Name = name, Pattern = pattern, Replacement = Replacement.Parse(replacement, pattern) });
            }
        }

        return rules;
    }

    private static void Skip(EnvReader env, SettingValue value, int index, string rule, string expected) =>
        env.Fail(value, string.Create(CultureInfo.InvariantCulture, $"rule {index + 1}{rule}"), $"{expected}; the rule is skipped, the others hold");
}
