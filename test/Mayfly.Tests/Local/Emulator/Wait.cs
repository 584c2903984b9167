using Xunit;

namespace Mayfly.Tests.Local.Emulator;

/// <summary>Waiting for a condition with a deadline.</summary>
internal static class Wait
{
    public static async Task UntilAsync(Func<bool> condition, string what)
    {
        using var deadline = new CancellationTokenSource(Played.Patience);
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(2));
        while (!condition())
        {
            if (deadline.IsCancellationRequested)
            {
                Assert.Fail("Did not happen: " + what);
            }

            await tick.WaitForNextTickAsync();
        }
    }
}
