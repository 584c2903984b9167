using FsCheck;
using FsCheck.Fluent;
using Mayfly.Testing;
using Mayfly.Traces.Obfuscation.Sql;
using Xunit;

namespace Mayfly.Tests.Traces.Obfuscation;

/// <summary>docs/spec/03-traces.md §3.8 SQL, for statements that chance makes.</summary>
public class SqlPropertyTests
{
    private static readonly FsCheck.Config Many = FsCheck.Config.QuickThrowOnFailure.WithMaxTest(3000).WithReplay(20261129, 3);

    private static readonly Arbitrary<int> Seeds = Gen.Choose(0, int.MaxValue).ToArbitrary();

    [Fact]
    public void No_literal_is_left() => Prop.ForAll(Seeds, static seed =>
    {
        var sql = RandomSql.Of(seed);
        string obfuscated = SqlTests.Obfuscate(sql.Text);
        Assert.NotEqual("Non-parsable SQL query", obfuscated);
        Assert.All(sql.Literals, literal => Assert.DoesNotContain(literal, obfuscated, StringComparison.Ordinal));
    }).Check(Many);

    [Fact]
    public void Obfuscating_twice_changes_nothing() => Prop.ForAll(Seeds, static seed =>
    {
        // An alias or a comment that is gone keeps the comma behind a value once: vector 8.
        string once = SqlTests.Obfuscate(RandomSql.Of(seed, hasAliases: false, hasComments: false).Text);
        Assert.Equal(once, SqlTests.Obfuscate(once));
    }).Check(Many);

    [Fact]
    public void Obfuscating_three_times_changes_nothing_more() => Prop.ForAll(Seeds, static seed =>
    {
        string twice = SqlTests.Obfuscate(SqlTests.Obfuscate(RandomSql.Of(seed).Text));
        Assert.Equal(twice, SqlTests.Obfuscate(twice));
    }).Check(Many);

    [Fact]
    public void Any_cut_of_a_statement_shows_no_literal() => Prop.ForAll(Seeds, static seed =>
    {
        var sql = RandomSql.Of(seed, hasAliases: false, hasComments: false);
        string cut = sql.Text[..(seed % (sql.Text.Length + 1))];
        string obfuscated = SqlTests.Obfuscate(cut);
        Assert.All(sql.Literals, literal => Assert.DoesNotContain(literal, obfuscated, StringComparison.Ordinal));
    }).Check(Many);

    [Fact]
    public void Other_dialects_show_no_literal_either() => Prop.ForAll(Seeds, static seed =>
    {
        foreach (SqlDialect dialect in new[] { SqlDialect.PostgreSql, SqlDialect.SqlServer })
        {
            // SQL Server reads $tag as a name.
            var sql = RandomSql.Of(seed, hasDollarQuotes: dialect == SqlDialect.PostgreSql);
            string obfuscated = SqlTests.Obfuscate(sql.Text, dialect);
            Assert.All(sql.Literals, literal => Assert.DoesNotContain(literal, obfuscated, StringComparison.Ordinal));
        }
    }).Check(Many);
}
