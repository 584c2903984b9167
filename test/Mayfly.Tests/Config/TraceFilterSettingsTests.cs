using Mayfly.Config;
using Mayfly.Config.Files;
using Xunit;

namespace Mayfly.Tests.Config;

/// <summary>docs/spec/03-traces.md#36-filters, docs/spec/05-config.md#3-parsers (filter tags) and #16: how the variables are written. What they do: TraceFiltersTests.</summary>
public class TraceFilterSettingsTests
{
    /// <summary>The keys that have their rows here.</summary>
    internal static readonly string[] KeysRead =
    [
        Keys.IgnoreResources, Keys.IgnoreResourcesWeaker, Keys.FilterTagsRequire, Keys.FilterTagsReject, Keys.FilterTagsRegexRequire, Keys.FilterTagsRegexReject,
    ];

    public static TheoryData<string> TagKeys => [Keys.FilterTagsRequire, Keys.FilterTagsReject, Keys.FilterTagsRegexRequire, Keys.FilterTagsRegexReject];

    /// <summary>Value, conditions, warnings.</summary>
    public static TheoryData<string, string, int> Tags => new()
    {
        { "env:prod debug key: :x a:b:c", "[env:prod] [debug] [key] [a:b:c]", 1 }, // 05 16
        { "1", "[1]", 0 }, // 05 16
        { " \t env:prod \n debug ", "[env:prod] [debug]", 0 },
        { """["env:prod","a b: c d ","k"]""", "[env:prod] [a b:c d] [k]", 0 },
        { """  ["x"]""", "[x]", 0 },
        { "[]", "", 0 },
        { """["x",1]""", "[x]", 1 },
        { "[x]", "", 1 },
        { """["","  :v"]""", "", 2 },
        { "   ", "", 0 },
    };

    /// <summary>Value, expressions, warnings.</summary>
    public static TheoryData<string, string, int> Resources => new()
    {
        { "GET /health", "[GET /health]", 0 },
        { "GET /health, POST /x ,,", "[GET /health] [POST /x]", 0 },
        { "\"a{1,2}\",b", "[a{1,2}] [b]", 0 },
        { "\"a\"\"b\"", "[a\"b]", 0 },
        { "\"a\"b\",c", "[a\"b] [c]", 0 },
        { "a\"b\"", "[a\"b\"]", 0 },
        { "\"open, and never closed", "[open, and never closed]", 0 },
        { "\"a\" \n , \"b\"", "[a] [b]", 0 },
        { "a,(,b", "[a] [b]", 1 },
        { "(?=look)", "", 1 },
        { "\"\"", "", 0 },
        { ",", "", 0 },
        { """["GET /health", "a,b"]""", "[GET /health] [a,b]", 0 },
        { """["a",1]""", "[a]", 1 },
        { "[ab],[c]d", "[[ab]] [[c]d]", 0 },
    };

    [Fact]
    public void Nothing_set()
    {
        Settings settings = Environments.Read();
        Assert.Empty(settings.TraceFilters.IgnoredResources);
        Assert.Empty(settings.TraceFilters.Require);
        Assert.Empty(settings.TraceFilters.Reject);
    }

    [Theory]
    [MemberData(nameof(Tags))]
    public void Tag_filters(string value, string expected, int warnings) => Assert.All(TagKeys, row =>
    {
        string key = row.Data;
        Settings settings = Environments.Read((key, value));
        bool isRequired = key is Keys.FilterTagsRequire or Keys.FilterTagsRegexRequire;
        Assert.Equal(expected, Shown(isRequired ? settings.TraceFilters.Require : settings.TraceFilters.Reject));
        Assert.Empty(isRequired ? settings.TraceFilters.Reject : settings.TraceFilters.Require);
        Assert.Equal(warnings, settings.Warnings.Count);
        Assert.All(settings.Warnings, warning => Assert.StartsWith(key + "=", warning, StringComparison.Ordinal));
        bool isPattern = key is Keys.FilterTagsRegexRequire or Keys.FilterTagsRegexReject;
        Assert.All(settings.TraceFilters.Require.Concat(settings.TraceFilters.Reject), one => Assert.Equal(isPattern && one.Value is not null, one.Pattern is not null));
    });

    [Theory]
    [InlineData(Keys.FilterTagsRegexRequire)]
    [InlineData(Keys.FilterTagsRegexReject)]
    public void A_bad_expression_is_named_once_and_skipped(string key)
    {
        Settings settings = Environments.Read((key, "a:x+ b:( c:y"));
        Assert.Equal("[a:x+] [c:y]", Shown([.. settings.TraceFilters.Require, .. settings.TraceFilters.Reject]));
        Assert.Equal(
            $"{key}=b:( is not understood: expected a regular expression without this error: a ) is missing (at character 1); the entry is skipped, the others hold.",
            Assert.Single(settings.Warnings));
    }

    [Theory]
    [InlineData(Keys.FilterTagsRequire)]
    [InlineData(Keys.FilterTagsReject)]
    public void Where_no_expression_is_meant_none_is_read(string key) => Assert.Empty(Environments.Read((key, "a:( b:[")).Warnings);

    [Theory]
    [MemberData(nameof(Resources))]
    public void Ignored_resources(string value, string expected, int warnings) => Assert.All([Keys.IgnoreResources, Keys.IgnoreResourcesWeaker], key =>
    {
        Settings settings = Environments.Read((key, value));
        Assert.Equal(expected, string.Join(' ', settings.TraceFilters.IgnoredResources.Select(static pattern => $"[{pattern.Text}]")));
        Assert.Equal(warnings, settings.Warnings.Count);
        Assert.All(settings.Warnings, warning => Assert.StartsWith(key + "=", warning, StringComparison.Ordinal));
    });

    /// <summary>Not read as an expression: the brackets of a list would make it match almost anything.</summary>
    [Theory]
    [InlineData("[[a]]")]
    [InlineData("{a: b}")]
    public void What_is_no_list_in_a_file_filters_nothing(string value)
    {
        Settings settings = Settings.Read(new EnvReader(static _ => null, ConfigFile.Parse("apm_config:\n  ignore_resources: " + value)));
        Assert.Empty(settings.TraceFilters.IgnoredResources);
        Assert.Single(settings.Warnings);
    }

    [Fact]
    public void The_newer_name_wins() =>
        Assert.Equal("new", Assert.Single(Environments.Read((Keys.IgnoreResourcesWeaker, "old"), (Keys.IgnoreResources, "new")).TraceFilters.IgnoredResources).Text);

    private static string Shown(IReadOnlyList<TagCondition> conditions) => string.Join(' ', conditions.Select(static condition => $"[{condition}]"));
}
