using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using FsCheck;
using FsCheck.Fluent;
using Mayfly.Platforms.Lambda;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda;

/// <summary>docs/spec/04-metrics-logs.md C.7, docs/spec/01-lambda-lifecycle.md 4.6.</summary>
public class OutOfMemoryTextTests
{
    private static readonly string[] Texts =
    [
        "fatal error: runtime: out of memory", "java.lang.OutOfMemoryError", "JavaScript heap out of memory", "Runtime exited with error: signal: killed",
        "MemoryError", "failed to allocate memory (NoMemoryError)", "OutOfMemoryException",
    ];

    public static TheoryData<string> AllTexts => new(Texts);

    [Theory]
    [MemberData(nameof(AllTexts))]
    public void Each_text_of_the_table_counts_wherever_it_stands(string text)
    {
        Assert.True(IsIn(text));
        Assert.True(IsIn($"2024-01-01T00:00:00Z [ERROR] é {text}: and more"));
        Assert.True(IsIn($"out of memory, memory, MemoryErro {text}"));
    }

    [Theory]
    [MemberData(nameof(AllTexts))]
    public void Each_text_is_case_sensitive_and_whole(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            string changed = string.Concat(text.AsSpan(0, i), "#", text.AsSpan(i + 1));
            Assert.Equal(IsMeant(changed), IsIn(changed));
            string cut = text[..i];
            Assert.Equal(IsMeant(cut), IsIn(cut));
        }

        Assert.False(IsIn(text.ToUpperInvariant()));
    }

    [Theory]
    [InlineData("RequestId: r1 Error: Runtime exited with error: signal: killed", true)]
    [InlineData("RequestId: r1 Error: Runtime exited with error: exit status 1", false)]
    [InlineData("Memory Size: 128 MB Max Memory Used: 128 MB", false)]
    [InlineData("System.OutOfMemoryException: Exception of type 'System.OutOfMemoryException' was thrown.", true)]
    [InlineData("numpy.core._exceptions._ArrayMemoryError: Unable to allocate 8 GiB", true)]
    [InlineData("Traceback\\nMemoryError\\n", true)]
    [InlineData("MyMemoryErrorHandler", false)]
    [InlineData("MemoryErrors MemoryError_ MemoryError2 java.lang.OutOfMemoryErrorX", false)]
    [InlineData("MemoryErrors, then a MemoryError", true)]
    [InlineData("", false)]
    public void TV8_lines_of_runtimes(string line, bool expected) => Assert.Equal(expected, IsIn(line));

    [Fact]
    public void Agrees_with_a_plain_search_on_anything_made_of_pieces()
    {
        string[] pieces =
        [
            .. Texts, "emory", "M", "m", "Error", "OutOf", "Exception", "out of m", "heap ", "JavaScript ", "failed to allocate ",
            " (NoMemoryError)", "(", " ", "killed", "signal: ", "é", "\0",
        ];
        Gen<string> lines = Gen.Elements(pieces).ListOf()
            .Select(static parts => string.Concat(parts.Select(static part => part[..Math.Min(part.Length, 30)])));
        Prop.ForAll(lines.ToArbitrary(), static line => IsIn(line) == IsMeant(line)).Check(FsCheck.Config.QuickThrowOnFailure.WithMaxTest(5_000));
    }

    [Fact]
    public void Bytes_that_are_no_text_are_searched_all_the_same() =>
        Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), static bytes => OutOfMemoryText.IsIn([0xff, .. bytes, .. "MemoryError"u8, 0xc3]))
            .Check(FsCheck.Config.QuickThrowOnFailure);

    [Theory]
    [InlineData("emory")]
    [InlineData("Runtime exited with error: signal: kille")]
    [InlineData("fatal error: runtime: out of memor")]
    [InlineData("e")]
    public void Time_is_linear_in_the_length_even_of_near_misses(string piece)
    {
        byte[] line = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(piece, 8_000_000 / piece.Length)));
        var watch = Stopwatch.StartNew();
        Assert.False(OutOfMemoryText.IsIn(line));

        // Milliseconds; comparing every place with every other would take hours.
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(10));
    }

    /// <summary>The table, with the word's end behind <c>MemoryError</c>.</summary>
    private static bool IsMeant(string line) =>
        Texts.Any(text => text.EndsWith("MemoryError", StringComparison.Ordinal)
            ? Regex.IsMatch(line, Regex.Escape(text) + "(?![A-Za-z0-9_])")
            : line.Contains(text, StringComparison.Ordinal));

    private static bool IsIn(string text) => OutOfMemoryText.IsIn(Encoding.UTF8.GetBytes(text));
}
