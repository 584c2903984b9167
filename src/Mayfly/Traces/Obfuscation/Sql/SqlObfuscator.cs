using System.Text;
using Mayfly.Config;
using Mayfly.Wire;

namespace Mayfly.Traces.Obfuscation.Sql;

/// <summary>Hides the values in SQL: every literal becomes <c>?</c>, lists of them one, comments and aliases go, white space is one blank.</summary>
/// <remarks>
/// Tokens go through four filters, each of which sees what the token before has become, in the order of docs/spec/03-traces.md#sql. Stateless, linear in the
/// text, nothing allocated but the output.
/// </remarks>
internal static class SqlObfuscator
{
    /// <summary>What stands for SQL that cannot be read.</summary>
    public static ReadOnlySpan<byte> NotParsable => "Non-parsable SQL query"u8;

    /// <summary>Longer statements are not looked at.</summary>
    public const int LongestBytes = 1024 * 1024;

    /// <summary>The list of tables ends when it is so long: each name is looked for in it.</summary>
    private const int LongestTablesBytes = 2000;

    /// <summary>
    /// Appends the obfuscated <paramref name="sql"/> to <paramref name="output"/>. False: it is empty, too long or cannot be read, nothing is appended, and
    /// nothing is known about what it holds.
    /// </summary>
    /// <param name="tables">Gets the names of tables, each once, separated by commas; null: not wanted.</param>
    public static bool TryObfuscate(ReadOnlySpan<byte> sql, SqlDialect dialect, SqlObfuscation options, PooledBuffer output, PooledBuffer? tables = null)
    {
        if (sql.Length > LongestBytes)
        {
            return false;
        }

        // Databases differ on whether a backslash escapes a quote; only one reading of a statement is complete.
        int mark = output.Length;
        var statement = new Statement(sql, dialect, options, output, tables, escapesAreLiteral: false);
        if (statement.TryWrite())
        {
            return true;
        }

        output.Truncate(mark);
        tables?.Clear();
        if (!statement.HasSeenEscape)
        {
            return false;
        }

        statement = new Statement(sql, dialect, options, output, tables, escapesAreLiteral: true);
        if (statement.TryWrite())
        {
            return true;
        }

        output.Truncate(mark);
        tables?.Clear();
        return false;
    }

