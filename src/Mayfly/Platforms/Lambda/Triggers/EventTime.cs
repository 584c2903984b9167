using System.Buffers.Text;
using Mayfly.Platforms.Lambda.Telemetry;
using Mayfly.Platforms.Lambda.Triggers.Json;

namespace Mayfly.Platforms.Lambda.Triggers;

/// <summary>
/// Times in events, as Unix ns. Whole and decimal numbers are converted exactly; what does not fit into 64 bits saturates
/// (docs/spec/02-triggers.md#8-numbers-and-time). Null = no time.
/// </summary>
internal static class EventTime
{
    private const int DigitsOfMs = 6;
    private const int DigitsOfSeconds = 9;

    /// <summary>Milliseconds, as a number or as a text.</summary>
    public static long? FromMs(JsonView value) => Scaled(NumberOf(value), DigitsOfMs);

    /// <summary>Seconds, possibly with a fraction, as a number or as a text.</summary>
    public static long? FromSeconds(JsonView value) => Scaled(NumberOf(value), DigitsOfSeconds);

    /// <summary>RFC 3339 with an offset.</summary>
    public static long? FromRfc3339(JsonView value) => Rfc3339.TryParse(value.RawText, out long ns) ? ns : null;

    private static ReadOnlySpan<byte> NumberOf(JsonView value)
    {
        if (value.IsNumber)
        {
            return value.Raw;
        }

        return value.RawText;
    }

    /// <summary><paramref name="number"/> × 10^<paramref name="digits"/>, cut off to a whole number.</summary>
    private static long? Scaled(ReadOnlySpan<byte> number, int digits)
    {
        if (Utf8Parser.TryParse(number, out long whole, out int consumed) && whole >= 0)
        {
            ReadOnlySpan<byte> rest = number[consumed..];
            if (rest.IsEmpty || (rest[0] == '.' && rest.Length > 1 && !rest[1..].ContainsAnyExceptInRange((byte)'0', (byte)'9')))
            {
                return Scaled(whole, rest.IsEmpty ? rest : rest[1..], digits);
            }
        }

        // Exponents, negative numbers, numbers beyond 64 bits. The conversion saturates.
        return Utf8Parser.TryParse(number, out double value, out consumed) && consumed == number.Length && double.IsFinite(value)
            ? (long)(value * Math.Pow(10, digits))
            : null;
    }

    private static long Scaled(long whole, ReadOnlySpan<byte> fraction, int digits)
    {
        Int128 value = whole;
        for (int i = 0; i < digits; i++)
        {
            value = (value * 10) + (i < fraction.Length ? fraction[i] - '0' : 0);
        }

        return long.CreateSaturating(value);
    }
}
