namespace Mayfly.Platforms.Lambda.Telemetry;

/// <summary>Reads RFC 3339 times such as <c>2022-10-21T14:05:02.600Z</c> or <c>2022-10-21T16:05:02.6+02:00</c> from bytes.</summary>
internal static class Rfc3339
{
    private const long NsPerSecond = 1_000_000_000;

    /// <summary>Shortest form: date, T, time, Z.</summary>
    private const int ShortestLength = 20;

    /// <summary>False for anything that is no such time or lies outside of 1678–2261, the years that nanoseconds since the epoch can tell.</summary>
    /// <remarks>Digits beyond nanoseconds are cut off. A leap second counts as the first second of the next minute.</remarks>
    public static bool TryParse(ReadOnlySpan<byte> text, out long unixNs)
    {
        unixNs = 0;
        if (text.Length < ShortestLength || text[4] != '-' || text[7] != '-' || (text[10] | 0x20) is not ('t' or ' ') || text[13] != ':' || text[16] != ':')
        {
            return false;
        }

        int year = Digits(text[..4]);
        int month = Digits(text.Slice(5, 2));
        int day = Digits(text.Slice(8, 2));
        int hour = Digits(text.Slice(11, 2));
        int minute = Digits(text.Slice(14, 2));
        int second = Digits(text.Slice(17, 2));
        if (year is < 1678 or > 2261 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month) ||
            hour is < 0 or > 23 || minute is < 0 or > 59 || second is < 0 or > 60)
        {
            return false;
        }

        ReadOnlySpan<byte> rest = text[19..];
        if (!TryTakeFraction(ref rest, out long fractionNs) || !TryReadOffset(rest, out int offsetMinutes))
        {
            return false;
        }

        long days = (new DateTime(year, month, day).Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerDay;
        long seconds = ((days * 24 + hour) * 60 + minute - offsetMinutes) * 60 + second;
        unixNs = seconds * NsPerSecond + fractionNs;
        return true;
    }

    private static bool TryTakeFraction(ref ReadOnlySpan<byte> text, out long ns)
    {
        ns = 0;
        if (text[0] != '.')
        {
            return true;
        }

        long unit = NsPerSecond;
        int i = 1;
        for (; i < text.Length && text[i] is >= (byte)'0' and <= (byte)'9'; i++)
        {
            unit /= 10;
            ns += (text[i] - '0') * unit;
        }

        text = text[i..];
        return i > 1;
    }

    private static bool TryReadOffset(ReadOnlySpan<byte> text, out int minutes)
    {
        minutes = 0;
        if (text.Length == 1)
        {
            return (text[0] | 0x20) == 'z';
        }

        if (text.Length != 6 || text[0] is not ((byte)'+' or (byte)'-') || text[3] != ':')
        {
            return false;
        }

        int hour = Digits(text.Slice(1, 2));
        int minute = Digits(text.Slice(4, 2));
        minutes = (text[0] == '-' ? -1 : 1) * (hour * 60 + minute);
        return hour is >= 0 and <= 23 && minute is >= 0 and <= 59;
    }

    /// <summary>The number that the digits make, −1 if one of them is none.</summary>
    private static int Digits(ReadOnlySpan<byte> text)
    {
        int value = 0;
        foreach (byte digit in text)
        {
            if (digit is < (byte)'0' or > (byte)'9')
            {
                return -1;
            }

            value = value * 10 + digit - '0';
        }

        return value;
    }
}
