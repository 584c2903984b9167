using Mayfly.Config.Files;

namespace Mayfly.Config;

/// <summary>What one source says about a key.</summary>
public readonly struct SettingValue
{
    private readonly string? _text;
    private readonly ConfigFile.Entry? _entry;

    /// <summary>Of a variable.</summary>
    internal SettingValue(string variable, string text)
    {
        Title = variable;
        _text = text;
    }

    /// <summary>Of a file.</summary>
    internal SettingValue(ConfigFile.Entry entry)
    {
        Title = entry.Title;
        _entry = entry;
        _text = entry.Node.Text;
    }

    /// <summary>For people: the variable, or the key with its place in the file.</summary>
    public string Title { get; }

    /// <summary>A list or a map, which only a file can hold.</summary>
    public bool IsStructured => _text is null;

    /// <summary>Exactly as it is set; a list or map as JSON of texts.</summary>
    public string Text => _text ?? _entry!.Node.ToJson();

    /// <summary>Null for a variable.</summary>
    internal ConfigNode? Node => _entry?.Node;

    internal bool IsBlank => _text is not null && string.IsNullOrWhiteSpace(_text);

    internal bool IsMap => Node?.Members is not null;

    internal bool IsFromFile => _entry is not null;

    /// <summary>The texts of a list of a file; null: it is none. An item written as <c>- key: value</c> is the text <c>key:value</c>.</summary>
    /// <param name="wrong">Gets the places of items that are no texts.</param>
    internal IReadOnlyList<string>? Items(List<string> wrong)
    {
        if (Node?.Items is not { } items)
        {
            return null;
        }

        var texts = new List<string>();
        for (int i = 0; i < items.Count; i++)
        {
            string place = JsonTexts.PlaceOf(i);
            if (items[i].Members is { } pairs)
            {
                Take(pairs, place, texts, wrong);
            }
            else if (items[i].Items is not null)
            {
                wrong.Add(place);
            }
            else if (items[i].Text?.Trim() is { Length: > 0 } text)
            {
                texts.Add(text);
            }
        }

        return texts;
    }

    /// <summary>The same, where a map of a file means a list of <c>key:value</c>.</summary>
    internal IReadOnlyList<string>? PairItems(List<string> wrong)
    {
        if (Node?.Members is not { } pairs)
        {
            return Items(wrong);
        }

        var texts = new List<string>();
        Take(pairs, place: null, texts, wrong);
        return texts;
    }

    /// <param name="place">Null: each key is a place of its own.</param>
    private static void Take(List<KeyValuePair<string, ConfigNode>> pairs, string? place, List<string> texts, List<string> wrong)
    {
        foreach ((string key, ConfigNode value) in pairs)
        {
            if (value.Text is { } text)
            {
                texts.Add($"{key.Trim()}:{text.Trim()}");
            }
            else if (!value.IsNothing)
            {
                wrong.Add(place ?? key);
            }
        }
    }
}
