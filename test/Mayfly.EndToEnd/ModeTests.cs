using Mayfly.EndToEnd.Agents;
using Mayfly.EndToEnd.Compat;
using Mayfly.EndToEnd.Functions;
using Mayfly.EndToEnd.Reference;
using Mayfly.Local.Emulator;
using Mayfly.Testing;
using Xunit;

namespace Mayfly.EndToEnd;

/// <summary>
/// The mode side by side with the published mini agent: the same statistics, profiles and data streams into both, what their intakes got compared field by
/// field. Every difference is a row of docs/differences-mini-agent-mode.md, and every row is needed. Traces: docs/differences-mini-agent.md.
/// </summary>
public class ModeTests
{
    internal const long StatsStart = 1_700_000_000_000_000_000;

    private const string Package = "@datadog/serverless-compat-linux-x64";

    private static readonly string Reference = Path.Combine(AgentUnderTest.Root, "test", "Mayfly.EndToEnd", "Reference");

    private static readonly string Page = Path.Combine(AgentUnderTest.Root, "docs", "differences-mini-agent-mode.md");

    private static readonly KeyValuePair<string, string>[] Settings =
    [
        new("DD_ENV", "test"), new("DD_SERVICE", "Shop"), new("DD_VERSION", "7"), new("DD_TAGS", "team:a,url:http://x:80"),
        new("DD_SERVERLESS_COMPAT_VERSION", "1.0"),
    ];

    public static TheoryData<string> Agents => AgentUnderTest.Names;

    [Theory, MemberData(nameof(Agents))]
    public async Task Both_send_the_same_but_for_the_rows_of_the_page(string agent)
    {
        ProcessCommand mini = await MiniAgentAsync();
        await using Beside theirs = await Beside.StartAsync(mini, hasLogs: false, Settings);
        await using Beside ours = await Beside.StartAsync(AgentUnderTest.Command(agent), hasLogs: true, Settings);
        Dictionary<string, string> theirAnswers = await SendAsync(theirs);
        Dictionary<string, string> ourAnswers = await SendAsync(ours);
        Assert.True(
            await theirs.Intake.WaitUntilAsync(static one => one.Stats.Count > 0 && one.Requests.Any(static request => request.Path == "/api/v2/profile"), Until.Patience),
            theirs.Agent.ToString());
        ours.Agent.SendSigTerm();
        Assert.Equal(0, await ours.Agent.ExitCodeAsync(Until.Patience));
        Dictionary<string, string> mine = ModeOutcome.Of(ours.Intake, ourAnswers);
        Dictionary<string, string> other = ModeOutcome.Of(theirs.Intake, theirAnswers);
        string[] found =
        [
            .. mine.Keys.Union(other.Keys)
                .Select(path => (Path: path, Ours: mine.GetValueOrDefault(path, "–"), Theirs: other.GetValueOrDefault(path, "–")))
                .Where(static one => one.Ours != one.Theirs)
                .Select(static one => $"| `{one.Path}` | `{one.Ours}` | `{one.Theirs}` |")
                .Order(StringComparer.Ordinal),
        ];
        string[] rows = [.. (await File.ReadAllLinesAsync(Page)).Where(static line => line.StartsWith("| `", StringComparison.Ordinal))];
        string[] written = [.. rows.Select(static row => string.Join('|', row.Split('|')[..4]) + "|")];
        Assert.True(found.SequenceEqual(written.Order(StringComparer.Ordinal)), $"The page is to say:\n{string.Join('\n', found)}");
    }

