using System.Globalization;

namespace Mayfly.Metrics;

/// <summary>
/// Reads a finite decimal number: sign, digits, point, exponent. <c>nan</c>, <c>inf</c>, hexadecimal, blanks and anything that rounds to infinity are refused.
/// </summary>
internal static class DecimalNumber
{
    /// <summary>An integer of that many digits and a power of ten of that size are both exact as double, so one division rounds correctly.</summary>
    private const int ExactDigits = 15;

    private static readonly double[] PowersOfTen = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

    public static bool TryParse(ReadOnlySpan<byte> text, out double value)
    {
        int at = text is [(byte)'-' or (byte)'+', ..] ? 1 : 0;
        long mantissa = 0;
        int digits = 0;
        int pointAt = -1;
        for (; at < text.Length; at++)
        {
            uint digit = text[at] - (uint)'0';
            if (digit <= 9)
            {
                mantissa = mantissa * 10 + digit;
                if (++digits > ExactDigits)
                {
                    return TryParseSlow(text, out value);
                }
            }
            else if (text[at] == '.' && pointAt < 0)
            {
                pointAt = digits;
            }
            else
            {
                return TryParseSlow(text, out value);
            }
        }

        if (digits == 0)
        {
            value = 0;
            return false;
        }

        double magnitude = pointAt < 0 ? mantissa : mantissa / PowersOfTen[digits - pointAt];
        value = text[0] == '-' ? -magnitude : magnitude;
        return true;
    }

    private static bool TryParseSlow(ReadOnlySpan<byte> text, out double value)
    {
        // The framework's parser also takes words for infinity and trailing zero bytes.
        if (text.ContainsAnyExcept("0123456789+-.eE"u8))
        {
            value = 0;
            return false;
        }

        const NumberStyles Style = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        return double.TryParse(text, Style, NumberFormatInfo.InvariantInfo, out value) && double.IsFinite(value);
    }
}
