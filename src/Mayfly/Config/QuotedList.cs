using System.Text;

namespace Mayfly.Config;

/// <summary>
/// A list separated by commas, an item of which may stand in double quotes and have commas in it then; two quotes are one there. Go's CSV with lazy quotes.
/// </summary>
internal static class QuotedList
{
    /// <summary>The items without the blanks around them; empty ones do not count. Any text is a list.</summary>
    public static IReadOnlyList<string> Read(string text)
    {
        var items = new List<string>();
        for (int at = 0; at < text.Length;)
        {
            at = SkipBlanks(text, at);
            string item = at < text.Length && text[at] == '"' ? ReadQuoted(text, ref at) : ReadPlain(text, ref at);
            if (item.Trim() is { Length: > 0 } trimmed)
            {
                items.Add(trimmed);
            }
        }

        return items;
    }

    private static int SkipBlanks(string text, int at)
    {
        while (at < text.Length && char.IsWhiteSpace(text[at]))
        {
            at++;
        }

        return at;
    }

    private static string ReadPlain(string text, ref int at)
    {
        int comma = text.IndexOf(',', at);
        string item = comma < 0 ? text[at..] : text[at..comma];
        at = comma < 0 ? text.Length : comma + 1;
        return item;
    }

    /// <summary>Ends with a quote before a comma or the end; any other single quote is one of the text.</summary>
    private static string ReadQuoted(string text, ref int at)
    {
        var item = new StringBuilder();
        for (at++; at < text.Length; at++)
        {
            if (text[at] != '"')
            {
                item.Append(text[at]);
                continue;
            }

            int behind = SkipBlanks(text, at + 1);
            if (behind == text.Length || text[behind] == ',')
            {
                at = Math.Min(behind + 1, text.Length);
                return item.ToString();
            }

            item.Append('"');
            at += text[at + 1] == '"' ? 1 : 0;
        }

        return item.ToString();
    }
}