    /// <summary>One reading of a statement.</summary>
    private ref struct Statement(
        ReadOnlySpan<byte> sql, SqlDialect dialect, SqlObfuscation options, PooledBuffer output, PooledBuffer? tables, bool escapesAreLiteral)
    {
        private readonly ReadOnlySpan<byte> _sql = sql;
        private readonly int _start = output.Length;
        private SqlLexer _lexer = new(sql, dialect, escapesAreLiteral);

        /// <summary>What the token before has become.</summary>
        private SqlTokenKind _last;

        /// <summary>The same, comments not counted: what a comment stands behind still says what the token behind the comment is.</summary>
        private SqlTokenKind _lastMeant;

        /// <summary>Values since the last token that ends a group: <c>?, ?, ?</c> is 3.</summary>
        private int _values;

        /// <summary>Groups of values: <c>(?, ?), (?)</c> is 2.</summary>
        private int _groups;

        /// <summary>Parentheses that were dropped and are not closed yet: all within them goes with them.</summary>
        private int _droppedParentheses;

        public readonly bool HasSeenEscape => _lexer.HasSeenEscape;

        public bool TryWrite()
        {
            while (true)
            {
                SqlToken token = _lexer.Next();
                if (token.Kind is SqlTokenKind.End or SqlTokenKind.Error)
                {
                    return token.Kind == SqlTokenKind.End && output.Length > _start;
                }

                SqlTokenKind kind = token.Kind;
                if (options.CollectsTableNames && IsTable(token))
                {
                    AddTable(token);
                    kind = SqlTokenKind.TableName;
                }

                kind = Discard(kind, out bool isDropped);
                bool isHidden = !isDropped && IsHidden(token, kind);
                kind = isHidden ? Groupable(kind) : kind;
                isDropped |= Group(ref kind, out bool opensQuery);
                if (!isDropped)
                {
                    Write(token, kind, isHidden, opensQuery);
                }

                _last = kind;
                _lastMeant = token.Kind == SqlTokenKind.Comment ? _lastMeant : kind;
            }
        }

        private static SqlTokenKind Groupable(SqlTokenKind kind) =>
            kind == SqlTokenKind.OpenParenthesis ? SqlTokenKind.GroupableParenthesis : SqlTokenKind.Groupable;

        /// <summary>Only names are names of tables: a literal in such a place stays hidden.</summary>
        private readonly bool IsTable(SqlToken token)
        {
            bool isName = token.Kind is SqlTokenKind.Identifier or SqlTokenKind.DoubleQuoted && token.End > token.Start;
            if (!isName || _lastMeant is not (SqlTokenKind.From or SqlTokenKind.Join))
            {
                return isName && _lastMeant is SqlTokenKind.Update or SqlTokenKind.Into;
            }

            Rune.DecodeFromUtf8(_sql[token.Start..], out Rune first, out _);
            return Rune.IsLetter(first);
        }

        private readonly void AddTable(SqlToken token)
        {
            if (tables is null || tables.Length > LongestTablesBytes)
            {
                return;
            }

            int mark = tables.Length;
            if (mark > 0)
            {
                tables.WriteByte((byte)',');
            }

            int name = tables.Length;
            WriteText(token, SqlTokenKind.TableName, tables);
            if (HasTable(tables.WrittenSpan[..mark], tables.WrittenSpan[name..]))
            {
                tables.Truncate(mark);
            }
        }

        private static bool HasTable(ReadOnlySpan<byte> tables, ReadOnlySpan<byte> name)
        {
            while (!tables.IsEmpty)
            {
                int comma = tables.IndexOf((byte)',');
                if ((comma < 0 ? tables : tables[..comma]).SequenceEqual(name))
                {
                    return true;
                }

                tables = comma < 0 ? [] : tables[(comma + 1)..];
            }

            return false;
        }

        /// <summary>Filter 2: comments, semicolons and aliases go.</summary>
        private readonly SqlTokenKind Discard(SqlTokenKind kind, out bool isDropped)
        {
            bool isAlias = !options.KeepsAliases && kind != SqlTokenKind.Comment && _lastMeant is SqlTokenKind.As or SqlTokenKind.BracketedAlias;
            isDropped = isAlias || kind is SqlTokenKind.Comment or SqlTokenKind.Semicolon || (kind == SqlTokenKind.As && !options.KeepsAliases);
            if (isAlias)
            {
                bool isInBrackets = _lastMeant == SqlTokenKind.As ? kind == SqlTokenKind.OpenBracket : kind != SqlTokenKind.CloseBracket;
                return isInBrackets ? SqlTokenKind.BracketedAlias : SqlTokenKind.Filtered;
            }

            return kind switch
            {
                SqlTokenKind.Comment => SqlTokenKind.Filtered,
                SqlTokenKind.Semicolon => SqlTokenKind.Groupable,
                _ => kind,
            };
        }

        /// <summary>Filter 3: values become placeholders.</summary>
        private readonly bool IsHidden(SqlToken token, SqlTokenKind kind) => kind switch
        {
            _ when _lastMeant == SqlTokenKind.Savepoint => true,
            SqlTokenKind.DoubleQuoted => _lastMeant == SqlTokenKind.Equals,
            SqlTokenKind.DollarQuotedFunction => !options.ReadsDollarQuotedFunctions || !TryWriteFunction(token, isTrial: true),
            _ => kind is SqlTokenKind.String or SqlTokenKind.DollarQuoted or SqlTokenKind.Number or SqlTokenKind.Null or SqlTokenKind.Variable
                or SqlTokenKind.Parameter or SqlTokenKind.Boolean or SqlTokenKind.EscapeSequence or SqlTokenKind.Placeholder,
        };

        /// <summary>Filter 4: of values in a row one is left, of groups of values in a row the first. True when the token goes.</summary>
        private bool Group(ref SqlTokenKind kind, out bool opensQuery)
        {
            bool isGroupable = kind is SqlTokenKind.Groupable or SqlTokenKind.GroupableParenthesis;
            if ((_last == SqlTokenKind.OpenParenthesis && isGroupable) || (kind == SqlTokenKind.OpenParenthesis && _groups > 0))
            {
                _groups++;
            }

            bool startsQuery = kind is SqlTokenKind.Select or SqlTokenKind.Delete or SqlTokenKind.Update or SqlTokenKind.Identifier;
            opensQuery = _groups > 0 && _last == SqlTokenKind.GroupableParenthesis && startsQuery;
            if (opensQuery)
            {
                EndGroup();
                return false;
            }

            if (isGroupable)
            {
                return ++_values > 1;
            }

            if ((_values > 0 && kind is SqlTokenKind.Comma or SqlTokenKind.Placeholder) || IsInDroppedGroup(kind))
            {
                kind = Groupable(kind);
                return true;
            }

            if (kind is not (SqlTokenKind.Comma or SqlTokenKind.OpenParenthesis or SqlTokenKind.CloseParenthesis))
            {
                EndGroup();
            }

            return false;
        }

        /// <summary>From the second group on all goes, up to the parenthesis that closes the last one.</summary>
        private bool IsInDroppedGroup(SqlTokenKind kind)
        {
            bool opens = kind == SqlTokenKind.OpenParenthesis;
            if (_groups <= 1 || (_droppedParentheses == 0 && !opens))
            {
                return false;
            }

            _droppedParentheses += opens ? 1 : kind == SqlTokenKind.CloseParenthesis ? -1 : 0;
            return true;
        }

        private void EndGroup() => _values = _groups = _droppedParentheses = 0;

        private readonly void Write(SqlToken token, SqlTokenKind kind, bool isHidden, bool opensQuery)
        {
            bool isJoined = kind == SqlTokenKind.Comma || (kind == SqlTokenKind.Equals && _last == SqlTokenKind.Colon);
            if (output.Length > _start && !isJoined)
            {
                output.WriteByte((byte)' ');
            }

            if (opensQuery)
            {
                output.Write("( "u8);
            }

            if (isHidden)
            {
                output.WriteByte((byte)'?');
            }
            else if (kind == SqlTokenKind.DollarQuotedFunction)
            {
                output.Write("$func$"u8);
                TryWriteFunction(token, isTrial: false);
                output.Write("$func$"u8);
            }
            else
            {
                WriteText(token, kind, output);
            }
        }

        private readonly bool TryWriteFunction(SqlToken token, bool isTrial)
        {
            int mark = output.Length;
            var function = new Statement(_sql[token.Start..token.End], dialect, options, output, null, escapesAreLiteral);
            bool isWritten = function.TryWrite();
            if (isTrial)
            {
                output.Truncate(mark);
            }

            return isWritten;
        }

        private readonly void WriteText(SqlToken token, SqlTokenKind kind, PooledBuffer to)
        {
            ReadOnlySpan<byte> text = _sql[token.Start..token.End];
            bool hidesDigits = options.ReplacesDigits && kind is SqlTokenKind.Identifier or SqlTokenKind.TableName;
            if (token.Quote != 0 && WhiteSpace.IsBlank(text))
            {
                // Without its quotes an empty name would be no name at all.
                to.WriteByte(token.Quote);
                to.WriteByte(token.Quote == '[' ? (byte)']' : token.Quote);
            }
            else if (!hidesDigits && !token.HasEscapes)
            {
                to.Write(text);
            }
            else
            {
                WriteChanged(text, token, hidesDigits, to);
            }
        }

        /// <summary>Without escapes, or with <c>?</c> for each run of digits.</summary>
        private readonly void WriteChanged(ReadOnlySpan<byte> text, SqlToken token, bool hidesDigits, PooledBuffer to)
        {
            for (int i = 0; i < text.Length; i++)
            {
                bool isEscape = token.HasEscapes && (text[i] == token.Quote || (text[i] == '\\' && !escapesAreLiteral));
                i += isEscape && i + 1 < text.Length ? 1 : 0;
                bool isDigit = hidesDigits && char.IsAsciiDigit((char)text[i]);
                if (!isDigit || i == 0 || !char.IsAsciiDigit((char)text[i - 1]))
                {
                    to.WriteByte(isDigit ? (byte)'?' : text[i]);
                }
            }
        }
    }
}
