using System.Text;

namespace Mayfly.Traces.Obfuscation.Sql;

/// <summary>The words that make a difference to <see cref="SqlObfuscator"/>.</summary>
internal static class SqlKeywords
{
    /// <summary>The kind of a word, in any letter case.</summary>
    public static SqlTokenKind KindOf(ReadOnlySpan<byte> word) => word.Length switch
    {
        2 => Is(word, "AS"u8) ? SqlTokenKind.As : SqlTokenKind.Identifier,
        4 => Is(word, "FROM"u8) ? SqlTokenKind.From
            : Is(word, "NULL"u8) ? SqlTokenKind.Null
            : Is(word, "JOIN"u8) ? SqlTokenKind.Join
            : Is(word, "INTO"u8) ? SqlTokenKind.Into
            : Is(word, "TRUE"u8) ? SqlTokenKind.Boolean
            : Is(word, "DROP"u8) ? SqlTokenKind.Keyword
            : SqlTokenKind.Identifier,
        5 => Is(word, "FALSE"u8) ? SqlTokenKind.Boolean
            : Is(word, "LIMIT"u8) || Is(word, "ALTER"u8) || Is(word, "GRANT"u8) || Is(word, "BEGIN"u8) ? SqlTokenKind.Keyword
            : SqlTokenKind.Identifier,
        6 => Is(word, "SELECT"u8) ? SqlTokenKind.Select
            : Is(word, "UPDATE"u8) ? SqlTokenKind.Update
            : Is(word, "DELETE"u8) ? SqlTokenKind.Delete
            : Is(word, "INSERT"u8) || Is(word, "CREATE"u8) || Is(word, "COMMIT"u8) || Is(word, "REVOKE"u8) ? SqlTokenKind.Keyword
            : SqlTokenKind.Identifier,
        8 => Is(word, "TRUNCATE"u8) ? SqlTokenKind.Keyword : SqlTokenKind.Identifier,
        9 => Is(word, "SAVEPOINT"u8) ? SqlTokenKind.Savepoint : SqlTokenKind.Identifier,
        _ => SqlTokenKind.Identifier,
    };

    private static bool Is(ReadOnlySpan<byte> word, ReadOnlySpan<byte> keyword) => Ascii.EqualsIgnoreCase(word, keyword);
}
