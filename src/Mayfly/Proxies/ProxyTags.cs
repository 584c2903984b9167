using System.Text;
using Mayfly.Tags;

namespace Mayfly.Proxies;

/// <summary>
/// The tags that proxied requests get beside their own, in the form of header values: their characters are UTF-8 bytes (Latin-1). Immutable.
/// </summary>
/// <remarks>docs/spec/03-traces.md#17-proxied-endpoints: what the client says is added to, never replaced.</remarks>
public sealed class ProxyTags
{
    private readonly string[] _tags;

    /// <summary>Tags of the function and the platform's origin (<c>lambda</c>); both may be empty.</summary>
    public ProxyTags(TagSet functionTags, string origin)
    {
        string[] origins = origin.Length == 0 ? [] : ["_dd.origin:" + origin];
        _tags = [.. functionTags.Items.Select(static tag => HeaderForm(tag.Text)), .. origins];
        Joined = string.Join(',', _tags);
    }

    public static ProxyTags None { get; } = new(TagSet.Empty, "");

    /// <summary>The tags alone.</summary>
    internal string Joined { get; }

    /// <summary>The client's tags, split at <c>,</c> and <c>;</c>, then these, each once.</summary>
    internal string Merge(string? clients)
    {
        string[] theirs = clients?.Split([',', ';'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];
        return theirs.Length == 0 ? Joined : string.Join(',', theirs.Concat(_tags).Distinct(StringComparer.Ordinal));
    }

    /// <summary>Text as the characters of a header; what no header may hold becomes <c>_</c>.</summary>
    internal static string HeaderForm(string text)
    {
        string bytes = Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text));
        return bytes.AsSpan().IndexOfAnyInRange('\0', '\x1f') < 0
            ? bytes
            : string.Create(bytes.Length, bytes, static (form, from) =>
            {
                for (int i = 0; i < form.Length; i++)
                {
                    form[i] = from[i] < ' ' ? '_' : from[i];
                }
            });
    }
}
