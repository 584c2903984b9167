using System.Buffers.Text;
using Mayfly.Wire;

namespace Mayfly.Platforms.Lambda.Triggers.Json;

/// <summary>
/// One value of a JSON text that <see cref="JsonFields.TryRead"/> has accepted, as the range of bytes it occupies. <c>default</c> is the value that is not
/// there:
/// it has no text, no number, no members.
/// </summary>
/// <remarks>Nothing is built and nothing throws; each look-up scans the value once.</remarks>
internal readonly ref struct JsonView(ReadOnlySpan<byte> json)
{
    /// <summary>From the first to the last byte of the value.</summary>
    public ReadOnlySpan<byte> Raw { get; } = json;

    /// <summary>True even for <c>null</c>.</summary>
    public bool IsPresent => !Raw.IsEmpty;

    public bool IsNull => Raw is [(byte)'n', ..];

    public bool IsObject => Raw is [(byte)'{', ..];

    public bool IsArray => Raw is [(byte)'[', ..];

    public bool IsString => Raw is [(byte)'"', ..];

    public bool IsNumber => Raw is [(byte)'-' or (>= (byte)'0' and <= (byte)'9'), ..];

    /// <summary>The inside of a string, escapes and all; empty for any other value.</summary>
    public ReadOnlySpan<byte> RawText => IsString ? Raw[1..^1] : default;

    /// <summary>A string's text; null for any other value and for a text that is too long to be kept.</summary>
    public string? Text => IsString ? JsonText.ToText(RawText) : null;

    /// <summary>A string's text, or the JSON of a number or a truth value; null for any other value.</summary>
    public string? ScalarText => IsNumber || Raw is [(byte)'t' or (byte)'f', ..] ? JsonText.ToText(Raw) : Text;

    /// <summary>The digits of a whole number that fits into 64 bits; null for any other value.</summary>
    public string? IntegerText => TryGetInt64(out _) ? JsonText.ToText(Raw) : null;

    /// <summary>Members of an object, elements of an array.</summary>
    public JsonMembers Members => new(Raw);

    /// <summary>The first element of an array or the first value of an object.</summary>
    public JsonView First
    {
        get
        {
            JsonMembers members = Members;
            return members.MoveNext() ? members.Current.Value : default;
        }
    }

    /// <summary>The member called <paramref name="name"/>; of several the last.</summary>
    public JsonView Get(ReadOnlySpan<byte> name)
    {
        JsonView found = default;
        if (IsObject)
        {
            foreach (JsonMember member in Members)
            {
                if (member.Is(name))
                {
                    found = member.Value;
                }
            }
        }

        return found;
    }

    /// <summary>The members called <paramref name="names"/>, found in one scan; nothing if this is no object.</summary>
    public JsonFields Fields(JsonNames names) => JsonFields.Of(this, names);

    public bool TextIs(ReadOnlySpan<byte> text) => IsString && JsonText.Equals(RawText, text);

    public bool TryGetInt64(out long value)
    {
        if (IsNumber && Utf8Parser.TryParse(Raw, out value, out int consumed) && consumed == Raw.Length)
        {
            return true;
        }

        value = 0;
        return false;
    }

    /// <summary>Appends a string's text to <paramref name="buffer"/>; nothing for any other value.</summary>
    public void CopyTextTo(PooledBuffer buffer) => JsonText.CopyTo(RawText, buffer);
}
