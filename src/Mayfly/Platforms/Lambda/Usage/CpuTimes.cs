namespace Mayfly.Platforms.Lambda.Usage;

/// <summary>CPU time since the start of the system, in ms, of all processes together.</summary>
/// <remarks>
/// From <c>/proc/stat</c>: the line <c>cpu</c> (user, nice, system, idle … in ticks) and one line <c>cpuN</c> per core
/// (docs/spec/01-lambda-lifecycle.md#5-enhanced-metrics). A line that cannot be read costs the whole: a wrong number of cores would make every ratio wrong.
/// </remarks>
internal readonly struct CpuTimes(double userMs, double systemMs, double idleMs, CoreIdle[] cores)
{
    private const int CoreLimit = 8192;

    public double UserMs { get; } = userMs;

    public double SystemMs { get; } = systemMs;

    public double IdleMs { get; } = idleMs;

    /// <summary>One per core that is online.</summary>
    public CoreIdle[] Cores { get; } = cores;

    public static bool TryParse(ReadOnlySpan<byte> text, double msPerTick, out CpuTimes times)
    {
        times = default;
        int count = CountCores(text);
        if (count > CoreLimit || !ProcText.TryTakeLine(ref text, out ReadOnlySpan<byte> total)
            || !TryTakeName(ref total, out ulong? noCore) || noCore is not null
            || !TryReadTicks(total, out ulong user, out ulong system, out ulong idle))
        {
            return false;
        }

        var cores = new CoreIdle[count];
        for (int i = 0; i < count; i++)
        {
            if (!ProcText.TryTakeLine(ref text, out ReadOnlySpan<byte> line) || !TryTakeName(ref line, out ulong? core) || core is not { } number
                || !TryReadTicks(line, out _, out _, out ulong coreIdle))
            {
                return false;
            }

            cores[i] = new CoreIdle(number, coreIdle * msPerTick);
        }

        times = new CpuTimes(user * msPerTick, system * msPerTick, idle * msPerTick, cores);
        return true;
    }

    /// <summary>Lines after the first one that begin with <c>cpu</c>; they stand together.</summary>
    private static int CountCores(ReadOnlySpan<byte> text)
    {
        int count = -1;
        while (ProcText.TryTakeLine(ref text, out ReadOnlySpan<byte> line) && line.StartsWith("cpu"u8))
        {
            count++;
        }

        return Math.Max(count, 0);
    }

    /// <summary>Takes <c>cpu</c> or <c>cpuN</c>.</summary>
    private static bool TryTakeName(ref ReadOnlySpan<byte> line, out ulong? core)
    {
        core = null;
        if (!ProcText.TryTakeWord(ref line, out ReadOnlySpan<byte> name) || !name.StartsWith("cpu"u8))
        {
            return false;
        }

        name = name["cpu"u8.Length..];
        if (name.IsEmpty)
        {
            return true;
        }

        bool isNumber = ProcText.TryParse(name, out ulong number);
        core = number;
        return isNumber;
    }

    private static bool TryReadTicks(ReadOnlySpan<byte> line, out ulong user, out ulong system, out ulong idle)
    {
        system = idle = 0;
        return ProcText.TryTakeNumber(ref line, out user)
            && ProcText.TryTakeNumber(ref line, out _)
            && ProcText.TryTakeNumber(ref line, out system)
            && ProcText.TryTakeNumber(ref line, out idle);
    }
}

/// <summary>Idle time of one core.</summary>
/// <param name="Core">The N of <c>cpuN</c>.</param>
/// <param name="IdleMs">Since the start of the system.</param>
internal readonly record struct CoreIdle(ulong Core, double IdleMs);
