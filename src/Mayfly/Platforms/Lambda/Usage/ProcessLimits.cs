namespace Mayfly.Platforms.Lambda.Usage;

/// <summary>The lowest soft limits that any process of the sandbox has: open files, and processes (threads count as such).</summary>
/// <remarks>
/// <c>/proc/{pid}/limits</c>; a limit that is <c>unlimited</c> or cannot be read changes nothing (docs/spec/01-lambda-lifecycle.md#5-enhanced-metrics).
/// </remarks>
internal readonly record struct ProcessLimits(ulong OpenFiles, ulong Threads)
{
    /// <summary>What Lambda grants; where the minimum starts.</summary>
    public static ProcessLimits Highest { get; } = new(1024, 1024);

    /// <summary>These limits, lowered to those of the process whose <c>limits</c> file is given.</summary>
    public ProcessLimits LoweredBy(ReadOnlySpan<byte> text)
    {
        (ulong openFiles, ulong threads) = (OpenFiles, Threads);
        while (ProcText.TryTakeLine(ref text, out ReadOnlySpan<byte> line))
        {
            Lower(ref openFiles, line, "Max open files"u8);
            Lower(ref threads, line, "Max processes"u8);
        }

        return new ProcessLimits(openFiles, threads);
    }

    private static void Lower(ref ulong limit, ReadOnlySpan<byte> line, ReadOnlySpan<byte> name)
    {
        if (line.StartsWith(name))
        {
            ReadOnlySpan<byte> values = line[name.Length..];
            if (ProcText.TryTakeNumber(ref values, out ulong soft))
            {
                limit = Math.Min(limit, soft);
            }
        }
    }
}
