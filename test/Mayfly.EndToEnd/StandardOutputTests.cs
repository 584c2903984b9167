using System.Diagnostics;
using Mayfly.EndToEnd.Agents;
using Mayfly.Local.Emulator;
using Xunit;

namespace Mayfly.EndToEnd;

/// <summary>What the agent prints where nobody listens: it is lost, and nothing else is.</summary>
public class StandardOutputTests
{
    public static TheoryData<string> Agents => AgentUnderTest.Names;

    /// <summary>Programs that spawn an agent close its output, or end before it.</summary>
    [Theory, MemberData(nameof(Agents))]
    public async Task Output_that_nobody_takes_does_not_end_the_agent(string agent)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs bash");
        Assert.Equal("0", await PrintedAsync(agent, "\"$@\" >&-; echo $?"));
        Assert.Equal("0", await PrintedAsync(agent, "\"$@\" | true; echo ${PIPESTATUS[0]}"));
    }

    /// <summary>Into a file that others write to as well: behind what is there.</summary>
    [Theory, MemberData(nameof(Agents))]
    public async Task Output_is_added_to_a_file(string agent)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs bash");
        string[] counts = (await PrintedAsync(agent, "\"$@\" | wc -l; f=$(mktemp); { \"$@\"; \"$@\"; } > $f; wc -l < $f; rm $f")).Split('\n');
        Assert.InRange(int.Parse(counts[0]), 50, 1000);
        Assert.Equal(2 * int.Parse(counts[0]), int.Parse(counts[1]));
    }

    private static async Task<string> PrintedAsync(string agent, string script)
    {
        ProcessCommand command = AgentUnderTest.Command(agent);
        var start = new ProcessStartInfo("bash") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in (string[])["-c", script, "bash", command.FileName, .. command.Arguments, "config"])
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment.Clear();
        start.Environment["PATH"] = Environment.GetEnvironmentVariable("PATH");
        start.Environment["DD_API_KEY"] = SecretWatch.ApiKey;
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string printed = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken).WaitAsync(Until.Patience);
        await errors.WaitAsync(Until.Patience);
        return printed.Trim();
    }
}
