using Xunit;

namespace Mayfly.Tests;

/// <summary>
/// For limits of time that are a promise and cannot be widened: a machine that stands still for a second breaks them now and then, a defect breaks them always.
/// </summary>
internal static class Attempts
{
    private const int Most = 5;

    /// <summary>Passes as soon as one attempt keeps the times; whatever else an attempt asserts has to hold in each of them.</summary>
    /// <param name="attempt">Plays the whole story anew; returns which time was not kept, or null.</param>
    public static async Task OneKeepsTheTimeAsync(Func<Task<string?>> attempt)
    {
        var complaints = new List<string>();
        while (complaints.Count < Most)
        {
            if (await attempt() is not { } complaint)
            {
                return;
            }

            complaints.Add(complaint);
        }

        Assert.Fail($"In none of {Most} attempts were the times kept: {string.Join("; ", complaints)}");
    }
}
