using System.Globalization;
using Mayfly.Config.Files;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Mayfly.Tests.Config.Files;

/// <summary>
/// Makes a tree of the first document of a YAML text. Only the parser's events are used: nothing here needs reflection, and nothing is made of tags.
/// </summary>
/// <remarks>
/// Depth and size are limited, an alias counting as what it stands for, so that a file of a few lines cannot become gigabytes. An anchor is known where its
/// value is complete: no value is inside of itself.
/// </remarks>
internal sealed class YamlOracle
{
    private const int DepthLimit = 64;

    private readonly Parser _parser;
    private readonly Dictionary<string, ConfigNode> _anchors = [];
    private readonly long _weightLimit;
    private long _weight;

    private YamlOracle(TextReader text, long weightLimit)
    {
        _parser = new Parser(new Scanner(text, skipComments: true));
        _weightLimit = weightLimit;
    }

    /// <summary>The map at the root; null: the document is empty.</summary>
    /// <param name="text">YAML 1.1 or 1.2.</param>
    /// <param name="weightLimit">Of the whole, see <see cref="ConfigNode.Weight"/>.</param>
    /// <exception cref="FormatException">It is no such text. The message says where and why, as the end of a sentence.</exception>
    public static ConfigNode? Read(TextReader text, long weightLimit)
    {
        try
        {
            return new YamlOracle(text, weightLimit).ReadRoot();
        }
        catch (YamlException e)
        {
            throw new FormatException(Sentence(e.End.Line, e.InnerException?.Message ?? e.Message), e);
        }
        catch (Exception e) when (e is not (FormatException or IOException))
        {
            // The parser's own bounds: a text that no one writes, and no reason to stop.
            throw new FormatException($"cannot be parsed ({e.GetType().Name})", e);
        }
    }

    private static string Sentence(long line, string what) =>
        string.Create(CultureInfo.InvariantCulture, $"cannot be parsed in line {line}: {what.TrimEnd('.', ' ')}");

    private ConfigNode? ReadRoot()
    {
        while (_parser.MoveNext())
        {
            if (_parser.Current is not (StreamStart or DocumentStart))
            {
                break;
            }
        }

        if (_parser.Current is null or StreamEnd or DocumentEnd)
        {
            return null;
        }

        ConfigNode root = ReadNode(depth: 0);
        if (root.Members is null && !root.IsNothing)
        {
            throw new FormatException(Sentence(root.Line, "it holds no keys with values, such as \"site: datadoghq.com\""));
        }

        return root.IsNothing ? null : root;
    }

    /// <summary>The value at the current event; afterwards its last event is the current one.</summary>
    private ConfigNode ReadNode(int depth)
    {
        ParsingEvent start = _parser.Current!;
        int line = (int)start.Start.Line;
        if (depth > DepthLimit)
        {
            throw new FormatException(Sentence(line, $"values are nested more than {DepthLimit} deep"));
        }

        if (start is AnchorAlias alias)
        {
            return ReadAlias(alias, line);
        }

        ConfigNode node = start switch
        {
            Scalar scalar => Weighed(OfScalar(scalar, line), line),
            SequenceStart => ReadList(depth, line),
            MappingStart => ReadMap(depth, line),
            _ => throw new FormatException(Sentence(line, "a value is expected")),
        };
        if (start is NodeEvent { Anchor: { IsEmpty: false } anchor })
        {
            _anchors[anchor.Value] = node;
        }

        return node;
    }

    private ConfigNode ReadAlias(AnchorAlias alias, int line) => _anchors.TryGetValue(alias.Value.Value, out ConfigNode? known)
        ? Weighed(known, line)
        : throw new FormatException(Sentence(line, $"*{alias.Value.Value} stands for nothing that is complete above it"));

    private ConfigNode ReadList(int depth, int line)
    {
        ConfigNode list = Weighed(ConfigNode.OfList(line), line);
        while (_parser.MoveNext() && _parser.Current is not SequenceEnd)
        {
            list.Add(ReadNode(depth + 1));
        }

        return list;
    }

    private ConfigNode ReadMap(int depth, int line)
    {
        ConfigNode map = Weighed(ConfigNode.OfMap(line), line);
        while (_parser.MoveNext() && _parser.Current is not MappingEnd)
        {
            ConfigNode key = ReadNode(depth + 1);
            _parser.MoveNext();
            ConfigNode value = ReadNode(depth + 1);

            // A list or a map as a key names no setting.
            if (key.Text is { } name)
            {
                map.Add(name, value);
            }
        }

        return map;
    }

    private ConfigNode Weighed(ConfigNode node, int line)
    {
        _weight += node.Weight;
        return _weight <= _weightLimit
            ? node
            : throw new FormatException(Sentence(line, "with what its aliases stand for it is too large"));
    }

    private static ConfigNode OfScalar(Scalar scalar, int line)
    {
        bool isNothing = scalar.Style == ScalarStyle.Plain && scalar.Value is "" or "~" or "null" or "Null" or "NULL";
        return isNothing ? ConfigNode.OfNothing(line) : ConfigNode.OfText(scalar.Value, line);
    }
}
