using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Mayfly.Traces.Obfuscation.Redis;
using Mayfly.Wire;
using Xunit;

namespace Mayfly.Tests.Traces.Obfuscation;

/// <summary>docs/spec/03-traces.md §3.8 Redis / Valkey.</summary>
public class RedisTests
{
    public static TheoryData<string, string> Quantized => new()
    {
        // The table.
        { "SET toto tata \n \n  EXPIRE toto 15  ", "SET EXPIRE" },
        { "CONFIG SET parameter value", "CONFIG SET" },
        { "MULTI\nSET k1 v1\nSET k2 v2\nSET k3 v3\nEXEC", "MULTI SET SET ..." },
        { "GET k1\nGET k2\nG...", "GET GET ..." },
        { "GET k1\nDE...\nGET k2", "GET GET" },
        { "GET...", "..." },

        // TRAP: exactly three.
        { "GET a\nGET b\nGET c", "GET GET GET ..." },
        { "GET a\nGET b\nGET c\n", "GET GET GET ..." },
        { "GET a\nGET b", "GET GET" },

        { "", "" },
        { "\n\n", "" },
        { "   ", "" },
        { "get", "GET" },
        { "client list\ncluster info\nCommand\n", "CLIENT LIST CLUSTER INFO COMMAND ..." },
        { "DEBUG SEGFAULT", "DEBUG SEGFAULT" },
        { "script load x", "SCRIPT LOAD" },
        { "CONFIG SE...", "..." },
        { "CONFIG SE...\nGET a", "GET" },
        { "CONFIGX SET a", "CONFIGX" },
        { "GET\tk", "GET\tK" }, // only blanks separate words
        { "GET k\r\nSET k v", "GET SET" },
        { "é a", "É" },
        { "...", "..." },
        { "GET a...", "GET" },
    };

    public static TheoryData<string, string> Commands => new()
    {
        // The examples.
        { "HELLO 3 AUTH u p", "HELLO ?" },
        { "ACL SETUSER a on >pw", "ACL SETUSER ?" },
        { "MSET k v k v", "MSET k ? k ?" },
        { "ZADD key NX CH 1 m 2 n", "ZADD key NX CH 1 ? 2 ?" },
        { "BITFIELD k GET t o SET t o v INCRBY t", "BITFIELD k GET t o SET t o ? INCRBY t" },

        // A row for each command of the table.
        { "AUTH pw", "AUTH ?" },
        { "auth user pw", "auth ?" },
        { "MIGRATE host 6379 key 0 5000 AUTH pw", "MIGRATE ?" },
        { "HELLO", "HELLO" },
        { "ACL LIST", "ACL LIST" },
        { "GEOHASH key a b", "GEOHASH key ?" },
        { "GEOPOS key a b", "GEOPOS key ?" },
        { "GEODIST key a b m", "GEODIST key ?" },
        { "LPUSH key a b c", "LPUSH key ?" },
        { "RPUSH key a", "RPUSH key ?" },
        { "SREM key a b", "SREM key ?" },
        { "ZREM key a b", "ZREM key ?" },
        { "SADD key a b", "SADD key ?" },
        { "SADD key", "SADD key" },
        { "APPEND key v", "APPEND key ?" },
        { "GETSET key v", "GETSET key ?" },
        { "LPUSHX key v", "LPUSHX key ?" },
        { "GEORADIUSBYMEMBER key member 10 m", "GEORADIUSBYMEMBER key ? 10 m" },
        { "RPUSHX key v", "RPUSHX key ?" },
        { "SET key v EX 10 NX", "SET key ? EX 10 NX" },
        { "SETNX key v", "SETNX key ?" },
        { "SISMEMBER key v", "SISMEMBER key ?" },
        { "ZRANK key m", "ZRANK key ?" },
        { "ZREVRANK key m", "ZREVRANK key ?" },
        { "ZSCORE key m", "ZSCORE key ?" },
        { "HSETNX key f v", "HSETNX key f ?" },
        { "LREM key 1 v", "LREM key 1 ?" },
        { "LSET key 0 v", "LSET key 0 ?" },
        { "SETBIT key 7 1", "SETBIT key 7 ?" },
        { "SETEX key 10 v", "SETEX key 10 ?" },
        { "PSETEX key 10 v", "PSETEX key 10 ?" },
        { "SETRANGE key 5 v", "SETRANGE key 5 ?" },
        { "ZINCRBY key 1 m", "ZINCRBY key 1 ?" },
        { "SMOVE a b m", "SMOVE a b ?" },
        { "RESTORE key 0 data REPLACE", "RESTORE key 0 ? REPLACE" },
        { "LINSERT key BEFORE pivot v", "LINSERT key BEFORE pivot ?" },
        { "GEOADD key 1 2 a 3 4 b", "GEOADD key 1 2 ? 3 4 ?" },
        { "HSET key f v g w", "HSET key f ? g ?" },
        { "HMSET key f v g w h", "HMSET key f ? g ? h" },
        { "MSETNX k v k", "MSETNX k ? k" },
        { "CONFIG SET requirepass pw", "CONFIG SET requirepass ?" },
        { "CONFIG set a b c d", "CONFIG set a ? c ?" },
        { "CONFIG GET requirepass", "CONFIG GET requirepass" },
        { "BITFIELD k SET u8 0 1 SET u8 8 2", "BITFIELD k SET u8 0 ? SET u8 8 ?" },
        { "BITFIELD k GET u8 0", "BITFIELD k GET u8 0" },
        { "ZADD key 1 m", "ZADD key 1 ?" },
        { "ZADD key xx gt ch incr 1 m", "ZADD key xx gt ch incr 1 ?" },
        { "ZADD key LT 1 m", "ZADD key LT 1 ?" },
        { "ZADD key 1 m CH n", "ZADD key 1 ? CH ?" }, // an option's name in the place of a score is none
        { "ZADD key XX 1 m XX XX INCR n", "ZADD key XX 1 ? XX ? INCR ?" },
        { "ZADD key", "ZADD key" },
        { "GET key", "GET key" },
        { "EVAL script 1 key", "EVAL script 1 key" },
        { "UNKNOWNCOMMANDWITHALONGNAME a b", "UNKNOWNCOMMANDWITHALONGNAME a b" },
        { "séT a b", "séT a b" },

        // Words and lines.
        { "", "" },
        { "  SET   key   v  ", "SET key ?" },
        { "SET key \"a b\\\"c\nd\" EX 1", "SET key ? EX 1" },
        { "SET key a\\ b", "SET key ?" },
        { "SET \"my key\" v", "SET \"my key\" ?" },
        { "SET key \"unclosed v", "SET key ?" },
        { "SET key v\\", "SET key ?" },
        { "SET k v\nGET k\n\n  AUTH pw\n", "SET k ?\nGET k\nAUTH ?" },
        { "SET k v\r\nGET k", "SET k ?\nGET k" },
        { "SET \t\nGET k", "SET\nGET k" },
        { "SET\tk v w", "SET\tk v w" },
    };

