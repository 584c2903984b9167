using System.Diagnostics;
using System.Text;
using Mayfly.Platforms.Lambda.Usage;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.Usage;

/// <summary>docs/spec/01-lambda-lifecycle.md, section 5, on made-up trees and on this machine's own; TV12, TV13.</summary>
public class ProcReaderTests
{
    [Theory]
    [InlineData("TV12 vinternal_1", "vinternal_1:     180  3 0 0 0 0 0 0  254  4 0 0 0 0 0 0\n", 180, 254)]
    [InlineData("TV12 Ceth1", "    Ceth1:  309048 577 0 0 0 0 0 0 84870 696 0 0 0 0 0 0\n", 309048, 84870)]
    [InlineData("vint_runtime", "vint_runtime: 1 0 0 0 0 0 0 0 2 0 0 0 0 0 0 0\n", 1, 2)]
    [InlineData("the name may go on", "vinternal_12: 1 0 0 0 0 0 0 0 2 0\n", 1, 2)]
    [InlineData("no space after the colon", "Ceth1:1 0 0 0 0 0 0 0 2 0\n", 1, 2)]
    [InlineData("nothing after the ninth number", "Ceth1: 1 0 0 0 0 0 0 0 2", 1, 2)]
    [InlineData("the first line wins", "lo: 7 0 0 0 0 0 0 0 7 0\nCeth1: 1 0 0 0 0 0 0 0 2 0\nvinternal_1: 3 0 0 0 0 0 0 0 4 0\n", 1, 2)]
    [InlineData("headers are skipped", "Inter-|   Receive  |  Transmit\n face |bytes    packets |bytes\nCeth1: 1 0 0 0 0 0 0 0 2 0\n", 1, 2)]
    [InlineData("other interfaces", "lo: 1 0 0 0 0 0 0 0 2 0\neth0: 1 0 0 0 0 0 0 0 2 0\nxvinternal_1: 1 0 0 0 0 0 0 0 2 0\n", null, null)]
    [InlineData("too few numbers", "Ceth1: 1 0 0 0 0 0 0 0\n", null, null)]
    [InlineData("no number", "Ceth1: a 0 0 0 0 0 0 0 2\n", null, null)]
    [InlineData("a bad line decides too", "Ceth1: a\nvinternal_1: 3 0 0 0 0 0 0 0 4 0\n", null, null)]
    [InlineData("no colon", "Ceth1 1 0 0 0 0 0 0 0 2\n", null, null)]
    [InlineData("empty", "", null, null)]
    public void Network(string row, string text, int? received, int? sent)
    {
        using ProcTree tree = new ProcTree().With("net/dev", text);
        bool isRead = new ProcReader(tree.Root).TryReadNetwork(out NetworkBytes bytes);
        Assert.True(isRead == received.HasValue, row);
        Assert.True(bytes == (isRead ? new NetworkBytes((ulong)received!, (ulong)sent!) : default), row);
    }

    [Theory]
    [InlineData("TV13 the lower of two", "1024", "900", 900)]
    [InlineData("TV13 the order does not matter", "900", "1024", 900)]
    [InlineData("1024 is where the minimum starts", "65536", "4096", 1024)]
    [InlineData("unlimited is no number", "unlimited", "unlimited", 1024)]
    [InlineData("unlimited beside a number", "unlimited", "512", 512)]
    public void Limits(string row, string first, string second, int expected)
    {
        using ProcTree tree = new ProcTree()
            .WithProcess(2, 0, 1, ProcTree.Limits(first, "1024")).WithProcess(3, 0, 1, ProcTree.Limits(second, "1024"))
            .WithProcess(4, 0, 1, ProcTree.Limits("1024", first)).WithProcess(5, 0, 1, ProcTree.Limits("1024", second));
        Assert.True(LimitsOf(tree) == new ProcessLimits((ulong)expected, (ulong)expected), row);
    }

