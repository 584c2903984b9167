using System.Diagnostics;
using System.Globalization;
using System.Text;
using Mayfly.EndToEnd.Agents;
using Mayfly.EndToEnd.Mutations;
using Mayfly.EndToEnd.Platform;
using Mayfly.Testing;
using Xunit;

namespace Mayfly.EndToEnd;

/// <summary>
/// Damaged payloads of every accepted kind over real sockets: each is answered at once with 2xx or 4xx, none harms the agent, and what it makes of them is
/// something that the intake can read.
/// </summary>
public class MutationTests
{
    private const int Mutants = 1000;
    private const int Seed = 20261121;

    /// <summary>Longest answer to a damaged payload: one that took longer is judged by the best of several attempts, the machine has other work too.</summary>
    private static readonly TimeSpan LongestAnswer = TimeSpan.FromMilliseconds(100);

    private static readonly string[] Kinds =
    [
        "v0.4 traces", "v0.5 traces", "v0.7 traces", "v1.0 traces", "v0.1 spans in JSON", "v0.4 traces in JSON", "statistics", "datagrams", "proxied metrics",
        "start-invocation", "end-invocation", "telemetry",
    ];

    public static TheoryData<string, string> AgentsAndKinds => AgentUnderTest.With(Kinds);

    public static TheoryData<string> Agents => AgentUnderTest.Names;

    [Theory, MemberData(nameof(AgentsAndKinds))]
    public async Task Damaged_payloads_harm_nobody(string agent, string kind)
    {
        await using ScriptedSandbox sandbox = await ScriptedSandbox.StartAsync(agent);
        await sandbox.BeginAsync("open");
        (AcceptedPayloads payloads, int port) = await PayloadsAsync(sandbox, kind);
        using var connection = new RawHttpConnection(port);
        var mutator = new Mutator(Seed);
        for (int i = 0; i < Mutants; i++)
        {
            byte[] body = payloads.Bodies[i % payloads.Bodies.Count];
            int? damagedHeader = payloads.Headers.Count > 0 && i % 2 == 1 ? mutator.Next(payloads.Headers.Count) : null;
            byte[] mutant = damagedHeader is null ? mutator.Mutate(body) : body;
            if (payloads.Method == "UDP")
            {
                await sandbox.DatagramAsync(mutant);
                continue;
            }

            var headers = payloads.Headers.Select((header, at) => at == damagedHeader ? Damaged(header, mutator) : header);
            byte[] head = RawHttpConnection.Request(payloads.Method, payloads.Path, headers, mutant.Length);
            (int status, TimeSpan took) = await SendAsync(connection, head, mutant);
            string what = $"mutant {i} of seed {Seed} was answered {status} after {took.TotalMilliseconds} ms: {Convert.ToHexString(head)} {Convert.ToHexString(mutant)}.";
            Assert.True(status is >= 200 and < 500, $"{what} {sandbox.Agent}");
            Assert.True(took <= LongestAnswer, $"{what} {sandbox.Agent}");
        }

        await sandbox.FinishAsync("open");
        await sandbox.BeginAsync("valid");
        Action isDelivered = await SendValidAsync(sandbox, kind);
        await sandbox.FinishAsync("valid");
        isDelivered();

        (await AgentCounters.ReadAsync(sandbox.Ports.Traces)).MustBalance();
        await sandbox.ShutDownAsync();

        // Sketches in statistics go on unread, and so do damaged ones: that is the tracer's word (docs/spec/03-traces.md#24-stats-payload-v06stats-msgpack-clientstatspayload).
        Assert.All(sandbox.Intake.Requests.Where(request => kind != "statistics" || request.Path != "/api/v0.2/stats"), static request => Assert.Null(request.Error));
        Assert.DoesNotContain(sandbox.Agent.Lines, static line => line.Contains("inside the agent", StringComparison.Ordinal));
    }

    /// <summary>Ids that the platform never mentions must not push out the one that it did.</summary>
    [Theory, MemberData(nameof(Agents))]
    public async Task A_flood_of_unknown_request_ids_does_not_push_out_the_running_invocation(string agent)
    {
        await using ScriptedSandbox sandbox = await ScriptedSandbox.StartAsync(agent);
        await sandbox.BeginAsync("running");
        using var connection = new RawHttpConnection(sandbox.Ports.Lifecycle);
        for (int i = 0; i < 600; i++)
        {
            KeyValuePair<string, string> id = new("lambda-runtime-aws-request-id", i.ToString(CultureInfo.InvariantCulture));
            Assert.Equal(200, (await connection.SendAsync("POST", "/lambda/start-invocation", "{}"u8.ToArray(), id)).Status);
        }

        ulong span = await CallAsync(sandbox, "running");
        await sandbox.FinishAsync("running");
        Assert.Single(sandbox.Intake.Spans, one => one.Name == "aws.lambda" && one.SpanId == span && one.Meta["request_id"] == "running");
        await sandbox.ShutDownAsync();
    }

