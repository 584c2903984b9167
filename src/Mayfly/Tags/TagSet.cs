using System.Text;

namespace Mayfly.Tags;

/// <summary>An immutable, ordered list of <c>key:value</c> tags, kept as UTF-8 as well so that encoders copy bytes.</summary>
public sealed class TagSet
{
    private readonly Tag[] _tags;

    private TagSet(Tag[] tags)
    {
        _tags = tags;
        Joined = string.Join(',', tags.Select(static tag => tag.Text));
    }

    public static TagSet Empty { get; } = new([]);

    public IReadOnlyList<Tag> Items => _tags;

    public int Count => _tags.Length;

    /// <summary><c>k:v,k:v</c>: the form of <c>ddtags</c> and <c>_dd.tags.function</c>.</summary>
    public string Joined { get; }

    /// <summary>As <see cref="Joined"/>, in ordinal order: the same for the same tags, whoever named them first.</summary>
    public string JoinSorted() => string.Join(',', _tags.Select(static tag => tag.Text).Order(StringComparer.Ordinal));

    /// <summary>A set of the pairs in their order; a later pair with the same key replaces the earlier one in place.</summary>
    public static TagSet From(IEnumerable<KeyValuePair<string, string>> pairs)
    {
        var tags = new List<Tag>();
        foreach ((string key, string value) in pairs)
        {
            int known = tags.FindIndex(tag => tag.Key == key);
            var tag = new Tag(key, value);
            if (known >= 0)
            {
                tags[known] = tag;
            }
            else
            {
                tags.Add(tag);
            }
        }

        return tags.Count == 0 ? Empty : new TagSet([.. tags]);
    }

    /// <summary>This set with one tag more, or with that tag's value replaced.</summary>
    public TagSet With(string key, string value) =>
        From(_tags.Select(static tag => KeyValuePair.Create(tag.Key, tag.Value)).Append(KeyValuePair.Create(key, value)));

    /// <summary>This set without the tags of these names.</summary>
    public TagSet Without(IReadOnlyCollection<string> keys) =>
        keys.Count == 0 ? this : From(_tags.Where(tag => !keys.Contains(tag.Key)).Select(static tag => KeyValuePair.Create(tag.Key, tag.Value)));

    /// <summary>The value of <paramref name="key"/>, or null.</summary>
    public string? Find(string key) => Array.Find(_tags, tag => tag.Key == key)?.Value;
}

/// <summary>One tag.</summary>
public sealed class Tag(string key, string value)
{
    public string Key { get; } = key;

    public string Value { get; } = value;

    /// <summary><c>key:value</c>, or the key alone where the value is empty.</summary>
    public string Text { get; } = value.Length == 0 ? key : $"{key}:{value}";

    public byte[] KeyUtf8 { get; } = Encoding.UTF8.GetBytes(key);

    public byte[] ValueUtf8 { get; } = Encoding.UTF8.GetBytes(value);

    /// <summary><see cref="Text"/> as UTF-8.</summary>
    public byte[] TextUtf8 { get; } = Encoding.UTF8.GetBytes(value.Length == 0 ? key : $"{key}:{value}");
}