    /// <summary>
    /// G1: what the mini agent has when it is told to end is lost, traces and metrics; of Mayfly everything arrives (<see cref="CompatTests"/>). Without the
    /// signal its own arrive too.
    /// </summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task G1_SIGTERM_loses_the_mini_agent_s(bool isTerminated)
    {
        await using TunnelledIntake tunnel = await TunnelledIntake.StartAsync();
        await using Beside theirs = await Beside.StartAsync(await MiniAgentAsync(), hasLogs: false, new KeyValuePair<string, string>("DD_PROXY_HTTPS", tunnel.Url));
        tunnel.BeTrustedBy(theirs.Agent.ProcessId);

        // Right after a flush of its traces, and long before the first one of its metrics.
        await theirs.SendTraceAsync(new SampleSpan { TraceId = 4710 });
        Assert.True(await theirs.Intake.WaitUntilAsync(static intake => intake.Spans.Count > 0, Until.Patience), theirs.Agent.ToString());
        theirs.Intake.Clear();
        await theirs.SendMetricsAsync("last.orders:3|c");
        await theirs.SendTraceAsync(new SampleSpan { TraceId = 4711 });
        if (isTerminated)
        {
            theirs.Agent.SendSigTerm();
            await theirs.Agent.ExitCodeAsync(Until.Patience);
            Assert.Empty(theirs.Intake.Requests);
            Assert.Empty(tunnel.Requests);
        }
        else
        {
            Assert.True(await theirs.Intake.WaitUntilAsync(static intake => intake.Spans.Any(static span => span.TraceId == 4711), Until.Patience));
            await tunnel.ReceivesAsync("/api/v2/series", "last.orders", theirs.Agent.ToString);
        }
    }

    internal static async Task<ProcessCommand> MiniAgentAsync()
    {
        if (!OperatingSystem.IsLinux())
        {
            NodeProgram.SkipOrFail("The mini agent is published for Linux.");
            throw new PlatformNotSupportedException();
        }

        await NodeProgram.RequireAsync(Reference, Package);
        string program = Path.Combine(Reference, "node_modules", Package, "bin", "datadog-serverless-compat");
        File.SetUnixFileMode(program, File.GetUnixFileMode(program) | UnixFileMode.UserExecute);
        return new ProcessCommand(program);
    }

    /// <summary>Sends everything; the statuses of the answers, by path.</summary>
    private static async Task<Dictionary<string, string>> SendAsync(Beside agent)
    {
        KeyValuePair<string, string>[] headers =
        [
            new("Content-Type", "text/x"), new("X-Datadog-Additional-Tags", "host:worker-1;default_env:prod"), new("Datadog-Meta-Lang", "nodejs"), new("X-Own", "1"),
        ];
        var answers = new Dictionary<string, string>();
        foreach ((string path, byte[] body, KeyValuePair<string, string>[] with) in new[]
        {
            ("/v0.6/stats", Stats(), [new("Content-Type", "application/msgpack"), new("Datadog-Meta-Lang", "nodejs")]),
            ("/profiling/v1/input", "profile"u8.ToArray(), headers),
            ("/v0.1/pipeline_stats", "streams"u8.ToArray(), headers),
        })
        {
            answers[path] = $"{await agent.PostAsync(agent.Ports.Traces, path, body, with)}";
        }

        return answers;
    }

    /// <summary>A payload as a tracer computes it.</summary>
    private static byte[] Stats()
    {
        byte[] sketch = Convert.FromHexString("0A0909FD4A815ABF52F03F1200");
        return new MsgPackWriter().Map(9)
            .Str("Hostname").Str("my-host").Str("Env").Str("prod").Str("Version").Str("1.2").Str("Lang").Str("nodejs").Str("TracerVersion").Str("5.0")
            .Str("RuntimeID").Str("r-1").Str("Sequence").Int(3).Str("Service").Str("shop").Str("Stats").Array(1).Map(3)
            .Str("Start").Int(StatsStart).Str("Duration").Int(10_000_000_000).Str("Stats").Array(1).Map(14)
            .Str("Service").Str("shop").Str("Name").Str("http.request").Str("Resource").Str("GET /").Str("HTTPStatusCode").Int(200).Str("Type").Str("web")
            .Str("DBType").Str("").Str("Hits").Int(4).Str("Errors").Int(1).Str("Duration").Int(1234).Str("OkSummary").Bin(sketch).Str("ErrorSummary").Bin(sketch)
            .Str("Synthetics").Bool(false).Str("TopLevelHits").Int(2).Str("SpanKind").Str("server")
            .ToArray();
    }
}