    private static async Task<(AcceptedPayloads Payloads, int Port)> PayloadsAsync(ScriptedSandbox sandbox, string kind) => kind switch
    {
        "v0.4 traces" => (AcceptedPayloads.Recorded("/v0.4/traces"), sandbox.Ports.Traces),
        "v0.5 traces" => (AcceptedPayloads.Recorded("/v0.5/traces"), sandbox.Ports.Traces),
        "v0.7 traces" => (AcceptedPayloads.TracesV07, sandbox.Ports.Traces),
        "v1.0 traces" => (AcceptedPayloads.TracesV10, sandbox.Ports.Traces),
        "v0.1 spans in JSON" => (AcceptedPayloads.JsonV01, sandbox.Ports.Traces),
        "v0.4 traces in JSON" => (AcceptedPayloads.JsonV04, sandbox.Ports.Traces),
        "statistics" => (AcceptedPayloads.Recorded("/v0.6/stats"), sandbox.Ports.Traces),
        "proxied metrics" => (AcceptedPayloads.Recorded("/dogstatsd/v2/proxy"), sandbox.Ports.Traces),
        "start-invocation" => (AcceptedPayloads.StartInvocation, sandbox.Ports.Lifecycle),
        "end-invocation" => (AcceptedPayloads.EndInvocation, sandbox.Ports.Lifecycle),
        "telemetry" => (AcceptedPayloads.Telemetry, await sandbox.Platform.TelemetryPort),
        _ => (AcceptedPayloads.Datagrams, sandbox.Ports.DogStatsd),
    };

    /// <summary>Sends one good payload of the kind; the action checks that it is at the intake.</summary>
    private static async Task<Action> SendValidAsync(ScriptedSandbox sandbox, string kind)
    {
        switch (kind)
        {
            case "statistics":
                byte[] stats = new MsgPackWriter().Map(1).Str("Stats").Array(1).Map(1).Str("Stats").Array(1).Map(2).Str("Name").Str("valid.stats").Str("Hits").Int(7).ToArray();
                Assert.Equal(202, await ScriptedSandbox.PostAsync(sandbox.Ports.Traces, "/v0.6/stats", stats));
                return () => Assert.Equal(7, Assert.Single(sandbox.Intake.Stats, static one => one.Name == "valid.stats").Hits);
            case "v0.4 traces" or "v0.5 traces" or "v0.7 traces" or "v1.0 traces" or "v0.1 spans in JSON" or "v0.4 traces in JSON":
                ulong id = 0xfedcba9876543210;
                SampleSpan[] trace = [new SampleSpan { Name = "valid.span", TraceId = 99, SpanId = id }];
                (string path, byte[] body) = kind == "v0.5 traces" ? ("/v0.5/traces", SampleSpan.V05(trace)) : ("/v0.4/traces", SampleSpan.V04(trace));
                Assert.Equal(200, await ScriptedSandbox.PostAsync(sandbox.Ports.Traces, path, body));
                return () => Assert.Single(sandbox.Intake.Spans, one => one.SpanId == id && one.Name == "valid.span");
            case "datagrams":
                await sandbox.DatagramAsync("valid.metric:7|c");
                return () => Assert.Equal(7, Assert.Single(sandbox.Intake.Metrics, static one => one.Name == "valid.metric").Total);
            case "proxied metrics":
                Assert.Equal(200, await ScriptedSandbox.PostAsync(sandbox.Ports.Traces, "/dogstatsd/v2/proxy", "valid.metric:7|c"u8.ToArray()));
                return () => Assert.Equal(7, Assert.Single(sandbox.Intake.Metrics, static one => one.Name == "valid.metric").Total);
            case "telemetry":
                await sandbox.TellAsync(TelemetryEvents.Line("valid line"));
                return () => Assert.Single(sandbox.Intake.Logs, static one => one.Message == "valid line" && one.RequestId == "valid");
            default:
                ulong span = await CallAsync(sandbox, "valid");
                return () => Assert.Single(sandbox.Intake.Spans, one => one.Name == "aws.lambda" && one.SpanId == span && one.Meta["request_id"] == "valid");
        }
    }

    /// <summary>The worst status, and how long it took at best: what is slow by itself is slow each time.</summary>
    private static async Task<(int Status, TimeSpan Took)> SendAsync(RawHttpConnection connection, byte[] head, byte[] body)
    {
        const int Attempts = 10;
        int status = 0;
        TimeSpan best = TimeSpan.MaxValue;
        for (int attempt = 0; attempt < Attempts && best > LongestAnswer; attempt++)
        {
            long start = Stopwatch.GetTimestamp();
            (int answer, _) = await connection.SendAsync(head, body);
            TimeSpan took = Stopwatch.GetElapsedTime(start);
            status = Math.Max(status, answer);
            best = took < best ? took : best;
        }

        return (status, best);
    }

    /// <summary>A tracer's start and end call for an invocation; returns the id it gives the <c>aws.lambda</c> span.</summary>
    private static async Task<ulong> CallAsync(ScriptedSandbox sandbox, string requestId)
    {
        const ulong SpanId = 4242;
        KeyValuePair<string, string> id = new("lambda-runtime-aws-request-id", requestId);
        Assert.Equal(200, await ScriptedSandbox.PostAsync(sandbox.Ports.Lifecycle, "/lambda/start-invocation", "{}"u8.ToArray(), id));
        KeyValuePair<string, string> span = new("x-datadog-span-id", SpanId.ToString(CultureInfo.InvariantCulture));
        Assert.Equal(
            200,
            await ScriptedSandbox.PostAsync(sandbox.Ports.Lifecycle, "/lambda/end-invocation", "{}"u8.ToArray(), id, span, new("x-datadog-trace-id", "77")));
        return SpanId;
    }

    /// <summary>Any bytes but line ends: with those it would be another request.</summary>
    private static KeyValuePair<string, string> Damaged(KeyValuePair<string, string> header, Mutator mutator)
    {
        byte[] value = [.. mutator.Mutate(Encoding.Latin1.GetBytes(header.Value)).Where(static one => one is not ((byte)'\r' or (byte)'\n'))];
        return new(header.Key, Encoding.Latin1.GetString(value));
    }
}
