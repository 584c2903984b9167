using Mayfly.Config;
using Mayfly.Delivery;
using Mayfly.Diagnostics;
using Mayfly.Intake;
using Mayfly.Lifecycle;
using Mayfly.Local.Intake;
using Mayfly.Testing;
using Mayfly.Tests.Lifecycle;
using Xunit;

namespace Mayfly.Tests.Delivery;

/// <summary>docs/spec/05-config.md, MAYFLY_SPOOL: what one process cannot deliver the next one of the sandbox does, once.</summary>
public sealed class SpoolTests : IDisposable
{
    private readonly string _folder = Path.Combine(Directory.CreateTempSubdirectory("mayfly-test-").FullName, "spool");
    private readonly MemoryStream _output = new();

    private string[] Files => Directory.Exists(_folder) ? Directory.GetFiles(_folder, "*.mayfly") : [];

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_folder)!, recursive: true);

    [Theory]
    [InlineData(IntakeKind.Traces)]
    [InlineData(IntakeKind.Stats)]
    [InlineData(IntakeKind.Series)]
    [InlineData(IntakeKind.Sketches)]
    [InlineData(IntakeKind.Events)]
    [InlineData(IntakeKind.ServiceChecks)]
    [InlineData(IntakeKind.Logs)]
    public async Task The_next_process_delivers_what_one_could_not(IntakeKind kind)
    {
        await using LocalIntake intake = await LocalIntake.StartAsync();
        using (Spool spool = NewSpool())
        {
            FlushRig first = await FlushRig.StartAsync(spool, new JumpingClock(), intake);
            intake.SetFault("*", IntakeFault.Status(500));
            first.Put(kind, units: 7, sizeBytes: 100);
            Assert.Equal(new FlushReport(0, 0, 7), await first.FlushAsync());
            Signal signal = SignalOf(kind);
            Assert.Equal((7, 0), (first.Counters[signal].Stored, first.Counters[signal].Buffered));

            // The process dies here: nothing is disposed, nothing flushed.
        }

        intake.ClearFault();
        intake.Clear();
        using Spool again = NewSpool();
        FlushRig second = await FlushRig.StartAsync(again, new JumpingClock(), intake);
        Assert.Equal(new FlushReport(7, 0, 0), await second.FlushAsync());
        ReceivedRequest request = Assert.Single(intake.Requests);
        Assert.Null(request.Error);
        Assert.Equal("gzip", request.ContentEncoding);
        SignalCounters counters = second.Counters[SignalOf(kind)];
        Assert.Equal((7, 7, 7, 0, 0), (counters.Accepted, counters.Recovered, counters.Delivered, counters.Stored, counters.Buffered));
        Assert.Empty(Files);
        Assert.Equal(default, await second.FlushAsync());
        Assert.Single(intake.Requests);
    }

    /// <summary>Neither the attempts of a payload nor what is sent again begin anew with a process.</summary>
    [Fact]
    public async Task What_an_intake_chokes_on_is_dropped_in_the_end_over_processes()
    {
        await using LocalIntake intake = await LocalIntake.StartAsync();
        intake.SetFault("*", IntakeFault.Status(500));
        using (Spool spool = NewSpool())
        {
            FlushRig first = await FlushRig.StartAsync(spool, new JumpingClock(), intake);
            first.Put(IntakeKind.Logs);
            Assert.Equal(new FlushReport(0, 0, 1), await first.FlushAsync());
            Assert.Equal(3, intake.Requests.Count);
        }

        using Spool again = NewSpool();
        FlushRig second = await FlushRig.StartAsync(again, new JumpingClock(), intake);
        for (int flush = 0; flush < 200 && second.Counters[Signal.Logs].DroppedFor(DropReason.Unreachable) == 0; flush++)
        {
            await second.FlushAsync();
            second.Time.Jump(TimeSpan.FromSeconds(400));
        }

        Assert.Equal(20, intake.Requests.Count);
        Assert.Empty(Files);
    }

    /// <summary>Somebody else writes into the folder while the agent runs: that file is counted, and holds up no other.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_is_damaged_while_it_waits_is_counted(bool isGone)
    {
        await using LocalIntake intake = await LocalIntake.StartAsync();
        intake.SetFault("*", IntakeFault.Status(500));
        using Spool spool = NewSpool();
        FlushRig rig = await FlushRig.StartAsync(spool, new JumpingClock(), intake);
        rig.Put(IntakeKind.Logs);
        rig.Put(IntakeKind.Traces, units: 3);
        Assert.Equal(new FlushReport(0, 0, 4), await rig.FlushAsync());
        foreach (string file in Files)
        {
            if (SpoolFile.TryRead(await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken), out SpoolHead head) && head.Signal == Signal.Traces)
            {
                File.Delete(file);
                await File.WriteAllTextAsync(isGone ? file + ".txt" : file, "MAYFLY2\nx", TestContext.Current.CancellationToken);
            }
        }

        intake.ClearFault();
        rig.Time.Jump(TimeSpan.FromSeconds(5));
        await rig.FlushAsync();
        Assert.Equal((3, 0, 0), (rig.Counters[Signal.Traces].DroppedFor(DropReason.Damaged), rig.Counters[Signal.Traces].Stored, rig.Counters[Signal.Traces].Buffered));
        Assert.Equal((1, 0), (rig.Counters[Signal.Logs].Delivered, rig.Counters[Signal.Logs].Stored));
        Assert.Empty(Files);
    }

    /// <summary>Its budget for a minute is that of any process: what it finds was sent before.</summary>
    [Fact]
    public async Task What_is_found_is_sent_again_within_the_budget()
    {
        const int Payloads = 5;
        await using LocalIntake intake = await LocalIntake.StartAsync();
        intake.SetFault("*", IntakeFault.Status(500));
        using (Spool spool = NewSpool())
        {
            FlushRig first = await FlushRig.StartAsync(spool, new JumpingClock(), intake);
            for (int i = 0; i < Payloads; i++)
            {
                first.Put(IntakeKind.Traces, sizeBytes: 4 * 1024 * 1024);
            }

            Assert.Equal(new FlushReport(0, 0, Payloads), await first.FlushAsync());
        }

        intake.ClearFault();
        using Spool again = NewSpool();
        FlushRig second = await FlushRig.StartAsync(again, new JumpingClock(), intake);
        Assert.Equal(new FlushReport(3, 0, 0), await second.FlushAsync());
        second.Time.Jump(TimeSpan.FromSeconds(62));
        Assert.Equal(new FlushReport(2, 0, 0), await second.FlushAsync());
    }

    [Fact]
    public async Task What_is_on_board_at_the_end_waits_for_the_next_process()
    {
        await using LocalIntake intake = await LocalIntake.StartAsync();
        using (Spool spool = NewSpool())
        {
            FlushRig first = await FlushRig.StartAsync(spool, new JumpingClock(), intake);
            intake.SetFault("*", IntakeFault.Hang);
            first.Put(IntakeKind.Traces, units: 3);
            await first.Flushes.FlushLastAsync(Deadline.In(TimeProvider.System, TimeSpan.FromSeconds(0.5)));
            first.Put(IntakeKind.Logs, units: 2);
            Assert.Equal(0, first.Flushes.DropRest());
            Assert.Equal((3, 2), (first.Counters[Signal.Traces].Stored, first.Counters[Signal.Logs].Stored));
        }

        intake.ClearFault();
        using Spool again = NewSpool();
        FlushRig second = await FlushRig.StartAsync(again, new JumpingClock(), intake);
        Assert.Equal(new FlushReport(5, 0, 0), await second.FlushAsync());
    }

    [Fact]
    public async Task Files_are_the_owners_and_hold_no_key()
    {
        await using LocalIntake intake = await LocalIntake.StartAsync();
        using Spool spool = NewSpool();
        (string, string) copies = (Keys.AdditionalTraces, $$"""{"{{intake.Url}}":["{{new string('b', 32)}}"]}""");
        FlushRig rig = await FlushRig.StartAsync(spool, new JumpingClock(), intake, copies);
        intake.SetFault("*", IntakeFault.Status(503));
        rig.Put(IntakeKind.Traces);
        await rig.FlushAsync();
        Assert.Equal(2, Files.Length);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, ModeOf(_folder));
        foreach (string file in Files)
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, ModeOf(file));
            string text = System.Text.Encoding.Latin1.GetString(File.ReadAllBytes(file));
            Assert.DoesNotContain(FlushRig.Key, text, StringComparison.Ordinal);
            Assert.DoesNotContain(new string('b', 32), text, StringComparison.Ordinal);
        }
    }

    /// <summary>Cut at each byte and with each byte changed: counted as damaged files, never sent, never thrown.</summary>
    [Fact]
    public async Task Damaged_files_cost_themselves()
    {
        await using LocalIntake intake = await LocalIntake.StartAsync();
        byte[] whole;
        using (Spool spool = NewSpool())
        {
            FlushRig rig = await FlushRig.StartAsync(spool, new JumpingClock(), intake);
            intake.SetFault("*", IntakeFault.Status(503));
            rig.Put(IntakeKind.Logs, sizeBytes: 10);
            await rig.FlushAsync();
            whole = await File.ReadAllBytesAsync(Assert.Single(Files), TestContext.Current.CancellationToken);
        }

        intake.ClearFault();
        intake.Clear();
        int count = 0;
        for (int i = 0; i < whole.Length; i++)
        {
            byte[] changed = [.. whole];
            changed[i] ^= 0x40;
            await File.WriteAllBytesAsync(Path.Combine(_folder, $"{++count:x16}.mayfly"), changed, TestContext.Current.CancellationToken);
            await File.WriteAllBytesAsync(Path.Combine(_folder, $"{++count:x16}.mayfly"), whole[..i], TestContext.Current.CancellationToken);
        }

        await File.WriteAllBytesAsync(Path.Combine(_folder, "0.tmp"), whole, TestContext.Current.CancellationToken);
        using Spool again = NewSpool();
        FlushRig second = await FlushRig.StartAsync(again, new JumpingClock(), intake);
        Assert.Equal(new FlushReport(1, 0, 0), await second.FlushAsync());
        Assert.Equal(count, second.Counters.Omitted(Omission.SpooledFile));
        Assert.Equal(["lock"], Directory.GetFiles(_folder).Select(Path.GetFileName));
    }

    [Fact]
    public async Task It_is_bounded_and_the_oldest_go()
    {
        await using LocalIntake intake = await LocalIntake.StartAsync();
        using Spool spool = NewSpool(limitBytes: 3_500_000);
        FlushRig rig = await FlushRig.StartAsync(spool, new JumpingClock(), intake);
        intake.SetFault("*", IntakeFault.Status(503));
        for (int i = 0; i < 5; i++)
        {
            rig.Put(IntakeKind.Traces, units: 1 << i, sizeBytes: 1_000_000);
        }

        Assert.Equal(new FlushReport(0, 3, 28), await rig.FlushAsync());
        Assert.Equal((3, 28), (rig.Counters[Signal.Traces].DroppedFor(DropReason.SpoolFull), rig.Counters[Signal.Traces].Stored));
        Assert.Equal(3, Files.Length);
    }

    /// <summary>What was meant for an intake that the settings do not name any more goes nowhere.</summary>
    [Fact]
    public async Task Other_settings_do_not_get_it()
    {
        await using LocalIntake intake = await LocalIntake.StartAsync();
        await using LocalIntake other = await LocalIntake.StartAsync();
        using (Spool spool = NewSpool())
        {
            FlushRig rig = await FlushRig.StartAsync(spool, new JumpingClock(), intake);
            intake.SetFault("*", IntakeFault.Status(503));
            rig.Put(IntakeKind.Logs, units: 4);
            await rig.FlushAsync();
        }

        using Spool again = NewSpool();
        FlushRig second = await FlushRig.StartAsync(again, new JumpingClock(), other);
        second.Put(IntakeKind.Traces);
        Assert.Equal(new FlushReport(1, 0, 0), await second.FlushAsync());
        Assert.Equal((4, 4), (second.Counters[Signal.Logs].Recovered, second.Counters[Signal.Logs].DroppedFor(DropReason.Unreachable)));
        Assert.Empty(Files);
    }

    public static TheoryData<string> Disks => ["a file in its place", "read-only", "another agent"];

    [Theory]
    [MemberData(nameof(Disks))]
    public async Task A_folder_that_cannot_be_used_costs_one_line(string disk)
    {
        await using LocalIntake intake = await LocalIntake.StartAsync();
        using Spool? owner = disk == "another agent" ? NewSpool() : null;
        if (disk == "a file in its place")
        {
            await File.WriteAllTextAsync(_folder, "x", TestContext.Current.CancellationToken);
        }
        else if (disk == "another agent")
        {
            Directory.CreateDirectory(_folder);
            Assert.Empty(owner!.Files());
        }

        using var spool = new Spool(disk == "read-only" ? "/proc/mayfly" : _folder, 1_000_000, TimeProvider.System, new Log(LogLevel.Info, _output));
        FlushRig rig = await FlushRig.StartAsync(spool, new JumpingClock(), intake);
        intake.SetFault("*", IntakeFault.Status(503));
        rig.Put(IntakeKind.Logs);
        rig.Put(IntakeKind.Traces);
        Assert.Equal(new FlushReport(0, 0, 2), await rig.FlushAsync());
        Assert.Equal((0, 1), (rig.Counters[Signal.Logs].Stored, rig.Counters[Signal.Logs].Buffered));
        intake.ClearFault();
        rig.Time.Jump(TimeSpan.FromSeconds(3));
        Assert.Equal(new FlushReport(2, 0, 0), await rig.FlushAsync());
        string line = System.Text.Encoding.UTF8.GetString(_output.ToArray());
        Assert.Equal(1, line.Count(static c => c == '\n'));
        Assert.Contains("kept in memory instead", line, StringComparison.Ordinal);
    }

    private static UnixFileMode ModeOf(string path) => OperatingSystem.IsWindows() ? throw new PlatformNotSupportedException() : File.GetUnixFileMode(path);

    private Spool NewSpool(long limitBytes = 32 * 1024 * 1024) => new(_folder, limitBytes, TimeProvider.System, new Log(LogLevel.Info, _output));

    private static Signal SignalOf(IntakeKind kind) => kind switch
    {
        IntakeKind.Traces => Signal.Traces,
        IntakeKind.Logs => Signal.Logs,
        IntakeKind.Stats => Signal.Stats,
        _ => Signal.Metrics,
    };
}
