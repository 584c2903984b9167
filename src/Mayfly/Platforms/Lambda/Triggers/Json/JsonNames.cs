using System.Diagnostics;
using System.Text;

namespace Mayfly.Platforms.Lambda.Triggers.Json;

/// <summary>The member names that a reader looks for in an object, at most <see cref="JsonFields.Limit"/>.</summary>
internal sealed class JsonNames
{
    private readonly byte[][] _names;

    public JsonNames(params string[] names)
    {
        Debug.Assert(names.Length <= JsonFields.Limit);
        _names = [.. names.Select(Encoding.UTF8.GetBytes)];
    }

    public int Count => _names.Length;

    /// <summary>−1: not looked for.</summary>
    /// <param name="rawName">Between its quotes, escapes and all.</param>
    public int IndexOf(ReadOnlySpan<byte> rawName)
    {
        return rawName.Contains((byte)'\\') ? IndexOfEscaped(rawName) : IndexOfPlain(rawName);
    }

    /// <summary>The position of a name that the program itself wrote.</summary>
    public int PositionOf(ReadOnlySpan<byte> name)
    {
        int index = IndexOfPlain(name);
        return index >= 0
            ? index
            : throw new ArgumentException($"'{Encoding.UTF8.GetString(name)}' is not among the names that were looked for.", nameof(name));
    }

    private int IndexOfPlain(ReadOnlySpan<byte> name)
    {
        for (int i = 0; i < _names.Length; i++)
        {
            if (name.SequenceEqual(_names[i]))
            {
                return i;
            }
        }

        return -1;
    }

    private int IndexOfEscaped(ReadOnlySpan<byte> rawName)
    {
        for (int i = 0; i < _names.Length; i++)
        {
            if (JsonText.Equals(rawName, _names[i]))
            {
                return i;
            }
        }

        return -1;
    }
}
