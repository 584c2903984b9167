using System.Globalization;

namespace Mayfly.Patterns;

/// <summary>The named sets of a pattern: <c>\d</c>, <c>[:alpha:]</c>, <c>\pL</c>. The Perl classes are Unicode's, as in Rust's regex.</summary>
internal static class RuneClasses
{
    /// <summary><c>\d</c></summary>
    public static readonly RuneSet Digits = new([], Bit(UnicodeCategory.DecimalDigitNumber));

    /// <summary><c>\s</c>: White_Space.</summary>
    public static readonly RuneSet Spaces = new(
        [(9, 13), (0x85, 0x85)],
        Bit(UnicodeCategory.SpaceSeparator) | Bit(UnicodeCategory.LineSeparator) | Bit(UnicodeCategory.ParagraphSeparator));

    /// <summary><c>\w</c>: letters, marks, digits, connectors and the two joiners.</summary>
    public static readonly RuneSet Words = new(
        [(0x200c, 0x200d)],
        Letters | Marks | Bit(UnicodeCategory.DecimalDigitNumber) | Bit(UnicodeCategory.LetterNumber) | Bit(UnicodeCategory.ConnectorPunctuation));

    /// <summary><c>.</c></summary>
    public static readonly RuneSet AllButLineFeed = new([('\n', '\n')], isNegated: true);

    /// <summary><c>(?s:.)</c></summary>
    public static readonly RuneSet All = new([(0, 0x10ffff)]);

    private const uint Letters = 0b1_1111;
    private const uint Marks = 0b111 << 5;

    /// <summary>The names of general categories, in the order of <see cref="UnicodeCategory"/>.</summary>
    private static readonly string[] CategoryNames =
    [
        "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm",
        "Sc", "Sk", "So", "Cn",
    ];

    /// <summary>The set of <c>\p{name}</c>: a general category, of one letter or two, or <c>Any</c>. Null: there is none of that name.</summary>
    public static RuneSet? OfCategory(ReadOnlySpan<char> name)
    {
        if (name is "Any")
        {
            return All;
        }

        uint categories = 0;
        for (int i = 0; i < CategoryNames.Length; i++)
        {
            bool isNamed = name.Length is 1 or 2 && CategoryNames[i].AsSpan().StartsWith(name, StringComparison.Ordinal);
            categories |= isNamed ? 1U << i : 0;
        }

        return categories == 0 ? null : new RuneSet([], categories);
    }

    /// <summary>The set of <c>[:name:]</c>. Null: there is none of that name.</summary>
    public static RuneSet? OfPosix(ReadOnlySpan<char> name) => name switch
    {
        "alnum" => new([('0', '9'), ('A', 'Z'), ('a', 'z')]),
        "alpha" => new([('A', 'Z'), ('a', 'z')]),
        "ascii" => new([(0, 0x7f)]),
        "blank" => new([('\t', '\t'), (' ', ' ')]),
        "cntrl" => new([(0, 0x1f), (0x7f, 0x7f)]),
        "digit" => new([('0', '9')]),
        "graph" => new([('!', '~')]),
        "lower" => new([('a', 'z')]),
        "print" => new([(' ', '~')]),
        "punct" => new([('!', '/'), (':', '@'), ('[', '`'), ('{', '~')]),
        "space" => new([('\t', '\r'), (' ', ' ')]),
        "upper" => new([('A', 'Z')]),
        "word" => new([('0', '9'), ('A', 'Z'), ('a', 'z'), ('_', '_')]),
        "xdigit" => new([('0', '9'), ('A', 'F'), ('a', 'f')]),
        _ => null,
    };

    private static uint Bit(UnicodeCategory category) => 1U << (int)category;
}
