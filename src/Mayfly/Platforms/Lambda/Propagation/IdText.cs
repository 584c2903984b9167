using System.Buffers;
using System.Globalization;

namespace Mayfly.Platforms.Lambda.Propagation;

/// <summary>Ids and priorities as texts. Blanks are never accepted, nor is the trailing NUL that the framework's parsers let pass.</summary>
internal static class IdText
{
    private const string Digits = "0123456789";

    private static readonly SearchValues<char> Hex = SearchValues.Create(Digits + "abcdefABCDEF");
    private static readonly SearchValues<char> LowerHex = SearchValues.Create(Digits + "abcdef");

    /// <summary>An unsigned 64-bit decimal number, with or without a leading <c>+</c>; 0 for anything else.</summary>
    public static ulong ParseDecimal(ReadOnlySpan<char> text)
    {
        ReadOnlySpan<char> digits = text.StartsWith('+') ? text[1..] : text;
        return !digits.ContainsAnyExceptInRange('0', '9') && ulong.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out ulong id) ? id : 0;
    }

    /// <summary>A signed 8-bit decimal number.</summary>
    public static int? ParsePriority(ReadOnlySpan<char> text) =>
        !text.Contains('\0') && sbyte.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out sbyte priority) ? priority : null;

    /// <summary>1 to 16 hex digits of either case.</summary>
    public static bool TryParseHex(ReadOnlySpan<char> text, out ulong id)
    {
        id = 0;
        return text.Length is >= 1 and <= 16 && IsHex(text) && ulong.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out id);
    }

    /// <summary>1 to 32 hex digits of either case: a 64-bit or a 128-bit trace id.</summary>
    public static bool TryParseHex128(ReadOnlySpan<char> text, out ulong high, out ulong low)
    {
        high = 0;
        return text.Length <= 16
            ? TryParseHex(text, out low)
            : TryParseHex(text[^16..], out low) && TryParseHex(text[..^16], out high);
    }

    public static bool IsHex(ReadOnlySpan<char> text) => !text.ContainsAnyExcept(Hex);

    public static bool IsLowerHex(ReadOnlySpan<char> text) => !text.ContainsAnyExcept(LowerHex);

    /// <summary>16 lower-case hex digits.</summary>
    public static string ToHex(ulong id) => id.ToString("x16", CultureInfo.InvariantCulture);
}
