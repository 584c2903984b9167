namespace Mayfly.Config.Files;

/// <content>Lists in square brackets and maps in braces.</content>
internal sealed partial class YamlTree
{
    private ConfigNode ReadFlow(int depth)
    {
        if (depth > DepthLimit)
        {
            throw Wrong($"values are nested more than {DepthLimit} deep");
        }

        int line = _line;
        string? anchor = null;
        while (Peek() is '&' or '!')
        {
            anchor = ReadProperty() ?? anchor;
            SkipSeparation();
        }

        ConfigNode node = Peek() switch
        {
            '[' => ReadFlowList(depth),
            '{' => ReadFlowMap(depth),
            '*' => ReadAlias(),
            '"' or '\'' => Weighed(ConfigNode.OfText(ReadQuoted(), line), line),
            _ => OfPlain(ReadFlowPlain(), line),
        };
        return Named(anchor, node);
    }

    private ConfigNode ReadFlowList(int depth)
    {
        ConfigNode list = Weighed(ConfigNode.OfList(_line), _line);
        _at++;
        while (!IsFlowEnd(']'))
        {
            int line = _line;
            ConfigNode item = ReadFlow(depth + 1);
            SkipSeparation();
            if (IsFlowColon(item))
            {
                ConfigNode pair = Weighed(ConfigNode.OfMap(line), line);
                AddFlowValue(pair, item, depth);
                item = pair;
            }

            list.Add(item);
            TakeComma(']');
        }

        _at++;
        return list;
    }

    private ConfigNode ReadFlowMap(int depth)
    {
        ConfigNode map = Weighed(ConfigNode.OfMap(_line), _line);
        _at++;
        while (!IsFlowEnd('}'))
        {
            ConfigNode key = ReadFlow(depth + 1);
            SkipSeparation();
            if (IsFlowColon(key))
            {
                AddFlowValue(map, key, depth);
            }
            else
            {
                Add(map, key, Weighed(ConfigNode.OfNothing(key.Line), key.Line));
            }

            TakeComma('}');
        }

        _at++;
        return map;
    }

    private bool IsFlowEnd(char end)
    {
        SkipSeparation();
        if (IsAtEnd)
        {
            throw Wrong($"{end} is missing");
        }

        return Peek() == end;
    }

    /// <summary>Behind what is in quotes or brackets a colon needs no blank, as in JSON.</summary>
    private bool IsFlowColon(ConfigNode key) =>
        Peek() == ':' && (IsBlankOrEnd(Peek(1)) || IsFlowSign(Peek(1)) || key.Text is null || _text[_at - 1] is '"' or '\'');

    private void AddFlowValue(ConfigNode map, ConfigNode key, int depth)
    {
        _at++;
        SkipSeparation();
        ConfigNode value = Peek() is ',' or ']' or '}' ? Weighed(ConfigNode.OfNothing(_line), _line) : ReadFlow(depth + 1);
        SkipSeparation();
        Add(map, key, value);
    }

    /// <summary>A list or a map as a key names no setting.</summary>
    private static void Add(ConfigNode map, ConfigNode key, ConfigNode value)
    {
        if (key.Text is { } name)
        {
            map.Add(name, value);
        }
    }

    private void TakeComma(char end)
    {
        SkipSeparation();
        if (Peek() == ',')
        {
            _at++;
        }
        else if (Peek() != end)
        {
            throw Wrong($"a comma or {end} is expected");
        }
    }
}
