namespace Mayfly.Platforms.Lambda.Propagation;

/// <summary>The tags of a context while it is put together: in order of arrival, each key once, the last value wins.</summary>
internal sealed class ContextTags
{
    private readonly List<KeyValuePair<string, string>> _tags = [];

    public int Count => _tags.Count;

    public string? Find(string key)
    {
        int index = IndexOf(key);
        return index < 0 ? null : _tags[index].Value;
    }

    public void Set(string key, string value)
    {
        int index = IndexOf(key);
        if (index < 0)
        {
            _tags.Add(new(key, value));
        }
        else
        {
            _tags[index] = new(key, value);
        }
    }

    /// <summary>False if the key is there already.</summary>
    public bool TryAdd(string key, string value)
    {
        bool isNew = IndexOf(key) < 0;
        if (isNew)
        {
            _tags.Add(new(key, value));
        }

        return isNew;
    }

    public void Remove(string key)
    {
        int index = IndexOf(key);
        if (index >= 0)
        {
            _tags.RemoveAt(index);
        }
    }

    public IReadOnlyList<KeyValuePair<string, string>> ToList() => _tags.Count == 0 ? [] : [.. _tags];

    private int IndexOf(string key)
    {
        for (int i = 0; i < _tags.Count; i++)
        {
            if (_tags[i].Key == key)
            {
                return i;
            }
        }

        return -1;
    }
}
