namespace Mayfly.Traces.Stats;

/// <summary>Recognises IP addresses in UTF-8, without making any.</summary>
internal static class IpAddressText
{
    private const int Version6Groups = 8;

    /// <summary>
    /// How many bytes at the start of <paramref name="text"/> are four numbers up to 255, without leading zeros, between <paramref name="separator"/>s; 0 when
    /// they are not.
    /// </summary>
    public static int Version4Length(ReadOnlySpan<byte> text, byte separator)
    {
        int at = 0;
        for (int field = 0; ; field++)
        {
            int start = at;
            int value = 0;
            while (at < text.Length && text[at] is >= (byte)'0' and <= (byte)'9')
            {
                value = value * 10 + (text[at] - (byte)'0');
                at++;
                if (value > byte.MaxValue)
                {
                    return 0;
                }
            }

            int digits = at - start;
            if (digits == 0 || (digits > 1 && text[start] == (byte)'0'))
            {
                return 0;
            }

            if (field == 3)
            {
                return at;
            }

            if (at == text.Length || text[at] != separator)
            {
                return 0;
            }

            at++;
        }
    }

    /// <summary>
    /// True for the text form of RFC 4291: eight groups of up to four hex digits, one run of zeros as <c>::</c>, the last two groups as IPv4.
    /// </summary>
    public static bool IsVersion6(ReadOnlySpan<byte> text)
    {
        int groups = 0;
        bool hasGap = false;
        if (text.StartsWith("::"u8))
        {
            hasGap = true;
            text = text[2..];
            if (text.IsEmpty)
            {
                return true;
            }
        }

        while (true)
        {
            int digits = HexDigits(text);
            if (digits == 0)
            {
                return false;
            }

            if (digits < text.Length && text[digits] == (byte)'.')
            {
                groups += 2;
                return Version4Length(text, (byte)'.') == text.Length && IsComplete(groups, hasGap);
            }

            groups++;
            text = text[digits..];
            if (text.IsEmpty)
            {
                return digits <= 4 && IsComplete(groups, hasGap);
            }

            if (digits > 4 || text[0] != (byte)':')
            {
                return false;
            }

            text = text[1..];
            if (!text.IsEmpty && text[0] == (byte)':')
            {
                if (hasGap)
                {
                    return false;
                }

                hasGap = true;
                text = text[1..];
                if (text.IsEmpty)
                {
                    return IsComplete(groups, hasGap);
                }
            }
        }
    }

    private static bool IsComplete(int groups, bool hasGap) => hasGap ? groups < Version6Groups : groups == Version6Groups;

    private static int HexDigits(ReadOnlySpan<byte> text)
    {
        int digits = 0;
        while (digits < text.Length && char.IsAsciiHexDigit((char)text[digits]))
        {
            digits++;
        }

        return digits;
    }
}
