using System.Text;
using Mayfly.Config;
using Mayfly.Traces.Obfuscation.Sql;
using Mayfly.Wire;
using Xunit;

namespace Mayfly.Tests.Traces.Obfuscation;

/// <summary>docs/spec/03-traces.md §3.8 SQL: the numbered vectors, then the rows of the lexer and of the four filters.</summary>
public class SqlTests
{
    private const string Failure = "Non-parsable SQL query";

    public static TheoryData<string, string> Vectors => new()
    {
        /* 1 */ { "select * from users where id = 42", "select * from users where id = ?" },
        /* 2 */ { "SELECT * FROM t WHERE userId IN ('a', 'b', 'c')", "SELECT * FROM t WHERE userId IN ( ? )" },
        /* 3 */ { "INSERT INTO user (id, username) VALUES ('Fred','Smith'), ('John','Smith');", "INSERT INTO user ( id, username ) VALUES ( ? )" },
        /* 4 */ { "SELECT `host`.`address` FROM `host` WHERE org_id=42", "SELECT host . address FROM host WHERE org_id = ?" },
        /* 5 */ { "-- get user\n--\nselect * from users where id = 214325346", "select * from users where id = ?" },
        /* 6 */ { "UPDATE p SET j = %(json)s, m = '2015-08-27' WHERE u = %(uid)s", "UPDATE p SET j = ? m = ? WHERE u = ?" },
        /* 7 */ { "SELECT DISTINCT host.id AS host_id FROM host", "SELECT DISTINCT host.id FROM host" },
        /* 8 */ { "SELECT 3 AS NUCLEUS_TYPE,A0.ID,A0.\"NAME\" FROM \"VALUE\" A0", "SELECT ?, A0.ID, A0. NAME FROM VALUE A0" },
        /* 9 */ { "SELECT articles.* FROM articles WHERE articles.id = 1 LIMIT 15,20;", "SELECT articles.* FROM articles WHERE articles.id = ? LIMIT ?" },
        /* 10 */ { "SELECT COUNT(*) FROM a where col1 > -1e6", "SELECT COUNT ( * ) FROM a where col1 > ?" },
        /* 11 */ { "CREATE TABLE S_H2 (id INTEGER not NULL, PRIMARY KEY ( id ))", "CREATE TABLE S_H2 ( id INTEGER not ? PRIMARY KEY ( id ) )" },
        /* 12 */ { "SELECT * FROM t WHERE name = 'O''Brady'", "SELECT * FROM t WHERE name = ?" },
        /* 13 */ { "SELECT * FROM foo LEFT JOIN bar ON 'backslash\\' = foo.b WHERE foo.name = 'String'", "SELECT * FROM foo LEFT JOIN bar ON ? = foo.b WHERE foo.name = ?" },
        /* 14 */ { "SELECT org_id FROM m WHERE k = ANY(array[21, 25, 32])", "SELECT org_id FROM m WHERE k = ANY ( array [ ? ] )" },
        /* 15 */ { "select * from t where a = $1 and b = $2", "select * from t where a = ? and b = ?" },
        /* 16 */ { "SELECT * FROM t WHERE y IN (:protocols)", "SELECT * FROM t WHERE y IN ( :protocols )" },
        /* 17 */ { "SELECT 5*s1 FROM t4 UNION SELECT 77 FROM (SELECT * FROM t5)", "SELECT ? * s1 FROM t4 UNION SELECT ? FROM ( SELECT * FROM t5 )" },
        /* 18 */ { "'60'::double precision", "? :: double precision" },
        /* 19 */ { "INSERT INTO v (a,b) VALUES (X'ff',12983)", "INSERT INTO v ( a, b ) VALUES ( ? )" },
        /* 23 */ { "罿潯", "罿潯" },
        /* 24 */ { "SELECT * FROM x WHERE a = 'unclosed", Failure },
    };

    [Theory]
    [MemberData(nameof(Vectors))]
    public void Vector(string sql, string expected) => Assert.Equal(expected, Obfuscate(sql));

    [Fact]
    public void Vector_20_brackets_in_sql_server() =>
        Assert.Equal("SELECT * from db_users where id = @1", Obfuscate("SELECT * from [db_users] where [id] = @1", SqlDialect.SqlServer));

    [Fact]
    public void Vector_21_temporary_tables_in_sql_server() =>
        Assert.Equal("select * from dbo.#Temp where id = ?", Obfuscate("select * from dbo.#Temp where id = 1", SqlDialect.SqlServer));

    [Fact]
    public void Vector_22_replace_digits() => Assert.Equal(
        "SELECT ddh?.name FROM dd?.host ddh? WHERE ddh?.org_id = ?",
        Obfuscate("SELECT ddh19.name FROM dd91219.host ddh19 WHERE ddh19.org_id = 2", options: new SqlObfuscation { ReplacesDigits = true }));

    internal static string Obfuscate(string sql, SqlDialect dialect = SqlDialect.Generic, SqlObfuscation? options = null)
    {
        using PooledBuffer output = PooledBuffer.Rent();
        output.Write("before"u8);
        bool isSql = SqlObfuscator.TryObfuscate(Encoding.UTF8.GetBytes(sql), dialect, options ?? new SqlObfuscation(), output);
        string text = Encoding.UTF8.GetString(output.WrittenSpan)["before".Length..];
        Assert.Equal(isSql, text.Length > 0);
        return isSql ? text : Encoding.UTF8.GetString(SqlObfuscator.NotParsable);
    }
}
