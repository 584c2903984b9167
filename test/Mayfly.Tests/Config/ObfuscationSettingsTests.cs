using System.Text;
using Mayfly.Config;
using Mayfly.Patterns;
using Mayfly.Wire;
using Xunit;

namespace Mayfly.Tests.Config;

/// <summary>docs/spec/03-traces.md §3.8 switches and docs/spec/05-config.md §3, §13. What each switch does: Traces/Obfuscation/ObfuscatorTests.</summary>
public class ObfuscationSettingsTests
{
    public static TheoryData<string> Switches =>
    [
        Keys.RemoveQueryString, Keys.RemoveQueryStringWeaker, Keys.RemovePathsWithDigits, Keys.RemovePathsWithDigitsWeaker, Keys.RedisObfuscation, Keys.RedisRemoveAllArgs,
        Keys.ValkeyObfuscation, Keys.ValkeyRemoveAllArgs, Keys.MemcachedObfuscation, Keys.MemcachedKeepCommand, Keys.MongoDbObfuscation, Keys.ElasticsearchObfuscation,
        Keys.OpenSearchObfuscation, Keys.CardObfuscation, Keys.CardLuhn, Keys.RemoveStackTraces,
    ];

    public static TheoryData<string> Lists =>
    [
        Keys.MongoDbKeepValues, Keys.MongoDbSqlValues, Keys.ElasticsearchKeepValues, Keys.ElasticsearchSqlValues, Keys.OpenSearchKeepValues, Keys.OpenSearchSqlValues,
        Keys.CardKeepValues,
    ];

    /// <summary>The keys that have their rows here.</summary>
    public static IEnumerable<string> KeysRead =>
        [.. Switches.Concat(Lists).Select(static row => row.Data), Keys.ReplaceTags, Keys.TraceFeatures, Keys.SqlObfuscationMode];

    /// <summary>Value, the rules that are left (name: what <c>a1b</c> becomes), warnings.</summary>
    public static TheoryData<string, string, int> ReplaceRules => new()
    {
        { """[{"name":"http.url","pattern":"\\d","repl":"?"}]""", "http.url: a?b", 0 },
        { """[{"name":"a","pattern":"1"}]""", "a: ab", 0 }, // 05 13: a missing repl is empty
        { """[{"name":"a","pattern":"1","repl":"2"},{"name":"*","pattern":"(","repl":""},{"name":"c","pattern":"1","repl":"3"}]""", "a: a2b, c: a3b", 1 }, // 9.18
        { """[{"name":"*","pattern":"(","repl":""}]""", "", 1 }, // 05 16
        { """[{"pattern":"1","repl":"2"}]""", "", 1 },
        { """[{"name":"","pattern":"1","repl":"2"}]""", "", 1 },
        { """[{"name":"a","repl":"2"}]""", "", 1 },
        { """[{"name":1,"pattern":"1","repl":"2"}]""", "", 1 },
        { """[1,"x",null,[],{"name":"a","pattern":"1","repl":"2"}]""", "a: a2b", 4 },
        { """[{"name":"a","pattern":"1","repl":"2","more":{"x":[1]}}]""", "a: a2b", 0 },
        { """[{"name":"a","pattern":"1","repl":17}]""", "a: ab", 0 },
        { """[{"name":"a","pattern":"(?=1)","repl":"2"}]""", "", 1 },
        { "[]", "", 0 },
        { "not json", "", 1 },
        { """{"name":"a","pattern":"1"}""", "", 1 },
        { """[{"name":"a","pattern":"1","repl":"2"}""", "", 1 },
        { """[{"name":"a","pattern":"1","repl":"2"}] x""", "", 1 },
    };

    [Theory]
    [MemberData(nameof(Switches))]
    public void A_switch_takes_the_usual_words_and_nothing_else(string key)
    {
        Assert.Empty(Environments.Read((key, "TRUE")).Warnings);
        Settings wrong = Environments.Read((key, "maybe"));
        Assert.Contains(key, Assert.Single(wrong.Warnings), StringComparison.Ordinal);
        Assert.NotEqual(Shown(Environments.Read((key, "true"))), Shown(Environments.Read((key, "false"))));
        Assert.Equal(Shown(Environments.Read()), Shown(wrong));
    }

    [Theory]
    [MemberData(nameof(Lists))]
    public void A_list_is_JSON_or_has_commas_or_blanks(string key)
    {
        Assert.All(["""["a b","c"]""", "a b,c", " a b , c ,, "], text =>
        {
            Settings settings = Environments.Read((key, text));
            Assert.Empty(settings.Warnings);
            Assert.Contains("[a b|c]", Shown(settings), StringComparison.Ordinal);
        });
        Assert.Contains("[a|c]", Shown(Environments.Read((key, " a  c "))), StringComparison.Ordinal);
        Assert.All(["[1]", "[\"a\"", "[\"a\"] x", "[[]]"], text =>
        {
            Settings settings = Environments.Read((key, text));
            Assert.Contains(key, Assert.Single(settings.Warnings), StringComparison.Ordinal);
            Assert.Equal(Shown(Environments.Read()), Shown(settings));
        });
    }

    [Theory]
    [MemberData(nameof(ReplaceRules))]
    public void Replace_rules(string text, string expected, int errors)
    {
        Settings settings = Environments.Read((Keys.ReplaceTags, text));
        Assert.Equal(expected, string.Join(", ", settings.Obfuscation.ReplaceRules.Select(Shown)));
        Assert.Equal(errors, settings.Errors.Count);
        Assert.All(settings.Errors, static error => Assert.StartsWith("DD_APM_REPLACE_TAGS=", error, StringComparison.Ordinal));
    }

