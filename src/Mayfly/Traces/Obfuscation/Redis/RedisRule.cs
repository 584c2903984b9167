using System.Buffers;
using System.Text;

namespace Mayfly.Traces.Obfuscation.Redis;

/// <summary>Which arguments of a Redis command hold values.</summary>
/// <param name="First">The first argument with a value; arguments count from 1. 0 = none.</param>
/// <param name="Step">From one such argument to the next. 0 = there is no other.</param>
/// <remarks>The table of docs/spec/03-traces.md#redis--valkey.</remarks>
internal readonly record struct RedisRule(RedisRuleKind Kind, int First = 0, int Step = 0)
{
    /// <summary>All commands with values are shorter.</summary>
    private const int LongestCommand = 20;

    /// <summary>The rule of a command, in any letter case.</summary>
    public static RedisRule Of(ReadOnlySpan<byte> command)
    {
        Span<char> upper = stackalloc char[LongestCommand];
        return Ascii.ToUpper(command, upper, out int length) == OperationStatus.Done ? Find(upper[..length]) : default;
    }

    private static RedisRule Find(ReadOnlySpan<char> command)
    {
        switch (command)
        {
            case "AUTH" or "MIGRATE" or "HELLO":
                return new RedisRule(RedisRuleKind.Rest, 1);
            case "ACL" or "GEOHASH" or "GEOPOS" or "GEODIST" or "LPUSH" or "RPUSH" or "SREM" or "ZREM" or "SADD":
                return new RedisRule(RedisRuleKind.Rest, 2);
            case "APPEND" or "GETSET" or "LPUSHX" or "GEORADIUSBYMEMBER" or "RPUSHX" or "SET" or "SETNX" or "SISMEMBER" or "ZRANK" or "ZREVRANK" or "ZSCORE":
                return One(2);
            case "HSETNX" or "LREM" or "LSET" or "SETBIT" or "SETEX" or "PSETEX" or "SETRANGE" or "ZINCRBY" or "SMOVE" or "RESTORE":
                return One(3);
            case "LINSERT":
                return One(4);
            case "GEOADD":
                return new RedisRule(RedisRuleKind.Every, 4, 3);
            case "HSET" or "HMSET":
                return new RedisRule(RedisRuleKind.Every, 3, 2);
            case "MSET" or "MSETNX":
                return new RedisRule(RedisRuleKind.Every, 2, 2);
            case "CONFIG":
                return new RedisRule(RedisRuleKind.ConfigSet, 3, 2);
            case "BITFIELD":
                return new RedisRule(RedisRuleKind.BitFieldSet);
            case "ZADD":
                return new RedisRule(RedisRuleKind.SortedSetAdd, 3, 2);
            default:
                return default;
        }
    }

    private static RedisRule One(int argument) => new(RedisRuleKind.Every, argument);
}

/// <summary>How the values are found among the arguments.</summary>
internal enum RedisRuleKind
{
    /// <summary>There are none.</summary>
    None,

    /// <summary>From the first on all, as one.</summary>
    Rest,

    /// <summary>At regular places.</summary>
    Every,

    /// <summary>As <see cref="Every"/>, if the first argument is SET.</summary>
    ConfigSet,

    /// <summary>The third argument behind each SET.</summary>
    BitFieldSet,

    /// <summary>As <see cref="Every"/>, options between the key and the first score not counted.</summary>
    SortedSetAdd,
}
