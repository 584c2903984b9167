using System.Buffers;
using System.Text;

namespace Mayfly.Platforms.Lambda.Triggers;

/// <summary>
/// A request path with its identifiers replaced by placeholders: <c>/users/12/friends</c> → <c>/users/{user_id}/friends</c>
/// (docs/spec/02-triggers.md#33-parameterized-resource-endpoint-grouping).
/// </summary>
/// <remarks>
/// The odd placeholders of the reference (<c>{addre_id}</c>, <c>{12_id}</c>) stay: resources are what dashboards and monitors group by. The empty path becomes
/// <c>/</c>.
/// </remarks>
public static class ParameterizedPath
{
    private const int UlidLength = 26;
    private const int UuidLength = 36;

    private static readonly SearchValues<char> NoUlid = SearchValues.Create("ILOU");

    public static string Of(string path)
    {
        if (path.Contains('{', StringComparison.Ordinal) && path.Contains('}', StringComparison.Ordinal))
        {
            return path;
        }

        var result = new StringBuilder(path.Length + 16);
        int firstSlash = path.IndexOf('/', StringComparison.Ordinal);
        ReadOnlySpan<char> rest = firstSlash < 0 ? [] : path.AsSpan(firstSlash + 1);
        ReadOnlySpan<char> previous = default;
        foreach (Range range in rest.Split('/'))
        {
            ReadOnlySpan<char> part = rest[range];
            if (!part.IsEmpty)
            {
                result.Append('/');
                Append(result, part, previous);
            }

            previous = part;
        }

        return result.Length == 0 ? "/" : result.ToString();
    }

    /// <param name="previous">The part before, as it stood in the path; empty for the first one.</param>
    private static void Append(StringBuilder result, ReadOnlySpan<char> part, ReadOnlySpan<char> previous)
    {
        if (!IsIdentifier(part))
        {
            result.Append(part);
            return;
        }

        ReadOnlySpan<char> word = previous.TrimEnd('s');
        if (previous.IsEmpty || word is "id")
        {
            result.Append("{id}");
            return;
        }

        result.Append('{').Append(word).Append("_id}");
    }

    private static bool IsIdentifier(ReadOnlySpan<char> part) =>
        !part.ContainsAnyExceptInRange('0', '9') || ContainsUlid(part) || ContainsUuid(part);

    /// <summary>26 characters in a row of Crockford's alphabet, upper case.</summary>
    private static bool ContainsUlid(ReadOnlySpan<char> part)
    {
        int run = 0;
        foreach (char c in part)
        {
            run = (char.IsAsciiDigit(c) || char.IsAsciiLetterUpper(c)) && !NoUlid.Contains(c) ? run + 1 : 0;
            if (run == UlidLength)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>8-4-4-4-12 hex digits.</summary>
    private static bool ContainsUuid(ReadOnlySpan<char> part)
    {
        for (int start = 0; start + UuidLength <= part.Length; start++)
        {
            if (IsUuid(part.Slice(start, UuidLength)))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsUuid(ReadOnlySpan<char> text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            bool fits = i is 8 or 13 or 18 or 23 ? text[i] == '-' : char.IsAsciiHexDigit(text[i]);
            if (!fits)
            {
                return false;
            }
        }

        return true;
    }
}
