using Mayfly.Delivery;
using Mayfly.Diagnostics;
using Mayfly.Lifecycle;

namespace Mayfly.Platforms.Compat;

/// <summary>The end of an agent that stays: everything that was accepted goes out, within the budget, also what comes while that goes on.</summary>
/// <param name="inbound">Still open: a program that ends at the same time sends its last data now.</param>
/// <param name="flushes">Sends.</param>
/// <param name="log">Told what is lost.</param>
internal sealed class ResidentShutdown(InboundTraffic inbound, FlushCoordinator flushes, Log log)
{
    /// <summary>Kept back of the budget for the process to end by itself.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromMilliseconds(100);

    public async Task RunAsync(Deadline budget)
    {
        Deadline deadline = budget.Earlier(Margin);
        await inbound.SettleAsync(deadline);
        FlushReport report;
        do
        {
            report = await flushes.FlushLastAsync(deadline);
        }
        while (report.Delivered > 0 && !deadline.HasPassed);

        long lost = flushes.DropRest();
        if (lost > 0)
        {
            log.Error($"{lost} spans, metric samples and log events could not be sent within the shutdown budget and are lost.");
        }
        else if (report.Kept > 0)
        {
            log.Warn($"{report.Kept} spans, metric samples and log events wait on disk for the next start of the agent.");
        }
    }
}
