namespace Mayfly.Platforms.Lambda.Propagation;

/// <summary>
/// Names and texts in which a trace context may travel: headers of a request, attributes of a message. Names compare without case; of names that differ in case
/// only, the first one counts.
/// </summary>
public sealed class Carrier
{
    private readonly List<KeyValuePair<string, string>> _entries = [];

    public IReadOnlyList<KeyValuePair<string, string>> Entries => _entries;

    public void Add(string name, string value) => _entries.Add(new(name, value));

    /// <summary>Replaces the text under exactly this name, or adds it if there are fewer than <paramref name="limit"/> texts.</summary>
    public void SetWithin(int limit, string name, string value)
    {
        int index = _entries.FindIndex(entry => entry.Key == name);
        if (index >= 0)
        {
            _entries[index] = new(name, value);
        }
        else if (_entries.Count < limit)
        {
            Add(name, value);
        }
    }

    /// <summary>The text under <paramref name="name"/>, or null.</summary>
    public string? Find(string name)
    {
        foreach ((string known, string value) in _entries)
        {
            if (known.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return value;
            }
        }

        return null;
    }
}
