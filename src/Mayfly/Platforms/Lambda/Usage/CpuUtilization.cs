namespace Mayfly.Platforms.Lambda.Usage;

/// <summary>How busy the cores were between two moments (docs/spec/01-lambda-lifecycle.md#5-enhanced-metrics, CPU utilisation).</summary>
/// <param name="TotalPercent">Busy share of all cores together, 0–100; above that where the clocks disagree.</param>
/// <param name="TotalCores">The same as a number of cores.</param>
/// <param name="CoreCount">Cores online at the end.</param>
/// <param name="MaxPercent">Of the busiest core; null when no core was online at both moments.</param>
/// <param name="MinPercent">Of the least busy core; null likewise.</param>
internal readonly record struct CpuUtilization(double TotalPercent, double TotalCores, int CoreCount, double? MaxPercent, double? MinPercent)
{
    /// <summary>Null when no time has passed or no core is known: there is no ratio then.</summary>
    public static CpuUtilization? Between(in CpuTimes start, double startUptimeMs, in CpuTimes end, double endUptimeMs)
    {
        double passedMs = endUptimeMs - startUptimeMs;
        int count = end.Cores.Length;
        if (passedMs <= 0 || count == 0)
        {
            return null;
        }

        double? leastIdle = null, mostIdle = null;
        foreach (CoreIdle core in end.Cores)
        {
            if (TryFind(start.Cores, core.Core, out double before))
            {
                double idleMs = Math.Max(0, core.IdleMs - before);
                leastIdle = Math.Min(leastIdle ?? idleMs, idleMs);
                mostIdle = Math.Max(mostIdle ?? idleMs, idleMs);
            }
        }

        double busy = Math.Max(0, ((passedMs * count) - (end.IdleMs - start.IdleMs)) / (passedMs * count));
        return new CpuUtilization(100 * busy, count * busy, count, BusyPercent(passedMs, leastIdle), BusyPercent(passedMs, mostIdle));
    }

    private static double? BusyPercent(double passedMs, double? idleMs) => idleMs is { } idle ? Math.Max(0, (passedMs - idle) / passedMs * 100) : null;

    private static bool TryFind(CoreIdle[] cores, ulong core, out double idleMs)
    {
        foreach (CoreIdle candidate in cores)
        {
            if (candidate.Core == core)
            {
                idleMs = candidate.IdleMs;
                return true;
            }
        }

        idleMs = 0;
        return false;
    }
}