    [Theory]
    [InlineData("")]
    [InlineData("garbage")]
    [InlineData("Max open files")]
    [InlineData("Max open files   \nMax processes")]
    [InlineData("Max open files   -5   10  files\nMax processes x y processes\n")]
    [InlineData("max open files   5   10  files\n")]
    public void TV13_malformed_limits_leave_1024(string text)
    {
        using ProcTree tree = new ProcTree().WithProcess(2, 0, 1, text);
        Assert.Equal(ProcessLimits.Highest, LimitsOf(tree));
    }

    [Fact]
    public void Files_and_threads_are_summed_over_numeric_directories()
    {
        using ProcTree tree = ProcTree.Healthy().With("self/fd/0", "").With("sys/kernel/pid_max", "1").With("12a/fd/0", "").With("77", "a file");
        var reader = new ProcReader(tree.Root);
        Assert.True(reader.TryListProcesses(out ReadOnlySpan<int> processes));
        Assert.Equal([1, 14, 77], processes.ToArray().Order());
        Assert.Equal(8, reader.CountOpenFiles(processes));
        Assert.False(reader.TryCountThreads(processes, out _), "77 is there and cannot be looked into");

        tree.Without("77");
        Assert.True(reader.TryListProcesses(out processes));
        Assert.True(reader.TryCountThreads(processes, out long threads));
        Assert.Equal(8, threads);
    }

    [Fact]
    public void More_entries_than_the_buffer_holds_are_all_counted()
    {
        using ProcTree tree = new ProcTree().WithProcess(2, files: 3_000, threads: 1);
        for (int id = 100; id < 1_100; id++)
        {
            Directory.CreateDirectory(Path.Combine(tree.Root, $"{id}/task/{id}"));
        }

        var reader = new ProcReader(tree.Root);
        Assert.True(reader.TryListProcesses(out ReadOnlySpan<int> processes));
        Assert.Equal([2, .. Enumerable.Range(100, 1_000)], processes.ToArray().Order());
        Assert.Equal(3_000, reader.CountOpenFiles(processes));
        Assert.True(reader.TryCountThreads(processes, out long threads));
        Assert.Equal(1_001, threads);
    }

    [Fact]
    public void A_process_whose_files_may_not_be_listed_is_skipped()
    {
        using ProcTree tree = ProcTree.Healthy().Without("14/fd");
        var reader = new ProcReader(tree.Root);
        Assert.True(reader.TryListProcesses(out ReadOnlySpan<int> processes));
        Assert.Equal(3, reader.CountOpenFiles(processes));
    }

    [Fact]
    public void A_process_whose_threads_cannot_be_counted_costs_the_number_of_threads()
    {
        using ProcTree tree = ProcTree.Healthy().Without("14/task");
        var reader = new ProcReader(tree.Root);
        Assert.True(reader.TryListProcesses(out ReadOnlySpan<int> processes));
        Assert.False(reader.TryCountThreads(processes, out _));
    }

    [Fact]
    public void A_process_that_ended_after_it_was_listed_has_no_threads()
    {
        using ProcTree tree = ProcTree.Healthy();
        var reader = new ProcReader(tree.Root);
        Assert.True(reader.TryListProcesses(out ReadOnlySpan<int> processes));
        tree.Without("14");
        Assert.True(reader.TryCountThreads(processes, out long threads));
        Assert.Equal(1, threads);
        Assert.Equal(3, reader.CountOpenFiles(processes));
    }

    [Fact]
    public void A_large_file_is_read_to_its_limit_and_whole_lines_of_it_count()
    {
        string cores = string.Concat(Enumerable.Range(0, 2_000).Select(static core => $"cpu{core} 1 0 1 {core} 0 0 0 0 0 0\n"));
        using ProcTree tree = new ProcTree().With("stat", $"cpu  5 0 1 1\n{cores}intr {new string('7', 1024 * 1024)}\n");
        Assert.True(new ProcReader(tree.Root, msPerTick: 10).TryReadCpu(out CpuTimes times));
        Assert.Equal(2_000, times.Cores.Length);
        Assert.Equal(new CoreIdle(1_999, 19_990), times.Cores[^1]);
    }

