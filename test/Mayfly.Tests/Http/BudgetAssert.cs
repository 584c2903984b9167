using System.Diagnostics;
using Mayfly.Http;
using Xunit;

namespace Mayfly.Tests.Http;

internal static class BudgetAssert
{
    /// <summary>
    /// All that was taken is given back, soon: a client may have its answer before the handler that wrote it has returned.
    /// </summary>
    public static async Task AssertFreeAsync(this BodyBudget budget)
    {
        long start = Stopwatch.GetTimestamp();
        while (budget.TakenBytes != 0)
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(20), $"{budget.TakenBytes} bytes are never given back.");
            await Task.Yield();
        }
    }
}
