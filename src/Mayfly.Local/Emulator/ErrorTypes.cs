namespace Mayfly.Local.Emulator;

/// <summary>The form of error types in API headers.</summary>
internal static class ErrorTypes
{
    /// <summary>True if the text contains the prefix followed by a capital letter and at least one more letter.</summary>
    public static bool Matches(string text, string prefix)
    {
        for (int at = text.IndexOf(prefix, StringComparison.Ordinal); at >= 0; at = text.IndexOf(prefix, at + 1, StringComparison.Ordinal))
        {
            int reason = at + prefix.Length;
            if (reason + 1 < text.Length && char.IsAsciiLetterUpper(text[reason]) && char.IsAsciiLetter(text[reason + 1]))
            {
                return true;
            }
        }

        return false;
    }
}
