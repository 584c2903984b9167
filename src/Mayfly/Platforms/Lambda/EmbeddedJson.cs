namespace Mayfly.Platforms.Lambda;

/// <summary>Tells texts that cannot be JSON from those worth a closer look.</summary>
internal static class EmbeddedJson
{
    /// <summary>
    /// False if <paramref name="raw"/>, the inside of a JSON string with its escapes, cannot be JSON. It looks at both ends only; an escape there may stand for a quote or a
    /// blank.
    /// </summary>
    public static bool IsLikely(ReadOnlySpan<byte> raw) => !raw.IsEmpty && CanStart(raw[0]) && CanEnd(raw[^1]);

    private static bool CanStart(byte first) => IsDigit(first)
        || first is (byte)'{' or (byte)'[' or (byte)'"' or (byte)'-' or (byte)'t' or (byte)'f' or (byte)'n' or (byte)'\\' or (byte)' ';

    /// <summary>The last characters of escapes for blanks, quotes and brackets are among them (<c>\n</c>, <c>\u000A</c>, <c>\u007d</c>).</summary>
    private static bool CanEnd(byte last) => IsDigit(last)
        || last is (byte)'}' or (byte)']' or (byte)'"' or (byte)'e' or (byte)'l' or (byte)'n' or (byte)'r' or (byte)'t' or (byte)' '
        or (byte)'a' or (byte)'A' or (byte)'d' or (byte)'D';

    private static bool IsDigit(byte value) => value is >= (byte)'0' and <= (byte)'9';
}
