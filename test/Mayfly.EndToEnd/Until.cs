using Xunit;

namespace Mayfly.EndToEnd;

/// <summary>Waiting for a condition with a deadline.</summary>
internal static class Until
{
    /// <summary>How long anything may take on a machine that is busy with something else.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public static Task TrueAsync(Func<bool> condition, string what, Func<string>? explain = null) =>
        TrueAsync(() => Task.FromResult(condition()), what, explain);

    /// <inheritdoc cref="TrueAsync(Func{bool}, string, Func{string}?)"/>
    public static async Task TrueAsync(Func<Task<bool>> condition, string what, Func<string>? explain = null)
    {
        using var deadline = new CancellationTokenSource(Patience);
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        while (!await condition())
        {
            if (deadline.IsCancellationRequested)
            {
                Assert.Fail($"Did not happen within {Patience.TotalSeconds} s: {what}. {explain?.Invoke()}");
            }

            await tick.WaitForNextTickAsync(CancellationToken.None);
        }
    }
}
