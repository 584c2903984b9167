namespace Mayfly.Platforms.Lambda;

/// <summary>
/// Recognizes the lines with which runtimes say that they ran out of memory (docs/spec/04-metrics-logs.md#c7-out-of-memory-text): substrings, case-sensitive;
/// those that end in <c>MemoryError</c> only where a word ends.
/// </summary>
/// <remarks>
/// Linear in the length of the line. Six of the seven texts contain <c>emory</c>, which few lines do: only there is anything compared.
/// All are ASCII without characters that JSON escapes, so a message in JSON form is searched as it is.
/// </remarks>
public static class OutOfMemoryText
{
    private static ReadOnlySpan<byte> Killed => "Runtime exited with error: signal: killed"u8;

    private static ReadOnlySpan<byte> Common => "emory"u8;

    /// <summary>Whether <paramref name="message"/>, UTF-8 or anything else, contains one of the texts.</summary>
    public static bool IsIn(ReadOnlySpan<byte> message)
    {
        for (int at = message.IndexOf(Common), next; at >= 0; at = next < 0 ? -1 : at + Common.Length + next)
        {
            if (IsAround(message, at))
            {
                return true;
            }

            next = message[(at + Common.Length)..].IndexOf(Common);
        }

        return message.IndexOf(Killed) >= 0;
    }

    /// <summary><c>MemoryError</c> at the end of a word: <c>MemoryErrorHandler</c> is a name that a user gave.</summary>
    /// <remarks>
    /// Not at its beginning: <c>_ArrayMemoryError</c> and <c>java.lang.OutOfMemoryError</c> are meant as well, the latter without a comparison of its own.
    /// </remarks>
    private static bool IsPythons(ReadOnlySpan<byte> message, int at)
    {
        if (!IsAt(message, at, "M"u8, "Error"u8))
        {
            return false;
        }

        ReadOnlySpan<byte> rest = message[(at + "emoryError"u8.Length)..];
        return rest.IsEmpty || !(char.IsAsciiLetterOrDigit((char)rest[0]) || rest[0] == '_');
    }

    private static bool IsAround(ReadOnlySpan<byte> message, int at) =>
        IsPythons(message, at)
        || IsAt(message, at, "OutOfM"u8, "Exception"u8)
        || IsAt(message, at, "fatal error: runtime: out of m"u8, default)
        || IsAt(message, at, "JavaScript heap out of m"u8, default)
        || IsAt(message, at, "failed to allocate m"u8, " (NoMemoryError)"u8);

    /// <summary>Whether <paramref name="before"/>, the common part at <paramref name="at"/>, and <paramref name="after"/> stand there in a row.</summary>
    private static bool IsAt(ReadOnlySpan<byte> message, int at, ReadOnlySpan<byte> before, ReadOnlySpan<byte> after) =>
        message[..at].EndsWith(before) && message[(at + Common.Length)..].StartsWith(after);
}