    public static TheoryData<string, string> Bare => new()
    {
        { "SET key value", "SET ?" },
        { "set key value EX 1", "set ?" },
        { "GET", "GET" },
        { "", "" },
        { "  ", "" },
        { "CONFIG GET a", "CONFIG GET ?" },
        { "CONFIG SET a b", "CONFIG SET ?" },
        { "config resetstat", "config resetstat ?" },
        { "CONFIG REWRITE", "CONFIG REWRITE ?" },
        { "config key", "config ?" },
        { "BITFIELD key SET u8 0 1 get u8 0 INCRBY u2 1 1", "BITFIELD ? SET ? get ? INCRBY ?" },
        { "BITFIELD key", "BITFIELD ?" },
        { "AUTH pw\nGET k", "AUTH ?" },
        { "SET\tk\u2003v", "SET ?" },
    };

    [Theory]
    [MemberData(nameof(Quantized))]
    public void Resource(string query, string expected) => Assert.Equal(expected, Write(query, RedisQuantizer.Quantize));

    [Theory]
    [MemberData(nameof(Commands))]
    public void Raw_command(string command, string expected) => Assert.Equal(expected, Write(command, RedisCommands.Obfuscate));

    [Theory]
    [MemberData(nameof(Bare))]
    public void Raw_command_without_arguments(string command, string expected) => Assert.Equal(expected, Write(command, RedisCommands.RemoveArguments));

    [Fact]
    public void Obfuscating_twice_changes_nothing()
    {
        string[] words =
        [
            .. Commands.Select(static row => row.Data.Item1.Split(' ')[0]), "SET", "NX", "key", "v", "\"a b\"", "\"", "\\", "?", "é",
        ];
        Gen<string> line = Gen.Elements(words).ListOf().Select(static list => string.Join(' ', list));
        Gen<string> text = line.ListOf().Select(static lines => string.Join('\n', lines));
        Prop.ForAll(text.ToArbitrary(), static command =>
        {
            string once = Write(command, RedisCommands.Obfuscate);
            Assert.Equal(once, Write(once, RedisCommands.Obfuscate));
            string bare = Write(command, RedisCommands.RemoveArguments);
            Assert.Equal(bare, Write(bare, RedisCommands.RemoveArguments));
        }).Check(FsCheck.Config.QuickThrowOnFailure.WithMaxTest(1000).WithReplay(20261130, 1));
    }

    internal static string Write(string text, Action<ReadOnlySpan<byte>, PooledBuffer> write)
    {
        using PooledBuffer output = PooledBuffer.Rent();
        output.Write("before"u8);
        write(Encoding.UTF8.GetBytes(text), output);
        return Encoding.UTF8.GetString(output.WrittenSpan)["before".Length..];
    }
}
