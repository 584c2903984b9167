using System.Globalization;
using System.Text;
using Mayfly.Wire;

namespace Mayfly.Patterns;

/// <summary>What a match is replaced by: text with <c>$1</c>, <c>${1}</c>, <c>${name}</c> for groups and <c>$$</c> for a dollar sign.</summary>
/// <remarks>
/// As Rust and Go read it, not .NET: <c>$1x</c> is the group named <c>1x</c>; a group that does not exist, or took no part in the match, is empty; a dollar
/// sign without a name stands for itself. docs/spec/03-traces.md#37-tag-replacement-dd_apm_replace_tags
/// </remarks>
public sealed class Replacement
{
    private readonly List<(byte[] Text, int Group)> _parts = [];

    private Replacement()
    {
    }

    /// <summary>False: the same text for each match.</summary>
    internal bool NeedsGroups => _parts.Any(static part => part.Group >= 0);

    /// <summary>Reads <paramref name="template"/>, whose names are those of <paramref name="pattern"/>. There is no wrong template.</summary>
    public static Replacement Parse(string template, Pattern pattern)
    {
        var replacement = new Replacement();
        var literal = new StringBuilder();
        for (int at = 0; at < template.Length;)
        {
            if (template[at] == '$' && at + 1 < template.Length && template[at + 1] == '$')
            {
                literal.Append('$');
                at += 2;
            }
            else if (template[at] == '$' && TryReadName(template, at + 1, out ReadOnlySpan<char> name, out int end))
            {
                replacement.AddLiteral(literal);
                replacement._parts.Add(([], GroupOf(name, pattern)));
                at = end;
            }
            else
            {
                literal.Append(template[at++]);
            }
        }

        replacement.AddLiteral(literal);
        return replacement;
    }

    /// <param name="slots">First and end offset of the match and of each group; −1 = none.</param>
    internal void WriteTo(PooledBuffer output, ReadOnlySpan<byte> text, ReadOnlySpan<int> slots)
    {
        foreach ((byte[] literal, int group) in _parts)
        {
            if (group < 0)
            {
                output.Write(literal);
            }
            else if (group * 2 + 1 < slots.Length && slots[group * 2] >= 0)
            {
                output.Write(text[slots[group * 2]..slots[group * 2 + 1]]);
            }
        }
    }

    private static bool TryReadName(string template, int start, out ReadOnlySpan<char> name, out int end)
    {
        if (start < template.Length && template[start] == '{')
        {
            end = template.IndexOf('}', start) + 1;
            name = end > 0 ? template.AsSpan(start + 1, end - start - 2) : "";
            return end > 0;
        }

        end = start;
        while (end < template.Length && (template[end] == '_' || char.IsAsciiLetterOrDigit(template[end])))
        {
            end++;
        }

        name = template.AsSpan(start..end);
        return end > start;
    }

    /// <summary>A group that does not exist has an index that no match has.</summary>
    private static int GroupOf(ReadOnlySpan<char> name, Pattern pattern) =>
        int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int index) ? Math.Min(index, pattern.GroupCount + 1)
            : pattern.FindGroup(name.ToString()) ?? pattern.GroupCount + 1;

    private void AddLiteral(StringBuilder literal)
    {
        if (literal.Length > 0)
        {
            _parts.Add((Encoding.UTF8.GetBytes(literal.ToString()), -1));
            literal.Clear();
        }
    }
}
