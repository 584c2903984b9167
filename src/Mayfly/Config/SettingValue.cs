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
    internal IReadOnlyList<string>? Items() =>
        Node?.Items?.SelectMany(static item => item.Members is { } pairs ? TextsOf(pairs) : [item.Text?.Trim() ?? ""])
            .Where(static text => text.Length > 0)
            .ToList();

    /// <summary>The same, where a map of a file means a list of <c>key:value</c>.</summary>
    internal IReadOnlyList<string>? PairItems() => Node?.Members is { } pairs ? [.. TextsOf(pairs)] : Items();

    private static IEnumerable<string> TextsOf(List<KeyValuePair<string, ConfigNode>> pairs) =>
        pairs.Where(static pair => pair.Value.Text is not null).Select(static pair => $"{pair.Key.Trim()}:{pair.Value.Text!.Trim()}");
}
