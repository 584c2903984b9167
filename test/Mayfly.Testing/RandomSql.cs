using System.Globalization;

namespace Mayfly.Testing;

/// <summary>A statement that a seed stands for, and the literals in it.</summary>
/// <remarks>Literals are unlike everything else in the text: they hold <c>secret</c> or the digits <c>90</c> followed by a running number.</remarks>
public sealed class RandomSql
{
    private static readonly string[] Tables = ["users", "orders", "public.items", "`carts`", "\"Prices\"", "dbo.stock", "día"];
    private static readonly string[] Columns = ["id", "name", "u.email", "o.total", "\"createdAt\"", "`state`", "prix_été", "t1.c2"];
    private static readonly string[] Comparisons = ["=", "<>", "!=", "<", ">", "<=", ">=", "LIKE", "NOT LIKE"];
    private static readonly string[] Functions = ["COUNT", "MAX", "lower", "COALESCE", "date_trunc"];

    private readonly Random _random;
    private readonly bool _hasAliases;
    private readonly bool _hasComments;
    private readonly bool _hasDollarQuotes;
    private readonly List<string> _literals = [];

    private RandomSql(int seed, bool hasAliases, bool hasComments, bool hasDollarQuotes)
    {
#pragma warning disable CA5394 // Chance that is the same in each run.
        _random = new Random(seed);
#pragma warning restore CA5394
        _hasAliases = hasAliases;
        _hasComments = hasComments;
        _hasDollarQuotes = hasDollarQuotes;
        Text = Statement(3);
    }

    public string Text { get; }

    /// <summary>What must not be seen of <see cref="Text"/>.</summary>
    public IReadOnlyList<string> Literals => _literals;

    public static RandomSql Of(int seed, bool hasAliases = true, bool hasComments = true, bool hasDollarQuotes = true) =>
        new(seed, hasAliases, hasComments, hasDollarQuotes);

    private string Statement(int depth) => Next(5) switch
    {
        0 => $"INSERT INTO {Pick(Tables)} ({List(2, () => Pick(Columns))}) VALUES {List(3, () => $"({List(3, () => Value(depth))})")}{Maybe(";")}",
        1 => $"UPDATE {Pick(Tables)} SET {List(3, () => $"{Pick(Columns)} = {Value(depth)}")}{Where(depth)}",
        2 => $"DELETE FROM {Pick(Tables)}{Where(depth)}",
        _ => Select(depth),
    };

    private string Select(int depth)
    {
        string from = depth > 0 && Next(5) == 0 ? $"({Select(depth - 1)})" : Pick(Tables);
        string join = Next(3) == 0 ? $" {Pick(["", "LEFT ", "INNER "])}JOIN {Pick(Tables)}{Alias()} ON {Condition(depth)}" : "";
        string group = Next(4) == 0 ? $" GROUP BY {List(2, () => Pick(Columns))}" : "";
        string order = Next(4) == 0 ? $" ORDER BY {Pick(Columns)} {Pick(["ASC", "desc"])}" : "";
        string limit = Next(4) == 0 ? $" LIMIT {Number()}{Maybe(", " + Number())}" : "";
        string union = depth > 0 && Next(8) == 0 ? $" UNION ALL {Select(depth - 1)}" : "";
        return $"{Pick(["SELECT", "select", "SELECT DISTINCT"])} {List(4, () => Value(depth) + Alias())} FROM {from}{Alias()}{Comment()}{join}{Where(depth)}{group}{order}{limit}{union}";
    }

    private string Where(int depth) => Next(4) == 0 ? "" : $" WHERE {Condition(depth)}{Comment()}";

    private string Condition(int depth)
    {
        if (depth <= 0)
        {
            return $"{Pick(Columns)} {Pick(Comparisons)} {Value(0)}";
        }

        return Next(9) switch
        {
            0 => $"{Pick(Columns)} IN ({List(4, () => Literal())})",
            1 => $"{Pick(Columns)} IN ({Select(depth - 1)})",
            2 => $"({Condition(depth - 1)} {Pick(["AND", "or"])} {Condition(depth - 1)})",
            3 => $"{Condition(depth - 1)} AND {Condition(depth - 1)}",
            4 => $"{Pick(Columns)} BETWEEN {Literal()} AND {Literal()}",
            5 => $"{Pick(Columns)} IS {Pick(["NULL", "NOT NULL", "TRUE"])}",
            6 => $"EXISTS ({Select(depth - 1)})",
            7 => $"{Pick(Columns)} = {Pick(["?", "$1", ":param", "%s", "%(name)s", "@p1"])}",
            _ => $"{Pick(Columns)} {Pick(Comparisons)} {Value(depth - 1)}",
        };
    }

    private string Value(int depth) => Next(depth > 0 ? 8 : 5) switch
    {
        0 or 1 => Literal(),
        2 or 3 => Pick(Columns),
        4 => Pick(["NULL", "true", "FALSE", "?"]),
        5 => $"{Pick(Functions)}({List(2, () => Value(depth - 1))})",
        6 => $"CASE WHEN {Condition(depth - 1)} THEN {Value(depth - 1)} ELSE {Literal()} END",
        _ => $"{Value(depth - 1)} {Pick(["+", "*", "||", "/"])} {Value(depth - 1)}",
    };

    private string Literal()
    {
        if (Next(3) == 0)
        {
            return Number();
        }

        string secret = "secret" + _literals.Count.ToString(CultureInfo.InvariantCulture);
        _literals.Add(secret);
        return Next(7) switch
        {
            0 => $"'it''s {secret}'",
            1 => $"'{secret} (é; -- \"x\")'",
            2 when _hasDollarQuotes => $"$${secret}$$",
            3 when _hasDollarQuotes => $"$tag$ {secret} $ $tag$",
            4 => $"'{secret}'::text",
            _ => $"'{secret}'",
        };
    }

    private string Number()
    {
        string digits = "90" + (100 + _literals.Count).ToString(CultureInfo.InvariantCulture);
        _literals.Add(digits);
        return Next(6) switch
        {
            0 => "-" + digits,
            1 => digits + ".5",
            2 => digits + "e-3",
            3 => "0x" + digits + "ab",
            4 => $"X'{digits}'",
            _ => digits,
        };
    }

    private string Alias() => _hasAliases && Next(4) == 0 ? Pick([" AS total", " as \"Total\"", " AS `t`"]) : "";

    private string Comment()
    {
        if (!_hasComments || Next(5) != 0)
        {
            return "";
        }

        string secret = "secret" + _literals.Count.ToString(CultureInfo.InvariantCulture);
        _literals.Add(secret);
        return Pick([$" /* {secret} ' */", $" -- {secret}\n", $" /*{secret}\n*/"]);
    }

    private string List(int most, Func<string> item) => string.Join(Pick([", ", ","]), Enumerable.Range(0, 1 + Next(most)).Select(_ => item()));

    private string Maybe(string text) => Next(2) == 0 ? text : "";

    private string Pick(string[] choices) => choices[Next(choices.Length)];

    private int Next(int end)
    {
#pragma warning disable CA5394
        return _random.Next(end);
#pragma warning restore CA5394
    }
}
