using System.Runtime.CompilerServices;

namespace Mayfly.Platforms.Lambda.Triggers.Json;

/// <summary>
/// The members of one object that somebody looked for by <see cref="JsonNames"/>, as ranges of its bytes; of members with one name the last counts.
/// </summary>
/// <remarks><c>default</c> has no members.</remarks>
internal readonly ref struct JsonFields
{
    /// <summary>Most names in one <see cref="JsonNames"/>.</summary>
    public const int Limit = 40;

    /// <summary>Deeper events are not read. The reference stops at 127 levels.</summary>
    public const int DepthLimit = JsonSyntax.DeepestLimit;

    private readonly ReadOnlySpan<byte> _json;
    private readonly JsonNames? _names;
    private readonly Slots _slots;

    private JsonFields(ReadOnlySpan<byte> json, JsonNames names, scoped in Slots slots)
    {
        _json = json;
        _names = names;
        _slots = slots;
    }

    /// <summary>The member called <paramref name="name"/>, which must be one of the names that were looked for.</summary>
    public JsonView this[ReadOnlySpan<byte> name]
    {
        get
        {
            if (_names is null)
            {
                return default;
            }

            Slot slot = _slots[_names.PositionOf(name)];
            return new JsonView(_json.Slice(slot.Start, slot.Length));
        }
    }

    /// <summary>Reads a text that nobody has checked yet, to its end. False: it is no object, no well-formed JSON, or too deep.</summary>
    public static bool TryRead(ReadOnlySpan<byte> json, JsonNames names, out JsonFields fields) => TryReadWithin(DepthLimit, json, names, out fields);

    /// <summary>
    /// The same for a text inside of an event. Nested at most <see cref="JsonSyntax.MaxDepth"/> levels.
    /// </summary>
    public static bool TryReadEmbedded(ReadOnlySpan<byte> json, JsonNames names, out JsonFields fields) =>
        TryReadWithin(JsonSyntax.MaxDepth, json, names, out fields);

    private static bool TryReadWithin(int maxDepth, ReadOnlySpan<byte> json, JsonNames names, out JsonFields fields)
    {
        var view = new JsonView(json.Trim(" \t\r\n"u8));
        bool isObject = view.IsObject && JsonSyntax.IsValid(view.Raw, maxDepth);
        fields = isObject ? Of(view, names) : default;
        return isObject;
    }

    /// <summary>Reads a value that is known to be well-formed; no fields if it is no object.</summary>
    public static JsonFields Of(JsonView view, JsonNames names)
    {
        if (!view.IsObject)
        {
            return default;
        }

        Slots slots = default;
        foreach (JsonMember member in view.Members)
        {
            int index = names.IndexOf(member.RawName);
            if (index >= 0)
            {
                slots[index] = new Slot(member.Start, member.Value.Raw.Length);
            }
        }

        return new JsonFields(view.Raw, names, slots);
    }

    private readonly record struct Slot(int Start, int Length);

    [InlineArray(Limit)]
    private struct Slots
    {
        private Slot _first;
    }
}
