namespace Mayfly.Traces.Obfuscation.Sql;

/// <summary>A piece of SQL: its kind and its bytes.</summary>
/// <param name="Start">First byte of the text: of a quoted token behind its opening quote.</param>
/// <param name="End">Behind the last byte of the text.</param>
/// <param name="Quote">The delimiter of a quoted token; 0 = none.</param>
/// <param name="HasEscapes">Some bytes of a quoted token stand for others: a doubled quote, a backslash.</param>
internal readonly record struct SqlToken(SqlTokenKind Kind, int Start, int End, byte Quote = 0, bool HasEscapes = false);

/// <summary>Kinds of <see cref="SqlToken"/>, those that the obfuscation turns tokens into included.</summary>
internal enum SqlTokenKind : byte
{
    /// <summary>The text is over.</summary>
    End,

    /// <summary>The text is not SQL.</summary>
    Error,
    Identifier,

    /// <summary>A keyword without a meaning here.</summary>
    Keyword,
    As,
    Delete,
    From,
    Into,
    Join,
    Savepoint,
    Select,
    Update,
    Null,
    Boolean,
    String,
    DoubleQuoted,
    DollarQuoted,

    /// <summary>A text between <c>$func$</c>, which is SQL itself.</summary>
    DollarQuotedFunction,
    Number,

    /// <summary><c>%s</c>, <c>%(name)s</c></summary>
    Variable,

    /// <summary><c>$1</c></summary>
    Parameter,

    /// <summary><c>{fn …}</c></summary>
    EscapeSequence,
    Placeholder,
    Comment,
    Comma,
    Semicolon,
    Equals,
    Colon,
    OpenParenthesis,
    CloseParenthesis,
    OpenBracket,
    CloseBracket,

    /// <summary>All else, bind variables included.</summary>
    Operator,

    /// <summary>An identifier in a place where tables stand.</summary>
    TableName,

    /// <summary>Hidden, and one with the hidden ones beside it.</summary>
    Groupable,

    /// <summary>An opening parenthesis within a group: of more values, or of a query.</summary>
    GroupableParenthesis,

    /// <summary>A comment or an alias, dropped.</summary>
    Filtered,

    /// <summary>Within the brackets of an alias, dropped.</summary>
    BracketedAlias,
}
