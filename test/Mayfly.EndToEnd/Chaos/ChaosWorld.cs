using Mayfly.EndToEnd.Agents;
using Mayfly.EndToEnd.Platform;
using Mayfly.Local.Emulator;
using Mayfly.Local.Intake;

namespace Mayfly.EndToEnd.Chaos;

/// <summary>What stands around the agents of one story: the intake, the way to it, the disk, and what goes wrong with them.</summary>
internal sealed class ChaosWorld(Trouble trouble, string agent, LocalIntake intake, string folder)
{
    /// <summary>Only this story's agents know it.</summary>
    private const string IntakeName = "intake.mayfly-test";

    private const string OwnHosts = "mount --bind \"$0\" /etc/hosts";

    /// <summary>Of 8 KiB, none of which is left.</summary>
    private const string FullDisk = "mkdir -p \"$0\" && mount -t tmpfs -o size=8k none \"$0\" && { head -c 16384 /dev/zero > \"$0/full\" || true; } 2> /dev/null";

    private static readonly ProcessCommand Nothing = new("true");

    private readonly string _hosts = Path.Combine(folder, "hosts");

    /// <summary>The folder of what the agents of this sandbox write.</summary>
    public string TemporaryFolder { get; } = Path.Combine(folder, "tmp");

    /// <summary>False where the machine does not let a process have a file system of its own.</summary>
    public static async Task<bool> CanHaveAsync(Trouble trouble) =>
        trouble is not (Trouble.NameIsGone or Trouble.DiskFull) || await PrivateMounts.WrapAsync(Nothing, "true") is not null;

    /// <summary>A process of the sandbox.</summary>
    public async Task<ScriptedSandbox> StartAsync(bool isFirst, string strategy)
    {
        Directory.CreateDirectory(TemporaryFolder);
        var variables = new Dictionary<string, string> { ["DD_SERVERLESS_FLUSH_STRATEGY"] = strategy };
        ProcessCommand command = AgentUnderTest.Command(agent);
        switch (trouble)
        {
            case Trouble.DiskUnusable:
                variables["MAYFLY_SPOOL_PATH"] = "/proc/mayfly";
                break;
            case Trouble.DiskFull:
                string disk = Path.Combine(folder, "disk");
                variables["MAYFLY_SPOOL_PATH"] = Path.Combine(disk, "spool");
                command = (await PrivateMounts.WrapAsync(command, FullDisk, disk))!;
                break;
            case Trouble.NameNotFound when isFirst:
                SendTo("http://no-such-host.invalid:1");
                break;
            case Trouble.NameIsGone:
                SendTo($"http://{IntakeName}:{intake.Port}");
                command = (await PrivateMounts.WrapAsync(command, OwnHosts, _hosts))!;
                await WriteHostsAsync(!isFirst || !IsBroken);
                break;
            case Trouble.ProxyRefuses:
                // The intake's double stands in the proxy's place: it takes what a proxy would.
                SendTo("http://intake.invalid:81");
                variables["DD_PROXY_HTTP"] = intake.Url;
                break;
        }

        return await ScriptedSandbox.StartAsync(
            agent, new ScriptedOptions { Intake = intake, TemporaryFolder = TemporaryFolder, Variables = variables, Command = command });

        void SendTo(string url)
        {
            foreach ((string name, string _) in LocalIntake.VariablesFor(url))
            {
                variables[name] = url;
            }
        }
    }

    private bool IsBroken { get; set; }

    /// <param name="burst">Requests that a status hits; 0: all.</param>
    public async Task BreakAsync(int burst)
    {
        IsBroken = true;
        if (trouble == Trouble.NameIsGone)
        {
            // With the connections that it has the agent would need no name.
            await WriteHostsAsync(isThere: false);
            await intake.RefuseConnectionsAsync();
            await intake.AcceptConnectionsAsync();
            return;
        }

        await BreakAsync(intake, trouble, burst > 0 ? burst : int.MaxValue);
    }

    public async Task RepairAsync()
    {
        IsBroken = false;
        intake.ClearFault();
        await intake.AcceptConnectionsAsync();
        if (trouble == Trouble.NameIsGone)
        {
            await WriteHostsAsync(isThere: true);
        }
    }

    internal static Task BreakAsync(LocalIntake intake, Trouble trouble, int requests = int.MaxValue)
    {
        switch (trouble)
        {
            case Trouble.RefusesConnections:
            case Trouble.ProxyRefuses:
                return intake.RefuseConnectionsAsync();
            case Trouble.Hangs:
                intake.SetFault("*", IntakeFault.Hang);
                break;
            case Trouble.IsSlow:
                intake.SetFault("*", IntakeFault.Slow(TimeSpan.FromSeconds(3)));
                break;
            case Trouble.ResetsConnections:
                intake.SetFault("*", IntakeFault.Reset);
                break;
            case Trouble.HalfCloses:
                intake.SetFault("*", IntakeFault.HalfClose);
                break;
            case Trouble.ClosesMidResponse:
                intake.SetFault("*", IntakeFault.CloseMidResponse);
                break;
            case Trouble.Answers429:
                intake.SetFault("*", IntakeFault.Status(429, requests, retryAfterSeconds: 30));
                break;
            case Trouble.Answers500:
                intake.SetFault("*", IntakeFault.Status(500, requests));
                break;
            case Trouble.Answers503:
                intake.SetFault("*", IntakeFault.Status(503, requests));
                break;
            case Trouble.DiskUnusable:
            case Trouble.DiskFull:
                intake.SetFault("*", IntakeFault.Status(500));
                break;
            case Trouble.Answers403:
                intake.SetFault("*", IntakeFault.Status(403));
                break;
            case Trouble.TracesOnly500:
                intake.SetFault(IntakePaths.Traces, IntakeFault.Status(500));
                break;
            case Trouble.TracesOnlyHang:
                intake.SetFault(IntakePaths.Traces, IntakeFault.Hang);
                break;
        }

        return Task.CompletedTask;
    }

    /// <summary>The same file as before: it is mounted.</summary>
    private Task WriteHostsAsync(bool isThere) => File.WriteAllTextAsync(_hosts, "127.0.0.1 localhost\n" + (isThere ? $"127.0.0.1 {IntakeName}\n" : ""));
}
