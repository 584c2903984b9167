using Mayfly.Config;
using Xunit;

namespace Mayfly.Tests.Config;

/// <summary>docs/spec/04-metrics-logs.md#c9-processing-rules, the table of errors; known defect 19.</summary>
public class LogRuleTests
{
    private const string Good = """{"type":"exclude_at_match","name":"good","pattern":"x"}""";

    /// <summary>Row, the bad rule, what the error says of it.</summary>
    public static TheoryData<string, string, string> BadRules => new()
    {
        { "pattern does not compile", """{"type":"mask_sequences","name":"cards","pattern":"("}""", "rule 2 (cards) is not understood: expected a regular expression without this error: " },
        { "look-around", """{"type":"mask_sequences","name":"cards","pattern":"(?<=a)b"}""", "rule 2 (cards) is not understood: expected a regular expression without this error: " },
        { "back-reference", """{"type":"mask_sequences","pattern":"(a)\\1"}""", "rule 2 is not understood: expected a regular expression without this error: " },
        { "too large", """{"type":"exclude_at_match","name":"n","pattern":"((a{100}){100}){100}"}""", "rule 2 (n) is not understood: expected a regular expression" },
        { "unknown type", """{"type":"remap_source","name":"r","pattern":"x"}""", "rule 2 (r) is not understood: expected a type: exclude_at_match, " },
        { "query rules of newer agents", """{"type":"mask_gojq","name":"r","pattern":"x"}""", "multi_line, not mask_gojq" },
        { "no type", """{"name":"r","pattern":"x"}""", "rule 2 (r) is not understood: expected a type: " },
        { "no pattern", """{"type":"exclude_at_match","name":"r"}""", "rule 2 (r) is not understood: expected a pattern" },
        { "empty pattern", """{"type":"exclude_at_match","name":"r","pattern":""}""", "rule 2 (r) is not understood: expected a pattern" },
        { "pattern is no text", """{"type":"exclude_at_match","name":"r","pattern":1}""", "rule 2 (r) is not understood: expected a pattern" },
        { "no object", "5", "rule 2 is not understood: expected a type: " },
    };

    [Theory]
    [MemberData(nameof(BadRules))]
    public void C9_a_bad_rule_is_named_and_skipped(string row, string bad, string error)
    {
        Settings settings = Environments.Read((Keys.LogProcessingRules, $"[{Good},{bad},{Good.Replace("good", "good too")}]"));
        Assert.Equal((row, "good,good too"), (row, string.Join(',', settings.LogRules.Select(static rule => rule.Name))));
        Assert.Contains(error, Assert.Single(settings.Errors), StringComparison.Ordinal);
        Assert.Contains("skipped, the others hold", settings.Errors[0], StringComparison.Ordinal);
        Assert.StartsWith(Keys.LogProcessingRules, settings.Errors[0], StringComparison.Ordinal);
        Assert.Empty(settings.Warnings);
    }

    [Theory]
    [InlineData("no json")]
    [InlineData("{}")]
    [InlineData("[{]")]
    [InlineData("[] []")]
    public void C9_what_is_no_list_is_an_error_and_no_rule(string text)
    {
        Settings settings = Environments.Read((Keys.LogProcessingRules, text));
        Assert.Empty(settings.LogRules);
        Assert.Contains("a JSON list", Assert.Single(settings.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public void C9_a_missing_name_is_accepted()
    {
        Settings settings = Environments.Read((Keys.LogProcessingRules, """[{"type":"include_at_match","pattern":"x"},{"type":"exclude_truncated"}]"""));
        Assert.Equal(
            [(LogRuleKind.IncludeAtMatch, "include_at_match"), (LogRuleKind.ExcludeTruncated, "exclude_truncated")],
            settings.LogRules.Select(static rule => (rule.Kind, rule.Name)));
        Assert.Empty(settings.Errors);
    }

    [Fact]
    public void Without_rules_there_is_nothing()
    {
        Settings settings = Environments.Read();
        Assert.Empty(settings.LogRules);
        Assert.Empty(settings.Errors);
    }
}
