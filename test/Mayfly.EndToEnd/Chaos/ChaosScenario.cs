using System.Globalization;

namespace Mayfly.EndToEnd.Chaos;

/// <summary>What is wrong with the intake or the machine.</summary>
internal enum Trouble
{
    RefusesConnections,
    Hangs,
    IsSlow,
    ResetsConnections,
    HalfCloses,
    ClosesMidResponse,
    Answers429,
    Answers500,
    Answers503,
    Answers403,
    TracesOnly500,
    TracesOnlyHang,
    ProxyRefuses,
    NameIsGone,
    NameNotFound,
    DiskUnusable,
    DiskFull,
}

/// <summary>How the agent's process ends.</summary>
internal enum Ending
{
    /// <summary>SHUTDOWN while the trouble lasts, then another process of the sandbox.</summary>
    ShutdownInTrouble,

    /// <summary>The trouble is over, then SHUTDOWN.</summary>
    Recovery,

    /// <summary>SIGKILL between two invocations while the trouble lasts, then another process of the sandbox.</summary>
    Killed,

    /// <summary>The function times out while the trouble lasts: SHUTDOWN of the reset, then another process of the sandbox.</summary>
    TimedOut,

    /// <summary>The same in the middle of a flush, which the strategy <c>continuously</c> has beside the handler.</summary>
    TimedOutInFlush,

    /// <summary>SIGTERM while the trouble lasts, then another process of the sandbox.</summary>
    Terminated,
}

/// <summary>One story, a pure function of its number.</summary>
/// <param name="Number">Also the seed.</param>
/// <param name="Trouble">What goes wrong.</param>
/// <param name="Ending">How the process ends.</param>
/// <param name="Healthy">Invocations before it goes wrong.</param>
/// <param name="Troubled">Invocations while it is wrong.</param>
/// <param name="Spans">Traces of each invocation; as many log lines and metric samples.</param>
/// <param name="Freezes">The agent stands still between invocations, and before it ends.</param>
/// <param name="Burst">After so many requests that it hits a trouble of statuses is over; 0: it lasts.</param>
internal sealed record ChaosScenario(int Number, Trouble Trouble, Ending Ending, int Healthy, int Troubled, int Spans, bool Freezes, int Burst)
{
    public const int Count = 255;

    private const int LongestBurst = 5;

    /// <summary>Every so many stories, where there are freezes, have long ones.</summary>
    private const int LongFreezeEach = 9;

    public static IEnumerable<ChaosScenario> All => Enumerable.Range(0, Count).Select(Of);

    /// <summary>
    /// What an intake took without its answer coming through is sent again: there it may be more than once. A flush that is cut may have been taken too.
    /// </summary>
    public bool MayBeTwice => Trouble is Trouble.ClosesMidResponse or Trouble.IsSlow || Ending == Ending.TimedOutInFlush;

    /// <summary>The intake refuses what it gets: that is dropped, and counted.</summary>
    public bool MayBeRejected => Trouble == Trouble.Answers403;

    /// <summary>Nothing outlives the process where the disk does not take it.</summary>
    public bool MayBeLostWithProcess => Trouble is Trouble.DiskUnusable or Trouble.DiskFull && Ending != Ending.Recovery;

    /// <summary>The next process has another intake, which gets nothing that was meant for this one.</summary>
    public bool IsForOthers => Trouble == Trouble.NameNotFound;

    /// <summary>Longer than a connection may rest.</summary>
    public bool FreezesLong => Freezes && Number % LongFreezeEach == 0;

    /// <summary>The intake takes nothing for all of the trouble.</summary>
    public bool IsDead => Trouble is Trouble.Hangs or Trouble.RefusesConnections or Trouble.ProxyRefuses || Trouble is Trouble.Answers500 or Trouble.Answers503 && Burst == 0;

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Number}: {Trouble}, {Ending}, {Healthy} healthy and {Troubled} troubled invocations of {Spans} spans, freezes: {Freezes}, burst of {Burst}");

    private static ChaosScenario Of(int number)
    {
        var random = new Random(20261128 + number);
        Trouble[] troubles = Enum.GetValues<Trouble>();
        Ending[] endings = Enum.GetValues<Ending>();
        Trouble trouble = troubles[number % troubles.Length];
        Ending ending = endings[number / troubles.Length % endings.Length];
        (int healthy, int troubled, int spans, bool freezes) = (random.Next(0, 2), random.Next(1, 4), random.Next(1, 4), random.Next(2) == 1);
        bool isBurst = trouble is Trouble.Answers429 or Trouble.Answers500 or Trouble.Answers503 && random.Next(2) == 1;
        return new ChaosScenario(number, trouble, ending, healthy, troubled, spans, freezes, isBurst ? random.Next(1, LongestBurst + 1) : 0);
    }
}
