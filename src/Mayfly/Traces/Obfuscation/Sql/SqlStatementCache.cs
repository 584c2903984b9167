using Mayfly.Wire;

namespace Mayfly.Traces.Obfuscation.Sql;

/// <summary>
/// What became of statements that came before: a program sends few different ones, and sends them over and over. Thread-safe without a lock; bounded to
/// <see cref="MostBytes"/>, and takes no memory before the first statement.
/// </summary>
/// <remarks>
/// A statement has <see cref="Ways"/> slots, of which a line of the CPU's cache holds all hashes. It is kept when it comes a second time soon
/// enough for its mark to be there: those that never come again, with values in their texts, cost a hash, and neither memory nor the place of one that does.
/// A hash that another thread just wrote may stand beside another's entry: the text decides.
/// </remarks>
internal sealed class SqlStatementCache
{
    /// <summary>Statements kept at most.</summary>
    public const int Slots = 2048;

    /// <summary>Longer ones, before or after, are not kept.</summary>
    public const int LongestBytes = 1024;

    /// <summary>Of texts kept, before and after.</summary>
    public const int MostBytes = 512 * 1024;

    private const int Ways = 8;
    private const int Marks = 4096;
    private const int MarkWays = 4;

    private Table? _table;
    private int _keptBytes;

    /// <summary>Looks for <paramref name="sql"/>; <paramref name="hash"/> is what <see cref="Keep"/> wants when it is not there.</summary>
    public bool TryFind(ReadOnlySpan<byte> sql, SqlDialect dialect, out ulong hash, out Utf8Slice obfuscated)
    {
        hash = 0;
        obfuscated = default;
        if (sql.Length > LongestBytes)
        {
            return false;
        }

        hash = BytesHash.Of(sql, (ulong)dialect);
        if (Volatile.Read(ref _table) is not { } table)
        {
            return false;
        }

        int first = FirstSlotOf(hash);
        for (int slot = first; slot < first + Ways; slot++)
        {
            if (table.Hashes[slot] == hash
                && Volatile.Read(ref table.Entries[slot]) is { } entry && entry.Dialect == dialect && sql.SequenceEqual(entry.Sql))
            {
                obfuscated = entry.Obfuscated;
                return true;
            }
        }

        return false;
    }

    /// <summary>Remembers that <paramref name="sql"/>, looked for in vain, became <paramref name="obfuscated"/>.</summary>
    public void Keep(ReadOnlySpan<byte> sql, SqlDialect dialect, ulong hash, ReadOnlySpan<byte> obfuscated)
    {
        if (sql.Length > LongestBytes || obfuscated.Length > LongestBytes)
        {
            return;
        }

        Table table = Volatile.Read(ref _table) ?? Interlocked.CompareExchange(ref _table, new Table(), null) ?? _table;
        Span<uint> seen = table.Seen.AsSpan((int)(hash % (Marks / MarkWays)) * MarkWays, MarkWays);
        uint mark = (uint)(hash >> 32) | 1;
        if (!seen.Contains(mark))
        {
            seen[..^1].CopyTo(seen[1..]);
            seen[0] = mark;
            return;
        }

        int slot = FreeSlotOf(table, hash);
        int more = sql.Length + obfuscated.Length - (table.Entries[slot]?.SizeBytes ?? 0);
        if (Interlocked.Add(ref _keptBytes, more) > MostBytes && more > 0)
        {
            Interlocked.Add(ref _keptBytes, -more);
            return;
        }

        table.Hashes[slot] = hash;
        Volatile.Write(ref table.Entries[slot], new Entry(dialect, sql.ToArray(), Utf8Slice.Copy(obfuscated)));
    }

    private static int FirstSlotOf(ulong hash) => (int)(hash % (Slots / Ways)) * Ways;

    /// <summary>One that is free, else any.</summary>
    private static int FreeSlotOf(Table table, ulong hash)
    {
        int first = FirstSlotOf(hash);
        int free = Array.IndexOf(table.Entries, null, first, Ways);
        return free >= 0 ? free : first + (int)(hash >> 60) % Ways;
    }

    private sealed class Table
    {
        public readonly ulong[] Hashes = new ulong[Slots];
        public readonly Entry?[] Entries = new Entry?[Slots];

        /// <summary>Marks, the high half of the hash, of the statements that came last: of those that share a place, the last <see cref="MarkWays"/>.</summary>
        public readonly uint[] Seen = new uint[Marks];
    }

    private sealed record Entry(SqlDialect Dialect, byte[] Sql, Utf8Slice Obfuscated)
    {
        public int SizeBytes => Sql.Length + Obfuscated.Length;
    }
}
