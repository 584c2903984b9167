using Mayfly.EndToEnd.Agents;
using Mayfly.EndToEnd.Platform;
using Mayfly.Local.Intake;
using Mayfly.Testing;
using Xunit;

namespace Mayfly.EndToEnd;

/// <summary>No secret is printed, whatever goes wrong with it. Every other test here watches its agent too (<see cref="SecretWatch"/>).</summary>
public class SecretTests
{
    public static TheoryData<string> Agents => AgentUnderTest.Names;

    /// <summary>The check itself: it sees a secret, a large part of one, and not the end that tells keys apart.</summary>
    [Fact]
    public void The_watch_can_fail()
    {
        var calm = new SecretWatch();
        calm.See($"MAYFLY | DEBUG | key {new string('*', 28)}{SecretWatch.ApiKey[^4..]}");
        calm.MustBeClean();
        foreach (string leak in SecretWatch.Variables.Values.SelectMany(static secret => new[] { secret, secret[..12], secret[^10..] }))
        {
            var watch = new SecretWatch();
            watch.See($"MAYFLY | DEBUG | x={leak}.");
            Assert.ThrowsAny<Xunit.Sdk.XunitException>(watch.MustBeClean);
        }
    }

    /// <summary>And it is in place: what a process prints comes by it.</summary>
    [Fact]
    public async Task An_agent_that_prints_its_key_is_caught()
    {
        var leaky = new Local.Emulator.ProcessCommand("/bin/sh", ["-c", "echo key $DD_API_KEY"]);
        AgentProcess agent = AgentProcess.StartBeside(leaky, "http://127.0.0.1:1", FreePorts.Pick(), new Dictionary<string, string>());
        await agent.ExitCodeAsync(Until.Patience);
        await Assert.ThrowsAnyAsync<Xunit.Sdk.XunitException>(async () => await agent.DisposeAsync());
    }

    /// <summary>Keys in settings that are not understood, secrets that cannot be had, intakes that refuse the key: a lot is said, and none of it is a secret.</summary>
    [Theory, MemberData(nameof(Agents))]
    public async Task Settings_that_are_wrong_are_shown_without_their_secrets(string agent)
    {
        string[] keys = [.. Enumerable.Range(0, 8).Select(static _ => SecretWatch.Random(32))];
        await using LocalIntake intake = await LocalIntake.StartAsync();
        intake.SetFault("*", IntakeFault.Status(403));
        var variables = new Dictionary<string, string>
        {
            ["DD_ADDITIONAL_ENDPOINTS"] = $$"""{"ftp://x":["{{keys[0]}}"],"https://y" oops ["{{keys[1]}}"]}""",
            ["DD_APM_ADDITIONAL_ENDPOINTS"] = $$"""{"ftp://x":["{{keys[2]}}"]}""",
            ["DD_LOGS_CONFIG_ADDITIONAL_ENDPOINTS"] = $$"""[{"api_key":"{{keys[3]}}"}] oops""",
            ["DD_PROXY_HTTPS"] = $"ftp://user:{keys[4]}@proxy:3128",
            ["HTTPS_PROXY"] = $"ftp://{keys[5]}:{keys[6]}@proxy:3128",
            ["DD_API_KEY_SECRET_ARN"] = "arn:aws:secretsmanager:us-east-1:123456789012:secret:x",
            ["AWS_ENDPOINT_URL"] = $"http://user:{keys[7]}@127.0.0.1:1",
            ["AWS_ACCESS_KEY_ID"] = "AKIDEXAMPLE",
            ["DD_LOGS_ENABLED"] = "perhaps",
        };
        var options = new ScriptedOptions { Intake = intake, Variables = variables, Secrets = keys };
        await using ScriptedSandbox sandbox = await ScriptedSandbox.StartAsync(agent, options);
        await sandbox.BeginAsync("r-1");
        await sandbox.TraceAsync("one");
        await sandbox.DatagramAsync("m:1|c");
        await sandbox.FinishAsync("r-1");
        await sandbox.ShutDownAsync();
        foreach (string name in variables.Keys.Where(static name => name is not ("AWS_ENDPOINT_URL" or "AWS_ACCESS_KEY_ID")))
        {
            Assert.Contains(sandbox.Agent.Lines, line => line.Contains(name, StringComparison.Ordinal));
        }
    }

    /// <summary>`mayfly config` with the same secrets: exit codes, and what is printed.</summary>
    [Theory, MemberData(nameof(Agents))]
    public async Task Mayfly_config_says_what_holds(string agent)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("mayfly-config-");
        try
        {
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, "datadog.yaml"), "env: prod\napm_config:\n  peer_tags_aggregation: false\n");
            Assert.Equal((0, true), await ConfigAsync(agent, folder.FullName, ["config"], "line 3: apm_config.peer_tags_aggregation"));
            Assert.Equal((0, true), await ConfigAsync(agent, folder.FullName, ["config", "--json"], "\"source\": \"datadog.yaml, line 1: env\""));
            Assert.Equal((1, true), await ConfigAsync(agent, folder.FullName, ["config"], "Did you mean DD_SITE?", ("DD_STIE", "datadoghq.eu")));
            Assert.Equal((2, true), await ConfigAsync(agent, folder.FullName, ["config", "--yaml"], "takes no option but --json"));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<(int ExitCode, bool IsSaid)> ConfigAsync(
        string agent, string taskRoot, string[] arguments, string expected, params (string Name, string Value)[] more)
    {
        Local.Emulator.ProcessCommand command = AgentUnderTest.Command(agent);
        var variables = new Dictionary<string, string> { ["LAMBDA_TASK_ROOT"] = taskRoot };
        foreach ((string name, string value) in more)
        {
            variables[name] = value;
        }

        await using AgentProcess process = AgentProcess.StartBeside(
            new Local.Emulator.ProcessCommand(command.FileName, [.. command.Arguments, .. arguments]), "http://127.0.0.1:1", FreePorts.Pick(), variables);
        int exitCode = await process.ExitCodeAsync(Until.Patience);
        return (exitCode, process.Lines.Any(line => line.Contains(expected, StringComparison.Ordinal)));
    }
}
