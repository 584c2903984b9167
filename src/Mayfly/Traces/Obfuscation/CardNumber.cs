namespace Mayfly.Traces.Obfuscation;

/// <summary>Tells card numbers from other texts (docs/spec/03-traces.md#credit-cards).</summary>
internal static class CardNumber
{
    private const int FewestDigits = 12;
    private const int MostDigits = 16;
    private const int LongestPrefix = 6;

    /// <summary>The issuers' prefixes, inclusive. None begins with 0, so that a number tells how many digits it has.</summary>
    private static readonly (int First, int Last)[] Prefixes =
    [
        (1, 1), (4, 4),
        (34, 39), (51, 55), (62, 62), (65, 65),
        (300, 305), (309, 309), (636, 636), (644, 649),
        (3528, 3589), (5019, 5019), (6011, 6011),
        (222100, 272099), (500000, 509999), (560000, 589999), (600000, 699999),
    ];

    /// <summary>False for nearly all texts, at the cost of two comparisons.</summary>
    public static bool MayBe(ReadOnlySpan<byte> text) => text.Length >= FewestDigits && (char.IsAsciiDigit((char)text[0]) || text[0] is (byte)' ' or (byte)'-');

    /// <summary>True when <paramref name="text"/> is digits, blanks and dashes only, as many digits as a card has, and begins like one.</summary>
    /// <param name="checksLuhn">The check digit has to be right too.</param>
    public static bool Is(ReadOnlySpan<byte> text, bool checksLuhn)
    {
        Span<byte> digits = stackalloc byte[MostDigits];
        int count = 0;
        foreach (byte b in text)
        {
            if (char.IsAsciiDigit((char)b))
            {
                if (count == MostDigits)
                {
                    return false;
                }

                digits[count++] = (byte)(b - '0');
            }
            else if (b is not ((byte)' ' or (byte)'-'))
            {
                return false;
            }
        }

        return count >= FewestDigits && digits[0] != 0 && HasIssuer(digits) && (!checksLuhn || HasCheckDigit(digits[..count]));
    }

    private static bool HasIssuer(ReadOnlySpan<byte> digits)
    {
        int prefix = 0;
        for (int length = 0; length < LongestPrefix; length++)
        {
            prefix = prefix * 10 + digits[length];
            foreach ((int first, int last) in Prefixes)
            {
                if (prefix >= first && prefix <= last)
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>Luhn's sum, in which every other digit from the right counts twice.</summary>
    private static bool HasCheckDigit(ReadOnlySpan<byte> digits)
    {
        int sum = 0;
        for (int i = 0; i < digits.Length; i++)
        {
            int digit = digits[digits.Length - 1 - i];
            int doubled = digit * 2;
            sum += i % 2 == 0 ? digit : doubled > 9 ? doubled - 9 : doubled;
        }

        return sum % 10 == 0;
    }
}
