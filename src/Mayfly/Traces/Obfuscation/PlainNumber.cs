using System.Globalization;

namespace Mayfly.Traces.Obfuscation;

/// <summary>Numbers as the text that a replacement rule sees: all digits, never an exponent.</summary>
internal static class PlainNumber
{
    /// <summary>Room for any number: the smallest double has 323 zeros before its digits.</summary>
    public const int LongestBytes = 352;

    private const NumberStyles Decimal = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;

    /// <summary>Writes a finite number in the fewest digits that read back the same.</summary>
    /// <param name="text">At least <see cref="LongestBytes"/>.</param>
    public static ReadOnlySpan<byte> Format(double value, Span<byte> text)
    {
        Span<byte> shortest = stackalloc byte[32];
        value.TryFormat(shortest, out int length, "R", CultureInfo.InvariantCulture);
        ReadOnlySpan<byte> number = shortest[..length];
        int exponentAt = number.IndexOf((byte)'E');
        if (exponentAt < 0)
        {
            number.CopyTo(text);
            return text[..length];
        }

        int exponent = int.Parse(number[(exponentAt + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        return text[..Expand(number[..exponentAt], exponent, text)];
    }

    /// <summary>Writes an integer.</summary>
    public static ReadOnlySpan<byte> Format(long value, Span<byte> text)
    {
        value.TryFormat(text, out int length, provider: CultureInfo.InvariantCulture);
        return text[..length];
    }

    /// <summary>The finite number that the whole of a text is.</summary>
    public static bool TryRead(ReadOnlySpan<byte> text, out double value) =>
        double.TryParse(text, Decimal, CultureInfo.InvariantCulture, out value) && double.IsFinite(value);

    /// <summary>The integer that the whole of a text is.</summary>
    public static bool TryRead(ReadOnlySpan<byte> text, out long value) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);

    /// <summary>Writes a digit, perhaps a point and more digits, times a power of ten; returns the length.</summary>
    private static int Expand(ReadOnlySpan<byte> mantissa, int exponent, Span<byte> text)
    {
        text.Fill((byte)'0');
        int at = 0;
        if (mantissa[0] == '-')
        {
            text[at++] = (byte)'-';
            mantissa = mantissa[1..];
        }

        ReadOnlySpan<byte> fraction = mantissa.Length > 2 ? mantissa[2..] : default;
        if (exponent < 0)
        {
            text[at + 1] = (byte)'.';
            at += 1 - exponent;
        }

        // A double's exponent is written only where it is larger than the number of digits.
        text[at] = mantissa[0];
        fraction.CopyTo(text[(at + 1)..]);
        return at + 1 + Math.Max(fraction.Length, exponent);
    }
}
