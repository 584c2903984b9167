using System.Globalization;

namespace Mayfly.Config.Files;

/// <summary>
/// Makes a tree of the first document of a YAML text: what people write into configuration files. Not there, and errors that say so: keys that are lists or
/// maps (<c>? key</c>). Tags are passed over: nothing is made of them.
/// </summary>
/// <remarks>
/// Depth and size are limited, an alias counting as what it stands for, so that a file of a few lines cannot become gigabytes. An anchor is known where its
/// value is complete: no value is inside of itself. docs/decisions/0008-own-yaml-reader.md
/// </remarks>
internal sealed partial class YamlTree
{
    private const int DepthLimit = 64;
    private const int MostProperties = 2;

    private readonly Dictionary<string, ConfigNode> _anchors = [];
    private readonly string _text;
    private readonly long _weightLimit;
    private long _weight;

    private YamlTree(string text, long weightLimit)
    {
        _text = text.TrimStart('\uFEFF').Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        _weightLimit = weightLimit;
    }

    /// <summary>The map at the root; null: the document is empty.</summary>
    /// <param name="text">YAML 1.1 or 1.2.</param>
    /// <param name="weightLimit">Of the whole, see <see cref="ConfigNode.Weight"/>.</param>
    /// <exception cref="FormatException">It is no such text. The message says where and why, as the end of a sentence.</exception>
    public static ConfigNode? Read(string text, long weightLimit) => new YamlTree(text, weightLimit).ReadRoot();

    private ConfigNode? ReadRoot()
    {
        RefuseControlCharacters();
        SkipSeparation();
        while (Column == 0 && Peek() == '%')
        {
            SkipLine();
            SkipSeparation();
        }

        if (IsMarker('-'))
        {
            _at += 3;
        }

        ConfigNode root = ReadNode(parent: -1, depth: 0, canBeBlock: true, canBeListAtParent: false);
        SkipSeparation();
        if (!IsAtEnd)
        {
            throw Wrong("it stands where nothing is expected");
        }

        return root.IsNothing ? null
            : root.Members is not null ? root
            : throw Wrong("it holds no keys with values, such as \"site: datadoghq.com\"", root.Line);
    }

    /// <summary>The value that begins here, or on a later line.</summary>
    /// <param name="parent">Column of the key or dash that it belongs to: on a line of its own it stands further right.</param>
    /// <param name="depth">Lists and maps around it.</param>
    /// <param name="canBeBlock">It may be a list of dashes or a map of lines on this line.</param>
    /// <param name="canBeListAtParent">Dashes may stand right below the key.</param>
    private ConfigNode ReadNode(int parent, int depth, bool canBeBlock, bool canBeListAtParent)
    {
        if (depth > DepthLimit)
        {
            throw Wrong($"values are nested more than {DepthLimit} deep");
        }

        int line = _line;
        string? anchor = null;
        for (int properties = 0; ; properties++)
        {
            int before = _line;
            SkipSeparation();
            bool isOnNewLine = _line > before || parent < 0;
            canBeBlock |= isOnNewLine;
            bool isListAtParent = canBeListAtParent && isOnNewLine && Column == parent && IsDash;
            if (IsAtEnd || (isOnNewLine && Column <= parent && !isListAtParent))
            {
                return Named(anchor, Weighed(ConfigNode.OfNothing(line), line));
            }

            if (Peek() is not ('&' or '!'))
            {
                break;
            }

            RefuseMoreProperties(properties);
            if (canBeBlock && IsPropertyOfKey())
            {
                return ReadMap(depth);
            }

            anchor = ReadProperty() ?? anchor;
        }

        ConfigNode node = canBeBlock && IsDash ? ReadList(depth)
            : canBeBlock && IsKeyAhead() ? ReadMap(depth)
            : ReadInline(parent, depth);
        return Named(anchor, node);
    }