    [Fact]
    public void A_wrong_rule_is_named_with_its_error()
    {
        string error = Assert.Single(Environments.Read((Keys.ReplaceTags, """[{"name":"a","pattern":"1"},{"name":"*","pattern":"(","repl":""}]""")).Errors);
        Assert.Equal(
            "DD_APM_REPLACE_TAGS=rule 2 (name *, pattern () is not understood: "
            + "expected a regular expression without this error: a ) is missing (at character 1); the rule is skipped, the others hold.",
            error);
    }

    [Theory]
    [InlineData("table_names", true, false, false, false)]
    [InlineData("quantize_sql_tables", false, true, false, false)]
    [InlineData("replace_sql_digits", false, true, false, false)]
    [InlineData("keep_sql_alias", false, false, true, false)]
    [InlineData("dollar_quoted_func", false, false, false, true)]
    [InlineData("table_names,keep_sql_alias", true, false, true, false)]
    [InlineData("table_names keep_sql_alias", true, false, true, false)]
    [InlineData("big_resource, unknown", false, false, false, false)]
    [InlineData("table_names,, keep_sql_alias ,table_names", true, false, true, false)]
    [InlineData("""["table_names"]""", true, false, false, false)]
    [InlineData("1", false, false, false, false)]
    public void Features(string text, bool tables, bool digits, bool alias, bool function)
    {
        Settings settings = Environments.Read((Keys.TraceFeatures, text));
        SqlObfuscation sql = settings.Obfuscation.Sql;
        Assert.Equal((tables, digits, alias, function), (sql.CollectsTableNames, sql.ReplacesDigits, sql.KeepsAliases, sql.ReadsDollarQuotedFunctions));
        Assert.Empty(settings.Warnings);
    }

    [Theory]
    [InlineData("big_resource", "big_resource", true, false)] // 03 3.9
    [InlineData("probabilistic_sampler_full_trace_id", "probabilistic_sampler_full_trace_id", false, true)] // 03 3.11
    [InlineData("big_resource probabilistic_sampler_full_trace_id", "big_resource probabilistic_sampler_full_trace_id", true, true)]
    [InlineData("sqllexer, table_names,unknown,table_names", "table_names", false, false)]
    [InlineData("BIG_RESOURCE", "", false, false)]
    [InlineData("", "", false, false)]
    public void Features_outside_of_SQL_and_what_info_tells_of_all(string text, string names, bool isBigResource, bool isFullTraceId)
    {
        Settings settings = Environments.Read((Keys.TraceFeatures, text));
        Assert.Equal(names, string.Join(' ', settings.TraceFeatures.Names));
        Assert.Equal((isBigResource, isFullTraceId), (settings.TraceFeatures.KeepsBigResources, settings.Sampling.HashesFullTraceId));
    }

    [Theory]
    [InlineData(Keys.SqlObfuscationMode, "obfuscate_and_normalize")]
    [InlineData(Keys.TraceFeatures, "sqllexer")]
    public void Another_way_to_obfuscate_SQL_is_warned_of(string key, string value) =>
        Assert.StartsWith($"{key}={value} ", Assert.Single(Environments.Read((key, value)).Warnings), StringComparison.Ordinal);

    [Fact]
    public void The_names_of_both_agents_work_and_the_general_one_wins()
    {
        Assert.True(Environments.Read((Keys.RemoveQueryStringWeaker, "true")).Obfuscation.RemovesQueryString);
        Assert.False(Environments.Read((Keys.RemoveQueryStringWeaker, "true"), (Keys.RemoveQueryString, "false")).Obfuscation.RemovesQueryString);
        Assert.True(Environments.Read((Keys.RemovePathsWithDigitsWeaker, "true")).Obfuscation.RemovesPathsWithDigits);
        Assert.False(Environments.Read((Keys.RemovePathsWithDigitsWeaker, "true"), (Keys.RemovePathsWithDigits, "false")).Obfuscation.RemovesPathsWithDigits);
    }

    private static string Shown(ReplaceRule rule)
    {
        using PooledBuffer output = PooledBuffer.Rent();
        Assert.Equal(PatternOutcome.Replaced, rule.Pattern.Replace("a1b"u8, rule.Replacement, output));
        return $"{rule.Name}: {Encoding.UTF8.GetString(output.WrittenSpan)}";
    }

    /// <summary>All settings but the rules, as text.</summary>
    private static string Shown(Settings settings)
    {
        ObfuscationSettings all = settings.Obfuscation;
        string json = string.Join(' ', new[] { all.MongoDb, all.Elasticsearch, all.OpenSearch }.Select(static one => $"{one.IsEnabled} {Shown(one.KeptMembers)} {Shown(one.SqlMembers)}"));
        return $"{all.RemovesQueryString} {all.RemovesPathsWithDigits} {all.Redis} {all.Valkey} {all.HidesMemcached} {all.KeepsMemcachedCommand} {json} {all.HidesCards} "
            + $"{all.ChecksLuhn} {Shown(all.TagsWithoutCards)} {all.RemovesStackTraces}";
    }

    private static string Shown(IReadOnlyList<string> texts) => $"[{string.Join('|', texts)}]";
}
