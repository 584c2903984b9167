namespace Mayfly.Platforms.Lambda;

/// <summary>
/// Recognizes the lines with which runtimes say that they ran out of memory (docs/spec/04-metrics-logs.md#c7-out-of-memory-text): substrings, case-sensitive.
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

    private static bool IsAround(ReadOnlySpan<byte> message, int at) =>
        IsAt(message, at, "M"u8, "Error"u8)
        || IsAt(message, at, "OutOfM"u8, "Exception"u8)
        || IsAt(message, at, "fatal error: runtime: out of m"u8, default)
        || IsAt(message, at, "JavaScript heap out of m"u8, default)
        || IsAt(message, at, "failed to allocate m"u8, " (NoMemoryError)"u8);

    /// <summary>Whether <paramref name="before"/>, the common part at <paramref name="at"/>, and <paramref name="after"/> stand there in a row.</summary>
    /// <remarks><c>java.lang.OutOfMemoryError</c> needs no comparison of its own: Python's <c>MemoryError</c> is a part of it.</remarks>
    private static bool IsAt(ReadOnlySpan<byte> message, int at, ReadOnlySpan<byte> before, ReadOnlySpan<byte> after) =>
        message[..at].EndsWith(before) && message[(at + Common.Length)..].StartsWith(after);
}
