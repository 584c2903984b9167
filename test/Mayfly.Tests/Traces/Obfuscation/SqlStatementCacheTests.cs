using System.Text;
using Mayfly.Traces.Obfuscation.Sql;
using Mayfly.Wire;
using Xunit;

namespace Mayfly.Tests.Traces.Obfuscation;

public class SqlStatementCacheTests
{
    private readonly SqlStatementCache _cache = new();

    [Fact]
    public void A_statement_is_kept_when_it_comes_again()
    {
        Assert.False(Find("SELECT 1", out _));
        Keep("SELECT 1", "SELECT ?");
        Assert.False(Find("SELECT 1", out _));
        Keep("SELECT 1", "SELECT ?");
        Assert.True(Find("SELECT 1", out string found));
        Assert.Equal("SELECT ?", found);
    }

    [Fact]
    public void Another_dialect_is_another_statement()
    {
        KeepTwice("SELECT 1", "SELECT ?");
        Assert.True(Find("SELECT 1", out _));
        Assert.False(Find("SELECT 1", out _, SqlDialect.PostgreSql));
    }

    [Theory]
    [InlineData(SqlStatementCache.LongestBytes, SqlStatementCache.LongestBytes, true)]
    [InlineData(SqlStatementCache.LongestBytes + 1, 1, false)]
    [InlineData(1, SqlStatementCache.LongestBytes + 1, false)]
    public void Long_texts_are_not_kept(int before, int after, bool isKept)
    {
        string sql = new('a', before);
        KeepTwice(sql, new string('b', after));
        Assert.Equal(isKept, Find(sql, out _));
    }

    [Fact]
    public void Of_a_thousand_statements_nearly_all_are_found_and_each_with_its_own_text()
    {
        for (int round = 0; round < 4; round++)
        {
            for (int i = 0; i < 1000; i++)
            {
                Keep($"SELECT * FROM t WHERE id = {i}", $"kept {i}");
            }
        }

        int found = 0;
        for (int i = 0; i < 1000; i++)
        {
            if (Find($"SELECT * FROM t WHERE id = {i}", out string text))
            {
                Assert.Equal($"kept {i}", text);
                found++;
            }
        }

        Assert.InRange(found, 900, 1000);
    }

    [Fact]
    public void What_is_kept_is_bounded()
    {
        string obfuscated = new('b', 500);
        for (int i = 0; i < 20_000; i++)
        {
            KeepTwice($"{i} {new string('a', 500)}", obfuscated);
        }

        int found = Enumerable.Range(0, 20_000).Count(i => Find($"{i} {new string('a', 500)}", out _));
        Assert.InRange(found, 100, SqlStatementCache.MostBytes / 1000);
    }

    [Fact]
    public void Statements_that_come_once_displace_none()
    {
        KeepTwice("SELECT 1", "SELECT ?");
        for (int i = 0; i < 100_000; i++)
        {
            Keep($"SELECT {i} FROM once", "x");
        }

        Assert.True(Find("SELECT 1", out _));
    }

    [Fact]
    public async Task Threads_never_see_the_text_of_another_statement()
    {
        await Task.WhenAll(Enumerable.Range(0, 4).Select(thread => Task.Run(() =>
        {
            var random = new Random(thread);
            for (int i = 0; i < 50_000; i++)
            {
                int number = random.Next(6000);
                if (Find($"SELECT {number}", out string text))
                {
                    Assert.Equal($"kept {number}", text);
                }
                else
                {
                    Keep($"SELECT {number}", $"kept {number}");
                }
            }
        })));
    }

    private void KeepTwice(string sql, string obfuscated)
    {
        Keep(sql, obfuscated);
        Keep(sql, obfuscated);
    }

    private void Keep(string sql, string obfuscated)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(sql);
        if (!_cache.TryFind(bytes, SqlDialect.Generic, out ulong hash, out _))
        {
            _cache.Keep(bytes, SqlDialect.Generic, hash, Encoding.UTF8.GetBytes(obfuscated));
        }
    }

    private bool Find(string sql, out string obfuscated, SqlDialect dialect = SqlDialect.Generic)
    {
        bool isFound = _cache.TryFind(Encoding.UTF8.GetBytes(sql), dialect, out _, out Utf8Slice text);
        obfuscated = text.ToString();
        return isFound;
    }
}
