namespace Mayfly.Config;

/// <summary>How many letters two names differ in: put in, left out, another one, or two neighbours in the wrong order.</summary>
internal static class EditDistance
{
    private const int LongestName = 128;

    /// <summary>The distance, or more than <paramref name="limit"/> where it is more. Looks at a band of 2 · limit + 1 letters around the diagonal.</summary>
    public static int Of(ReadOnlySpan<char> a, ReadOnlySpan<char> b, int limit)
    {
        if (limit < 0 || Math.Abs(a.Length - b.Length) > limit || Math.Max(a.Length, b.Length) >= LongestName)
        {
            return limit + 1;
        }

        // Rows i - 2, i - 1 and i of the matrix of distances between beginnings.
        Span<int> rows = stackalloc int[3 * LongestName];
        for (int j = 0; j <= b.Length; j++)
        {
            rows[j] = j;
        }

        for (int i = 1; i <= a.Length; i++)
        {
            Span<int> row = Row(rows, i);
            ReadOnlySpan<int> above = Row(rows, i - 1);
            ReadOnlySpan<int> twoAbove = Row(rows, i + 1);
            row[..(b.Length + 1)].Fill(limit + 1);
            row[0] = i;
            int lowest = Math.Min(i, limit + 1);
            for (int j = Math.Max(1, i - limit); j <= Math.Min(b.Length, i + limit); j++)
            {
                int distance = Math.Min(Math.Min(above[j], row[j - 1]) + 1, above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
                bool isSwapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                row[j] = isSwapped ? Math.Min(distance, twoAbove[j - 2] + 1) : distance;
                lowest = Math.Min(lowest, row[j]);
            }

            if (lowest > limit)
            {
                return limit + 1;
            }
        }

        return Row(rows, a.Length)[b.Length];
    }

    private static Span<int> Row(Span<int> rows, int i) => rows.Slice(i % 3 * LongestName, LongestName);
}
