using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Mayfly.Platforms.Lambda.Usage;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.Usage;

/// <summary>Whatever <c>/proc</c> holds, reading it is a status and never an exception.</summary>
public class GarbageTests
{
    private static readonly string[] Pieces =
    [
        "cpu", "cpu ", "cpu0 ", "cpu99999999999999999999 ", " ", "\t", "\n", "0", "1", "-1", "18446744073709551615", "18446744073709551616",
        "1e999", "NaN", ".", "1.5", "Ceth1:", "vinternal_1: ", ":", "Max open files", "Max processes ", "unlimited", "\0", "é",
    ];

    [Fact]
    public void Random_bytes_never_throw() =>
        Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), static bytes => ParseAll(bytes)).Check(FsCheck.Config.QuickThrowOnFailure.WithMaxTest(2_000));

    [Fact]
    public void Random_lines_of_the_right_words_never_throw()
    {
        Gen<string> texts = Gen.Elements(Pieces).ListOf().Select(static pieces => string.Concat(pieces));
        Prop.ForAll(texts.ToArbitrary(), static text => ParseAll(Encoding.UTF8.GetBytes(text))).Check(FsCheck.Config.QuickThrowOnFailure.WithMaxTest(5_000));
    }

    [Fact]
    public void Random_contents_of_a_whole_tree_never_throw()
    {
        using ProcTree tree = ProcTree.Healthy();
        var reader = new ProcReader(tree.Root);
        using var sampler = new UsageSampler(new ProcReader(tree.Root), tree.Tmp, isConcurrent: false, new ManualTime());
        Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), bytes =>
        {
            foreach (string file in new[] { "stat", "uptime", "net/dev", "14/limits" })
            {
                tree.With(file, bytes);
            }

            reader.TryReadCpu(out _);
            reader.TryReadUptime(out _);
            reader.TryReadNetwork(out _);
            sampler.Sample();
            return reader.TryListProcesses(out ReadOnlySpan<int> processes) && reader.ReadLimits(processes).OpenFiles <= 1024;
        }).Check(FsCheck.Config.QuickThrowOnFailure.WithMaxTest(100));
    }

    private static bool ParseAll(byte[] bytes)
    {
        bool isCpu = CpuTimes.TryParse(bytes, 10, out CpuTimes times);
        bool isUptime = ProcText.TryParseUptime(bytes, out double uptimeMs);
        NetworkBytes.TryParse(bytes, out _);
        var entries = new DirectoryEntries(bytes);
        int names = 0;
        while (entries.TryTake(out _))
        {
            names++;
        }

        return (!isCpu || times is { UserMs: >= 0, Cores: not null })
            && (!isUptime || (double.IsFinite(uptimeMs) && uptimeMs >= 0))
            && names <= bytes.Length
            && ProcessLimits.Highest.LoweredBy(bytes) is { OpenFiles: <= 1024, Threads: <= 1024 };
    }
}
