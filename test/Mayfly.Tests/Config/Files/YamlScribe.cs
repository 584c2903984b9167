using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Mayfly.Tests.Config.Files;

/// <summary>Writes random values as YAML in a random style each, and says what they are, as JSON of texts.</summary>
internal sealed class YamlScribe(Random random, string[] words)
{
    private static readonly JsonSerializerOptions Json = new();

    private int _keys;

    /// <summary>A map of the root.</summary>
    public string Map(StringBuilder yaml)
    {
        if (random.Next(4) == 0)
        {
            yaml.Append("# a comment\n---\n");
        }

        return BlockMap(yaml, indent: 0, depth: 0);
    }

    private string BlockMap(StringBuilder yaml, int indent, int depth)
    {
        var members = new List<string>();
        for (int count = random.Next(1, 4); count > 0; count--)
        {
            string key = "k" + (_keys++).ToString(CultureInfo.InvariantCulture);
            yaml.Append(' ', members.Count == 0 && yaml.Length > 0 && yaml[^1] == ' ' ? 0 : indent);
            yaml.Append(random.Next(4) switch { 0 => $"\"{key}\"", 1 => $"'{key}'", _ => key }).Append(random.Next(5) == 0 ? " :" : ":");
            members.Add($"{Quote(key)}:{Value(yaml, indent, depth + 1, isInList: false)}");
            Decorate(yaml);
        }

        return "{" + string.Join(',', members) + "}";
    }

    private string BlockList(StringBuilder yaml, int indent, int depth)
    {
        var items = new List<string>();
        for (int count = random.Next(1, 4); count > 0; count--)
        {
            yaml.Append(' ', items.Count == 0 && yaml[^1] == ' ' ? 0 : indent).Append('-');
            items.Add(Value(yaml, indent, depth + 1, isInList: true));
            Decorate(yaml);
        }

        return "[" + string.Join(',', items) + "]";
    }

    /// <summary>Behind a colon or a dash in column <paramref name="indent"/>; ends with its line.</summary>
    private string Value(StringBuilder yaml, int indent, int depth, bool isInList)
    {
        int deeper = indent + random.Next(1, 4);
        switch (depth > 4 ? 6 : random.Next(9))
        {
            case 0:
                yaml.Append(random.Next(2) == 0 ? " # comment\n" : "\n");
                return BlockMap(yaml, deeper, depth);
            case 1:
                yaml.Append('\n');
                return BlockList(yaml, isInList || random.Next(2) == 0 ? deeper : indent, depth);
            case 2 when isInList:
                yaml.Append(' ');
                return BlockMap(yaml, indent + 2, depth);
            case 3 when isInList:
                yaml.Append(' ');
                return BlockList(yaml, indent + 2, depth);
            case 4:
                yaml.Append(' ');
                string flow = Flow(yaml, depth);
                yaml.Append(random.Next(3) == 0 ? " # comment\n" : "\n");
                return flow;
            case 5:
                yaml.Append('\n');
                return "null";
            case 7:
                return BlockText(yaml, indent + 2);
            default:
                yaml.Append(' ');
                string text = Text(yaml);
                yaml.Append(random.Next(5) == 0 ? "  # comment\n" : "\n");
                return text;
        }
    }

    private string BlockText(StringBuilder yaml, int indent)
    {
        string[] lines = [.. Enumerable.Range(0, random.Next(1, 5)).Select(i => i > 0 && random.Next(4) == 0 ? "" : new string(' ', i > 0 ? random.Next(2) : 0) + "w" + i)];
        bool isLiteral = random.Next(2) == 0;
        string ending = random.Next(2) == 0 ? "-" : "";
        yaml.Append(isLiteral ? " |" : " >").Append(ending).Append('\n');
        foreach (string line in lines)
        {
            yaml.Append(' ', line.Length == 0 ? random.Next(indent) : indent).Append(line).Append('\n');
        }

        // How folded texts are read is what the comparison is about: only the other reader says.
        return isLiteral ? Quote(string.Join('\n', lines).TrimEnd('\n') + (ending == "-" ? "" : "\n")) : JsonOf(yaml);
    }

    /// <summary>The last value of all, as the other reader has it.</summary>
    private static string JsonOf(StringBuilder yaml)
    {
        Mayfly.Config.Files.ConfigNode node = YamlOracle.Read(new StringReader(yaml.ToString()), 1_000_000)!;
        while ((node.Items ?? (IReadOnlyList<Mayfly.Config.Files.ConfigNode>?)node.Members?.ConvertAll(static one => one.Value)) is { } inner)
        {
            node = inner[^1];
        }

        return Quote(node.Text ?? "");
    }

    private string Flow(StringBuilder yaml, int depth)
    {
        if (depth > 4 || random.Next(3) == 0)
        {
            return Text(yaml);
        }

        bool isMap = random.Next(2) == 0;
        yaml.Append(isMap ? '{' : '[');
        var parts = new List<string>();
        for (int count = random.Next(4); count > 0; count--)
        {
            yaml.Append(parts.Count > 0 ? random.Next(3) switch { 0 => ",", 1 => ",\n" + new string(' ', 40), _ => ", " } : "");
            string key = isMap ? Quote("k" + (_keys++).ToString(CultureInfo.InvariantCulture)) : "";
            yaml.Append(!isMap ? "" : random.Next(2) == 0 ? key + ":" : key.Trim('"') + ": ");
            parts.Add((isMap ? key + ":" : "") + Flow(yaml, depth + 1));
        }

        yaml.Append(isMap ? '}' : ']');
        return isMap ? "{" + string.Join(',', parts) + "}" : "[" + string.Join(',', parts) + "]";
    }

    private string Text(StringBuilder yaml)
    {
        string word = words[random.Next(words.Length)];
        bool isPlain = word.Length > 0 && word.All(static c => char.IsAsciiLetterOrDigit(c) || c is '.') && word is not ("null" or "true");
        if (isPlain && random.Next(3) > 0)
        {
            yaml.Append(word);
        }
        else if (word.All(static c => c >= ' ' && c != '\u0085') && random.Next(2) == 0)
        {
            yaml.Append('\'').Append(word.Replace("'", "''", StringComparison.Ordinal)).Append('\'');
        }
        else
        {
            yaml.Append('"').Append(Escaped(word)).Append('"');
        }

        return Quote(word);
    }

    private static string Escaped(string word) => string.Concat(word.Select(static c => c switch
    {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\n' => "\\n",
        '\t' => "\\t",
        < ' ' or '\u0085' => $"\\u{(int)c:X4}",
        _ => c.ToString(),
    }));

    private void Decorate(StringBuilder yaml)
    {
        if (random.Next(6) == 0)
        {
            yaml.Append(random.Next(2) == 0 ? "\n" : "# between: [\n");
        }
    }

    private static string Quote(string text) => JsonSerializer.Serialize(text, Json);
}
