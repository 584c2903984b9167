using Mayfly.Config;
using Mayfly.Delivery;
using Mayfly.Diagnostics;
using Mayfly.Intake;
using Mayfly.Lifecycle;
using Mayfly.Local.Intake;
using Xunit;

namespace Mayfly.Tests.Lifecycle;

/// <summary>docs/spec/01-lambda-lifecycle.md#74-shutdown-sequence-rust-od, Mayfly: what is most valuable goes first.</summary>
public class LastFlushTests
{
    private static readonly string[][] ByValue =
    [
        [IntakePaths.Stats, IntakePaths.Traces],
        [IntakePaths.Sketches, IntakePaths.Series],
        [IntakePaths.Logs],
        [IntakePaths.ServiceChecks, IntakePaths.Events],
    ];

    /// <summary>They are put on board in the opposite order, and the intake takes a moment for each.</summary>
    [Fact]
    public async Task The_most_valuable_data_goes_first_and_copies_last()
    {
        await using LocalIntake further = await LocalIntake.StartAsync();
        await using FlushRig rig = await FlushRig.StartAsync(
            FlushRig.Key, (Keys.AdditionalTraces, $$"""{"{{further.Url}}":["fedcba9876543210fedcba9876543210"]}"""));
        rig.Intake.SetFault("*", IntakeFault.Slow(TimeSpan.FromMilliseconds(50)));
        foreach (IntakeKind kind in (IntakeKind[])
            [IntakeKind.Events, IntakeKind.ServiceChecks, IntakeKind.Logs, IntakeKind.Sketches, IntakeKind.Series, IntakeKind.Traces, IntakeKind.Stats])
        {
            rig.Put(kind);
        }

        Assert.Equal(new FlushReport(7, 0, 0), await LastAsync(rig, seconds: 60));
        string[] paths = [.. rig.Intake.Requests.OrderBy(static request => request.Sequence).Select(static request => request.Path)];
        int at = 0;
        foreach (string[] rank in ByValue)
        {
            Assert.Equal(rank.Order(StringComparer.Ordinal), paths[at..(at + rank.Length)].Order(StringComparer.Ordinal));
            at += rank.Length;
        }

        // Of traces and of their statistics.
        Assert.Equal(2, further.Requests.Count);
        Assert.All(further.Requests, copy => Assert.True(copy.ArrivedAt >= rig.Intake.Requests.Max(static request => request.ArrivedAt)));
    }

    /// <summary>Those that go first are waited for, but not for all of the time that there is.</summary>
    [Fact]
    public async Task An_intake_that_hangs_holds_up_the_others_for_a_share_of_the_time()
    {
        await using FlushRig rig = await FlushRig.StartAsync();
        rig.Intake.SetFault(IntakePaths.Traces, IntakeFault.Hang);
        rig.Intake.SetFault(IntakePaths.Series, IntakeFault.Hang);
        foreach (IntakeKind kind in (IntakeKind[])[IntakeKind.Traces, IntakeKind.Series, IntakeKind.Logs, IntakeKind.Events])
        {
            rig.Put(kind);
        }

        Assert.Equal(new FlushReport(2, 0, 2), await LastAsync(rig, seconds: 4));
        Assert.Equal((1, 1), (rig.Counters[Signal.Logs].Delivered, rig.Counters[Signal.Traces].Buffered));
    }

    private static Task<FlushReport> LastAsync(FlushRig rig, double seconds) =>
        rig.Flushes.FlushLastAsync(Deadline.In(TimeProvider.System, TimeSpan.FromSeconds(seconds)));
}
