namespace Mayfly.Platforms.Lambda.Triggers.Json;

/// <summary>
/// The elements of an array (their names are empty), or the members of an object up to <see cref="ObjectLimit"/>, in document order; nothing for any other
/// value.
/// </summary>
internal ref struct JsonMembers(ReadOnlySpan<byte> json)
{
    /// <summary>Members of one object that are looked at. Nothing that a source knows has more; the largest is a batch of 10,000 Kafka records.</summary>
    public const int ObjectLimit = 10_000;

    private readonly ReadOnlySpan<byte> _json = json;
    private readonly bool _isObject = json is [(byte)'{', ..];
    private int _count;
    private int _at = json is [(byte)'{', ..] or [(byte)'[', ..] ? 1 : json.Length;

    public JsonMember Current { get; private set; }

    public readonly JsonMembers GetEnumerator() => this;

    public bool MoveNext()
    {
        int at = JsonScan.SkipBlanks(_json, _at);
        if (at < _json.Length && _json[at] == ',')
        {
            at = JsonScan.SkipBlanks(_json, at + 1);
        }

        if (at >= _json.Length || _json[at] is (byte)'}' or (byte)']' || (_isObject && _count++ == ObjectLimit))
        {
            _at = _json.Length;
            return false;
        }

        ReadOnlySpan<byte> name = default;
        if (_isObject)
        {
            int nameEnd = JsonScan.SkipValue(_json, at);
            name = _json[(at + 1)..(nameEnd - 1)];
            int colon = JsonScan.SkipBlanks(_json, nameEnd);
            at = JsonScan.SkipBlanks(_json, colon + 1);
        }

        _at = JsonScan.SkipValue(_json, at);
        Current = new JsonMember(name, new JsonView(_json[at.._at]), at);
        return true;
    }
}

/// <summary>One member or element of a <see cref="JsonView"/>.</summary>
/// <param name="rawName">Between its quotes, escapes and all.</param>
/// <param name="start">Where the value starts within its container.</param>
internal readonly ref struct JsonMember(ReadOnlySpan<byte> rawName, JsonView value, int start)
{
    public ReadOnlySpan<byte> RawName { get; } = rawName;

    public JsonView Value { get; } = value;

    public int Start { get; } = start;

    /// <summary>True for <paramref name="name"/>, however it is escaped.</summary>
    public bool Is(ReadOnlySpan<byte> name) => JsonText.Equals(RawName, name);

    /// <summary>The name in lower case; null if it is unreasonably long.</summary>
    public string? LowerName => JsonText.ToText(RawName)?.ToLowerInvariant();
}
