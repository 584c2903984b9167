using System.Text;
using Mayfly.Config;
using Mayfly.Tests.Config;
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

    public static TheoryData<string, string> Generic => new()
    {
        // White space and words.
        { "select\t1\r\n from\u00a0t\u2003 where\va=1", "select ? from t where a = ?" },
        { "SELECT a.b.* FROM a.b", "SELECT a.b.* FROM a.b" },
        { "SELECT t.*, u.* FROM t", "SELECT t.*, u.* FROM t" },
        { "SELECT naïve, größe FROM Ünïcode", "SELECT naïve, größe FROM Ünïcode" },
        { "SELECT _x, @y, a#b, a$b FROM t#1", "SELECT _x, @y, a#b, a$b FROM t#1" },
        { "SELECT 1 from t where a = true and b = FALSE and c is null", "SELECT ? from t where a = ? and b = ? and c is ?" },
        { "select trUE", "select ?" },
        { "SELECT nullable, trueish FROM t", "SELECT nullable, trueish FROM t" },
        { "ａ１", Failure },

        // Numbers.
        { "SELECT 0, 10, 007, 0x1F, 0XAB, 1.5, .5, 1., 1e5, 1E-5, 1.5e+10 FROM t", "SELECT ? FROM t" },
        { "SELECT 08.5, 09e1 FROM t", "SELECT ? FROM t" },
        { "SELECT 08 FROM t", Failure },
        { "SELECT 09", Failure },
        { "SELECT 0778 FROM t", Failure },
        { "SELECT -1, -.5, -0x1, - 1, -a, -.a FROM t", "SELECT ? - ? - a, - . a FROM t" },
        { "SELECT 5-3, 5 - 3, 5 -3", "SELECT ? - ?" },
        { "SELECT 1a, 2.b, 3e, 0xzz", "SELECT ? a, ? b, ? zz" },
        { "SELECT a+1-2*3/4%5", "SELECT a + ? * ? / ? % ?" },
        { "select 1..2", "select ?" },
        { "SELECT 12abc34", "SELECT ? abc34" },

        // Quoted texts.
        { "SELECT 'a', '', ' ', 'it''s', 'a\\'b', 'a\\\\' FROM t", "SELECT ? FROM t" },
        { "SELECT 'C:\\' FROM t", "SELECT ? FROM t" },
        { "SELECT 'C:\\', 'D:\\' FROM t", "SELECT ? FROM t" },
        { "SELECT 'a' 'b'", "SELECT ?" },
        { "SELECT N'x', E'y\\n', U&'z'", "SELECT N ? E ? U & ?" },
        { "SELECT x'00', X'ff', xff, x 'a'", "SELECT ? xff, x ?" },
        { "SELECT 'a\nb'", "SELECT ?" },
        { "SELECT 'é🎉'", "SELECT ?" },
        { "'", Failure },
        { "a '", Failure },
        { "SELECT \"a\" FROM \"b\" WHERE \"c\" = \"d\"", "SELECT a FROM b WHERE c = ?" },
        { "SELECT \"a\"\"b\", \"it's\", \"\", \" \"", "SELECT a\"b, it's, \"\", \"\"" },
        { "SELECT `a``b`, `x y`, ``, ` ` FROM t", "SELECT a`b, x y, ``, `` FROM t" },
        { "WHERE a = \"x\" and b <> \"y\" and c = `z`", "WHERE a = ? and b <> y and c = z" },
        { "\"unclosed", Failure },
        { "`unclosed", Failure },
        { "SELECT 'a''' FROM t", "SELECT ? FROM t" },
        { "SELECT '''a' FROM t", "SELECT ? FROM t" },
        { "SELECT '\\", Failure },
        { "SELECT 'a\\' || 'b'", "SELECT ? | | ?" },

        // Dollar signs.
        { "SELECT $$a$$, $t$b$t$, $t$$a$t$ FROM t", "SELECT ? FROM t" },
        { "SELECT $$it's$$", "SELECT ?" },
        { "SELECT $$unclosed", Failure },
        { "SELECT $1, $22, $?, $1abc", "SELECT ? abc" },
        { "SELECT $a", "SELECT $a" },
        { "SELECT $ FROM t", Failure },
        { "SELECT $08", Failure },
        { "SELECT $tag$ a $ta$ b $tag$ c", "SELECT ? c" },
        { "SELECT $func$SELECT 1$func$", "SELECT ?" },
        { "SELECT a$b$c FROM t", "SELECT a$b$c FROM t" },

        // Percent signs, braces, colons, question marks.
        { "SELECT %s, %d, %(name)s, %(x y)d, a % 5, a%5", "SELECT ? a % ? a % ?" },
        { "SELECT %(name)", Failure },
        { "SELECT %(name)5", Failure },
        { "SELECT 5 % (3)", "SELECT ? % ( ? )" },
        { "{call f(1, 'x')}", "{ call f ( ? ) }" },
        { "{ ?= call f(1) }", "{ ? = call f ( ? ) }" },
        { "SELECT {fn now()}, {d '2020-01-01'}", "SELECT ?" },
        { "SELECT {fn now(", Failure },
        { "SELECT 1 }", Failure },
        { "{call f({fn x(1)})}", "{ call f ( { fn x ( ? ) } ) }" },
        { "{call f(1)", "{ call f ( ? )" },
        { "SELECT :a, :1, :a.b, :é FROM t", "SELECT :a, :1, :a.b, :é FROM t" },
        { "SELECT a::int, 'x'::text", "SELECT a :: int, ? :: text" },
        { "a := 1", "a := ?" },
        { "SET @x := 'a'", "SET @x := ?" },
        { "SELECT a : b", "SELECT a : b" },
        { "SELECT a:", Failure },
        { "SELECT :'a'", Failure },
        { "SELECT ?, ? FROM t WHERE a = ?", "SELECT ? FROM t WHERE a = ?" },
        { "a IN (?, ?, ?)", "a IN ( ? )" },

        // Comments.
        { "SELECT /* 'x */ 1 -- y 'z\n FROM t # last 'w", "SELECT ? FROM t" },
        { "SELECT 1 // c\n, 2", "SELECT ?, ?" },
        { "/* only */", Failure },
        { "/* unclosed", Failure },
        { "SELECT 1 /**/ + /***/ 2", "SELECT ? + ?" },
        { "#\nselect 1", "select ?" },
        { "SELECT a--b\n FROM t", "SELECT a FROM t" },
        { "SELECT a /* x */ = /* y */ \"z\"", "SELECT a = ?" },
        { "SAVEPOINT /* x */ abc", "SAVEPOINT ?" },
        { "SELECT a AS /* x */ b FROM t", "SELECT a FROM t" },
        { "( /* c */ 1, 2), (3)", "( ? ) ( )" },

        // Operators.
        { "a<=>b, a<=b, a<>b, a>=b, a!=b, a!~b, a!~*b, a~*b, a~b, a|b, a||b, a&b, a^b", "a <=> b, a <= b, a <> b, a >= b, a != b, a !~ b, a !~* b, a ~* b, a ~ b, a | b, a | | b, a & b, a ^ b" },
        { "!a, !(b), !'c', ! d, !1, !`e`, !+f", "! a, ! ( b ), ! ? ! d, ! ? ! e, ! + f" },
        { "!,", Failure },
        { "a !", Failure },
        { "a -> b, a->>'c', a @> b", "a -> b, a ->> ? a @ > b" },
        { "\\d", Failure },
        { "a ~ '^x'", "a ~ ?" },
        { "SELECT a[1], b[1:2], array[1,2], c['k']", "SELECT a [ ? ], b [ ? :2 ], array [ ? ], c [ ? ]" },
        { "f(1)(2)", "f ( ? )" },

        // Groups of values.
        { "IN (1)", "IN ( ? )" },
        { "IN (1,2,3)", "IN ( ? )" },
        { "IN ('a', b, 'c')", "IN ( ? b, ? )" },
        { "VALUES (1,2),(3,4)", "VALUES ( ? )" },
        { "VALUES (1), (2), (3) RETURNING id", "VALUES ( ? ) RETURNING id" },
        { "VALUES (1,a),(2,b)", "VALUES ( ? a ), ( ? b )" },
        { "VALUES (a,1),(b,2)", "VALUES ( a, ? ) ( b, ? )" },
        { "VALUES (NULL), (DEFAULT)", "VALUES ( ? ) ( DEFAULT )" },
        { "INSERT INTO t VALUES (1, (SELECT max(id) FROM u)), (2, 3)", "INSERT INTO t VALUES ( ? ( SELECT max ( id ) FROM u ) ), ( ? )" },
        { "f(1, g(2, h(3)))", "f ( ? g ( ? h ( ? ) ) )" },
        { "LIMIT 10, 20", "LIMIT ?" },
        { "LIMIT 10 OFFSET 20", "LIMIT ? OFFSET ?" },
        { "SELECT 1, 2, a, 3, 4, b", "SELECT ? a, ? b" },
        { "SELECT 1; SELECT 2;", "SELECT ? SELECT ?" },
        { "SELECT a; ;", "SELECT a" },
        { "1 2 3", "?" },
        { "((1)), ((2))", "( ( ? ) )" },
        { "(1, (2, (3)))", "( ? )" },
        { "SELECT (1), (SELECT 2), (3)", "SELECT ( ? ) ( SELECT ? ) ( )" },
        { "MAX(1), 2", "MAX ( ? )" },
        { "DELETE FROM t WHERE (a, b) IN ((1,2), (3,4))", "DELETE FROM t WHERE ( a, b ) IN ( ( ? ) )" },

        // Aliases.
        { "SELECT a AS b, c AS \"d e\", f as `g`, 1 AS [h i] FROM t AS u", "SELECT a, c, f, ? FROM t" },
        { "WITH x AS (SELECT 1) SELECT * FROM x", "WITH x SELECT ? ) SELECT * FROM x" },
        { "SELECT CAST(a AS varchar(10))", "SELECT CAST ( a ( ? ) )" },
        { "SELECT a AS", "SELECT a" },
        { "SELECT 1 AS [a 2 ',' x] , b", "SELECT ?, b" },
        { "AS", Failure },
        { "SELECT a as b.c d", "SELECT a d" },

        // What stands behind SAVEPOINT and =, and the rest.
        { "SAVEPOINT abc", "SAVEPOINT ?" },
        { "SAVEPOINT \"abc\"", "SAVEPOINT ?" },
        { "RELEASE SAVEPOINT abc; ROLLBACK TO SAVEPOINT abc", "RELEASE SAVEPOINT ? ROLLBACK TO SAVEPOINT ?" },
        { "savepoint 1 a", "savepoint ? a" },
        { "SET a = \"x\", b=\"y\"", "SET a = ? b = ?" },
        { "a=`x`", "a = x" },
        { "a==\"x\"", "a = = ?" },
        { "TRUNCATE TABLE t", "TRUNCATE TABLE t" },
        { "GRANT ALL ON t TO 'joe'@'%'", "GRANT ALL ON t TO ? @ ?" },
        { "SELECT * FROM t WHERE a LIKE '%x%' ESCAPE '\\\\'", "SELECT * FROM t WHERE a LIKE ? ESCAPE ?" },
        { "CREATE USER 'x' IDENTIFIED BY 'pw'", "CREATE USER ? IDENTIFIED BY ?" },
        { "select current_date - interval '1' day", "select current_date - interval ? day" },
        { "SELECT DATE '2020-01-01', TIMESTAMP '2020-01-01 00:00:00'", "SELECT DATE ? TIMESTAMP ?" },
        { "SELECT TOP 10 * FROM t", "SELECT TOP ? * FROM t" },
        { "EXEC sp_x @a = 1, @b = 'c'", "EXEC sp_x @a = ? @b = ?" },
        { "CALL p(1, 'a', NULL)", "CALL p ( ? )" },
        { "select '\\u0000'", "select ?" },
        { "BEGIN", "BEGIN" },
        { "COMMIT;", "COMMIT" },
        { ";", Failure },
        { "", Failure },
    };

    public static TheoryData<string, string> PostgreSql => new()
    {
        { "SELECT data->'a', data->>'b', data #> '{c}', data #>> '{d}', data @> '{}', a <@ b, a ? 'k', a ?| array['x'], a ?& array['y'], a #- '{z}'", "SELECT data -> ? data ->> ? data #> ? data #>> ? data @> ? a <@ b, a ? ? a ?| array [ ? ], a ?& array [ ? ], a #- ?" },
        { "SELECT @ -5", "SELECT @ ?" },
        { "SELECT a@b", "SELECT a @ b" },
        { "SELECT #", "SELECT #" },
        { "a = ANY($1::int[])", "a = ANY ( ? :: int [ ] )" },
        { "SELECT ?", "SELECT ?" },
        { "E'a\\'b'", "E ?" },
        { "SELECT $f$x$f$", "SELECT ?" },
    };

    public static TheoryData<string, string> SqlServer => new()
    {
        { "SELECT [a b], [c]]d], [x].[y] FROM [dbo].[t] WHERE [id] = [other]", "SELECT a b, c ] d ], x . y FROM dbo . t WHERE id = ?" },
        { "SELECT #tmp.a, ##g FROM #tmp", "SELECT #tmp.a, ##g FROM #tmp" },
        { "SELECT [unclosed", Failure },
        { "SELECT [] FROM t", "SELECT [] FROM t" },
        { "MERGE t OUTPUT $action", "MERGE t OUTPUT $action" },
        { "SELECT a AS [b c] FROM t", "SELECT a FROM t" },
        { "# not a comment", "# not a comment" },
        { "SELECT @@rowcount, @a", "SELECT @@rowcount, @a" },
    };

    public static TheoryData<string, string, string> Features => new()
    {
        { "keep_sql_alias", "SELECT a AS b, c AS [d e] FROM t AS u", "SELECT a AS b, c AS [ d e ] FROM t AS u" },
        { "keep_sql_alias", "SELECT 1 AS x, 'y' AS z", "SELECT ? AS x, ? AS z" },
        { "dollar_quoted_func", "SELECT $func$SELECT * FROM t WHERE a = 'x'$func$ FROM u", "SELECT $func$SELECT * FROM t WHERE a = ?$func$ FROM u" },
        { "dollar_quoted_func", "SELECT $func$INSERT INTO t VALUES ('a', 1)$func$", "SELECT $func$INSERT INTO t VALUES ( ? )$func$" },
        { "dollar_quoted_func", "SELECT $func$it's$func$", "SELECT ?" },
        { "dollar_quoted_func", "SELECT $func$ $func$", "SELECT ?" },
        { "dollar_quoted_func", "SELECT $other$SELECT 1$other$", "SELECT ?" },
        { "dollar_quoted_func", "VALUES (1, $func$SELECT 2$func$), (3, $func$SELECT 4$func$)", "VALUES ( ? $func$SELECT ?$func$ ), ( ? $func$SELECT ?$func$ )" },
        { "replace_sql_digits", "SELECT a1, b22c3 FROM t4.t5 WHERE `x6` = 1 AND \"y7\" = 2", "SELECT a?, b?c? FROM t?.t? WHERE x? = ? AND y7 = ?" },
        { "replace_sql_digits", "UPDATE sales_2019_07 SET a1 = 'x'", "UPDATE sales_?_? SET a? = ?" },
        { "replace_sql_digits,table_names", "SELECT a1 FROM t1 JOIN \"t2\"", "SELECT a? FROM t? JOIN t?" },
        { "replace_sql_digits", "SELECT @p1, :p2 FROM t", "SELECT @p?, :p2 FROM t" },
    };

    [Theory]
    [MemberData(nameof(Generic))]
    public void Row(string sql, string expected) => Assert.Equal(expected, Obfuscate(sql));

    [Theory]
    [MemberData(nameof(PostgreSql))]
    public void Row_of_PostgreSQL(string sql, string expected) => Assert.Equal(expected, Obfuscate(sql, SqlDialect.PostgreSql));

    [Theory]
    [MemberData(nameof(SqlServer))]
    public void Row_of_SQL_Server(string sql, string expected) => Assert.Equal(expected, Obfuscate(sql, SqlDialect.SqlServer));

    [Theory]
    [MemberData(nameof(Features))]
    public void Row_of_a_feature(string features, string sql, string expected)
    {
        SqlObfuscation options = Environments.Read((Keys.TraceFeatures, features)).Obfuscation.Sql;
        Assert.Equal(expected, Obfuscate(sql, options: options));
    }

    /// <summary>Text → list of tables; a literal is never one.</summary>
    [Theory]
    [InlineData("SELECT * FROM users u JOIN orders o ON o.uid = u.id", "users,orders")]
    [InlineData("SELECT * FROM users, orders", "users")]
    [InlineData("SELECT * FROM (SELECT 1 FROM inner_table)", "inner_table")]
    [InlineData("UPDATE \"T\" SET a = 1", "T")]
    [InlineData("INSERT INTO `t` SELECT * FROM `t`", "t")]
    [InlineData("DELETE FROM a; DELETE FROM b; DELETE FROM a", "a,b")]
    [InlineData("SELECT a FROM /* c */ t", "t")]
    [InlineData("SELECT * FROM 'secret'", "")]
    [InlineData("UPDATE 'secret' SET a = 1", "")]
    [InlineData("INSERT INTO 17 VALUES (1)", "")]
    [InlineData("SELECT 1", "")]
    public void Names_of_tables(string sql, string expected)
    {
        using PooledBuffer output = PooledBuffer.Rent();
        using PooledBuffer tables = PooledBuffer.Rent();
        Assert.True(SqlObfuscator.TryObfuscate(Encoding.UTF8.GetBytes(sql), SqlDialect.Generic, new SqlObfuscation { CollectsTableNames = true }, output, tables));
        Assert.Equal(expected, Encoding.UTF8.GetString(tables.WrittenSpan));
        Assert.DoesNotContain("secret", Encoding.UTF8.GetString(output.WrittenSpan), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_longer_than_a_mebibyte_is_not_looked_at()
    {
        string sql = "SELECT " + new string('1', SqlObfuscator.LongestBytes - 7);
        Assert.Equal("SELECT ?", Obfuscate(sql));
        Assert.Equal(Failure, Obfuscate(sql + "1"));
    }

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
