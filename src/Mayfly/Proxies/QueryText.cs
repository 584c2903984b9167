using System.Globalization;
using System.Text;

namespace Mayfly.Proxies;

/// <summary>Changes of one parameter in a query; the others stay as the client wrote them, byte by byte.</summary>
internal static class QueryText
{
    private const string Unreserved = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:,/";

    /// <summary>The value of the first parameter of this name, unescaped to characters that are bytes; null: there is none.</summary>
    public static string? Find(string query, string name)
    {
        string? pair = Array.Find(Pairs(query), pair => IsNamed(pair, name));
        return pair is null ? null : Unescape(pair.AsSpan(Math.Min(name.Length + 1, pair.Length)));
    }

    /// <summary>The query with this parameter at its end, and nowhere else. The characters of <paramref name="value"/> are bytes.</summary>
    public static string With(string query, string name, string value)
    {
        IEnumerable<string> others = Pairs(query).Where(pair => !IsNamed(pair, name));
        return "?" + string.Join('&', others.Append($"{name}={Escape(value)}"));
    }

    /// <summary>At most <paramref name="most"/> bytes of a text in UTF-8, cut between two characters.</summary>
    public static string Cut(string bytes, int most)
    {
        int end = Math.Min(bytes.Length, most);
        while (end < bytes.Length && end > 0 && (bytes[end] & 0xc0) == 0x80)
        {
            end--;
        }

        return bytes[..end];
    }

    private static string[] Pairs(string query) => query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries);

    private static bool IsNamed(string pair, string name) =>
        pair.StartsWith(name, StringComparison.Ordinal) && (pair.Length == name.Length || pair[name.Length] == '=');

    private static string Escape(string bytes)
    {
        var text = new StringBuilder(bytes.Length * 2);
        foreach (char one in bytes)
        {
            if (Unreserved.Contains(one, StringComparison.Ordinal))
            {
                text.Append(one);
            }
            else
            {
                text.Append(CultureInfo.InvariantCulture, $"%{(int)one:X2}");
            }
        }

        return text.ToString();
    }

    private static string Unescape(ReadOnlySpan<char> escaped)
    {
        var text = new StringBuilder(escaped.Length);
        for (int i = 0; i < escaped.Length; i++)
        {
            if (escaped[i] == '%' && i + 2 < escaped.Length
                && byte.TryParse(escaped.Slice(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte code))
            {
                text.Append((char)code);
                i += 2;
            }
            else
            {
                text.Append(escaped[i] == '+' ? ' ' : escaped[i]);
            }
        }

        return text.ToString();
    }
}