    /// <summary>All that is neither a list of dashes nor a map of lines.</summary>
    private ConfigNode ReadInline(int parent, int depth)
    {
        int line = _line;
        switch (Peek())
        {
            case '|' or '>':
                return Weighed(ConfigNode.OfText(ReadBlockText(parent), line), line);
            case '"' or '\'':
                string quoted = ReadQuoted();
                MustBeEndOfLine();
                return Weighed(ConfigNode.OfText(quoted, line), line);
            case '[' or '{' or '*':
                ConfigNode node = ReadFlow(depth);
                MustBeEndOfLine();
                return node;
            default:
                return OfPlain(ReadPlain(parent), line);
        }
    }

    private ConfigNode ReadList(int depth)
    {
        int column = Column;
        ConfigNode list = Weighed(ConfigNode.OfList(_line), _line);
        do
        {
            _at++;
            list.Add(ReadNode(column, depth + 1, canBeBlock: true, canBeListAtParent: false));
            SkipSeparation();
        }
        while (!IsAtEnd && Column == column && IsDash);
        RefuseDeeper(column);
        return list;
    }

    private ConfigNode ReadMap(int depth)
    {
        int column = Column;
        ConfigNode map = Weighed(ConfigNode.OfMap(_line), _line);
        do
        {
            if (!IsPropertyOfKey() && !IsKeyAhead())
            {
                throw Wrong("a key with a colon and a blank behind it is expected");
            }

            string key = ReadKey();
            _at++;
            Weigh(key.Length, _line);
            map.Add(key, ReadNode(column, depth + 1, canBeBlock: false, canBeListAtParent: true));
            SkipSeparation();
        }
        while (!IsAtEnd && Column == column);
        RefuseDeeper(column);
        return map;
    }

    /// <summary>Up to its colon.</summary>
    private string ReadKey()
    {
        int line = _line;
        string? anchor = null;
        for (int properties = 0; Peek() is '&' or '!'; properties++)
        {
            RefuseMoreProperties(properties);
            anchor = ReadProperty() ?? anchor;
            SkipBlanks();
        }

        string key = Peek() switch
        {
            '"' or '\'' => ReadQuoted(),
            '*' => ReadAlias().Text ?? throw Wrong("a list or a map is no key"),
            _ => ReadPlainKey(),
        };
        SkipBlanks();
        if (anchor is not null)
        {
            Named(anchor, ConfigNode.OfText(key, line));
        }

        return key;
    }

    private ConfigNode ReadAlias()
    {
        int line = _line;
        _at++;
        string name = ReadName();
        return _anchors.TryGetValue(name, out ConfigNode? known)
            ? Weighed(known, line)
            : throw Wrong($"*{name} stands for nothing that is complete above it");
    }

    /// <summary>The name of an anchor; null: it was a tag.</summary>
    private string? ReadProperty()
    {
        bool isAnchor = Peek() == '&';
        _at++;
        string name = ReadName();
        return isAnchor ? name : null;
    }

    /// <summary>A value has one anchor and one tag at most; to look at more would take time that grows with the square of their number.</summary>
    private void RefuseMoreProperties(int properties)
    {
        if (properties == MostProperties)
        {
            throw Wrong("a value has one anchor (&) and one tag (!) at most");
        }
    }

    private ConfigNode Named(string? anchor, ConfigNode node)
    {
        if (anchor is not null)
        {
            _anchors[anchor] = node;
        }

        return node;
    }

    private ConfigNode OfPlain(string text, int line) =>
        Weighed(text is "" or "~" or "null" or "Null" or "NULL" ? ConfigNode.OfNothing(line) : ConfigNode.OfText(text, line), line);

    private ConfigNode Weighed(ConfigNode node, int line)
    {
        Weigh(node.Weight, line);
        return node;
    }

    private void Weigh(long weight, int line)
    {
        _weight += weight;
        if (_weight > _weightLimit)
        {
            throw Wrong("with what its aliases stand for it is too large", line);
        }
    }

    private void RefuseDeeper(int column)
    {
        if (!IsAtEnd && Column > column)
        {
            throw Wrong("it stands further right than what it belongs to, or a value before it has ended");
        }
    }

    private FormatException Wrong(string what) => Wrong(what, _line);

    private static FormatException Wrong(string what, int line) => new(string.Create(CultureInfo.InvariantCulture, $"cannot be parsed in line {line}: {what}"));
}
