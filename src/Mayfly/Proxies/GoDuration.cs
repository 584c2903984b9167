using System.Globalization;

namespace Mayfly.Proxies;

/// <summary>Durations as Go writes them: <c>5s</c>, <c>1.5h</c>, <c>1m30s</c>, <c>300ms</c>.</summary>
internal static class GoDuration
{
    /// <summary>A longer one is as good as none.</summary>
    private const double MostSeconds = 1_000_000;

    private static readonly (string Name, double Seconds)[] Units =
        [("ns", 1e-9), ("us", 1e-6), ("µs", 1e-6), ("μs", 1e-6), ("ms", 1e-3), ("s", 1), ("m", 60), ("h", 3600)];

    /// <summary>A positive duration; null: the text is none.</summary>
    public static TimeSpan? Parse(ReadOnlySpan<char> text)
    {
        double seconds = 0;
        while (!text.IsEmpty)
        {
            int digits = text.IndexOfAnyExcept("0123456789.");
            if (digits <= 0 || !double.TryParse(text[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number))
            {
                return null;
            }

            text = text[digits..];
            int letters = text.IndexOfAny("0123456789.");
            ReadOnlySpan<char> name = letters < 0 ? text : text[..letters];
            double unit = 0;
            foreach ((string known, double value) in Units)
            {
                unit = name.SequenceEqual(known) ? value : unit;
            }

            if (unit == 0)
            {
                return null;
            }

            seconds += number * unit;
            text = text[name.Length..];
        }

        long ticks = (long)Math.Round(Math.Min(seconds, MostSeconds) * TimeSpan.TicksPerSecond);
        return ticks > 0 ? TimeSpan.FromTicks(ticks) : null;
    }
}