    [Fact]
    public void A_tree_that_is_not_there_gives_nothing()
    {
        var reader = new ProcReader(Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString()));
        Assert.False(reader.TryReadCpu(out _));
        Assert.False(reader.TryReadUptime(out _));
        Assert.False(reader.TryReadNetwork(out _));
        Assert.False(reader.TryListProcesses(out _));
        Assert.False(TmpSpace.TryRead(TmpSpace.PathOf("/not/there"), out _));
    }

    [Fact]
    public void This_machines_own_tree_agrees_with_the_base_library()
    {
        var reader = new ProcReader();
        int self = Environment.ProcessId;
        Assert.True(reader.TryListProcesses(out ReadOnlySpan<int> processes));
        Assert.True(processes.Contains(self));

        // The number of threads may change between the two looks, by few.
        Assert.True(reader.TryCountThreads([self], out long threads));
        Assert.InRange(threads, Process.GetCurrentProcess().Threads.Count - 20, Process.GetCurrentProcess().Threads.Count + 20);
        Assert.InRange(threads, 2, long.MaxValue);

        Assert.True(reader.TryReadCpu(out CpuTimes times));
        Assert.Equal(File.ReadLines("/proc/stat").Count(static line => line.StartsWith("cpu", StringComparison.Ordinal)) - 1, times.Cores.Length);
        Assert.InRange(times.IdleMs, 1, double.MaxValue);
        Assert.True(reader.TryReadUptime(out double uptimeMs));
        Assert.InRange(uptimeMs, Environment.TickCount64 - 60_000, Environment.TickCount64 + 60_000);
    }

    [Fact]
    public void Files_that_this_process_opens_are_counted()
    {
        // Other tests open and close files at the same time: hence many, and a margin.
        var reader = new ProcReader();
        long before = reader.CountOpenFiles([Environment.ProcessId]);
        FileStream[] open = [.. Enumerable.Range(0, 800).Select(static _ => File.OpenRead("/proc/self/stat"))];
        long after = reader.CountOpenFiles([Environment.ProcessId]);
        Array.ForEach(open, static file => file.Dispose());
        Assert.InRange(after - before, 600, 1_000);
    }

    [Fact]
    public void Temporary_space_agrees_with_the_base_library()
    {
        string directory = Path.GetTempPath();
        Assert.True(TmpSpace.TryRead(TmpSpace.PathOf(directory), out TmpSpace space));
        var drive = new DriveInfo(directory);
        Assert.Equal(drive.TotalSize, space.Size);
        Assert.InRange(space.Size - space.Used - drive.AvailableFreeSpace, -256e6, 256e6);
    }

    [Fact]
    public void Directory_entries_stop_at_a_length_that_cannot_be()
    {
        byte[] entry = [.. new byte[16], 24, 0, 4, .. "12\0\0\0"u8];
        foreach (int length in new[] { 0, 1, 18, 19, 25, 1000, 65535 })
        {
            byte[] second = [.. entry];
            second[16] = (byte)length;
            second[17] = (byte)(length >> 8);
            var entries = new DirectoryEntries([.. entry, .. second]);
            Assert.True(entries.TryTake(out ReadOnlySpan<byte> name));
            Assert.Equal("12", Encoding.UTF8.GetString(name));
            Assert.False(entries.TryTake(out _));
        }
    }

    private static ProcessLimits LimitsOf(ProcTree tree)
    {
        var reader = new ProcReader(tree.Root);
        Assert.True(reader.TryListProcesses(out ReadOnlySpan<int> processes));
        return reader.ReadLimits(processes);
    }
}
