using System.Diagnostics;
using System.Globalization;
using System.Text;
using Mayfly.EndToEnd.Agents;
using Mayfly.EndToEnd.Platform;
using Xunit;

namespace Mayfly.EndToEnd;

/// <summary>
/// An event is whatever the caller sent: cut off anywhere, no object, huge, or nested without end, its invocation has its span, and the function does not wait
/// (docs/spec/02-triggers.md#9-missing-fields-malformed-input, docs/spec/01-lambda-lifecycle.md#32-post-lambdastart-invocation).
/// </summary>
public class MalformedEventTests
{
    /// <summary>
    /// From the first byte of the request to the last of the answer, of what is shipped. It is held to the quickest answer to each kind of call: sender and agent
    /// share the machine with whatever else runs, which can only add to the time.
    /// </summary>
    private static readonly TimeSpan LongestAnswer = TimeSpan.FromMilliseconds(50);

    /// <summary>A debug build that is compiled while it runs shows that it answers, not how fast.</summary>
    private const int DebugFactor = 20;

    /// <summary>Invocations that overlap: as many calls as this are made before the next telemetry is told.</summary>
    private const int AtOnce = 200;

    /// <summary>What bodies may take all together; what they took once is kept for the next ones.</summary>
    private const long BodiesLimitBytes = 64L * 1024 * 1024;

    private const int PlatformLimitBytes = 6 * 1024 * 1024;

    private static readonly Dictionary<string, string> ManagedInstance = new()
    {
        ["AWS_LAMBDA_INITIALIZATION_TYPE"] = "lambda-managed-instances",
        ["DD_SERVERLESS_FLUSH_STRATEGY"] = "continuously,50",
    };

    public static TheoryData<string> Agents => AgentUnderTest.Names;

    public static TheoryData<string, string> AgentsAndBodies => AgentUnderTest.With(Bodies.Keys);

    private static Dictionary<string, Func<string>> Bodies => new()
    {
        ["nothing"] = static () => "",
        ["null"] = static () => "null",
        ["a number"] = static () => "7",
        ["a text"] = static () => "\"x\"",
        ["a list"] = static () => "[{\"headers\":{}}]",
        ["no JSON"] = static () => "not json",
        ["no UTF-8"] = static () => "{\"headers\":{\"a\":\"\u00ff\u00fe\"}}",
        ["nested lists"] = static () => new string('[', 2_000_000),
        ["nested objects"] = static () => string.Concat(Enumerable.Repeat("{\"a\":", 400_000)),
        ["nested in a known place"] = static () => "{\"Records\":[{\"eventSource\":\"aws:sqs\",\"body\":" + new string('[', 1_000_000),
        ["6 MiB in one text"] = static () => Padded("{\"headers\":{\"x\":\"", "\"}}", 'x'),
        ["6 MiB of members"] = static () => "{" + string.Concat(Enumerable.Range(0, 480_000).Select(static i => $"\"k{i:D6}\":1,")) + "\"z\":1}",
        ["6 MiB of records"] = static () =>
            "{\"Records\":[" + string.Join(',', Enumerable.Repeat("{\"eventSource\":\"aws:sqs\",\"messageAttributes\":{},\"body\":\"{}\"}", 95_000)) + "]}",
        ["6 MiB of numbers"] = static () => Padded("{\"x\":[", "0]}", "0,"),
        ["6 MiB of escapes"] = static () => Padded("{\"version\":\"2.0\",\"rawQueryString\":\"", "\"}", "\\u0041"),
        ["more than 6 MiB"] = static () => "{\"x\":\"" + new string('x', PlatformLimitBytes) + "\"}",
    };

    /// <summary>One event per source, cut off after every byte.</summary>
    [Theory, MemberData(nameof(Agents))]
    public async Task An_event_cut_off_at_any_byte_costs_nothing_but_itself(string agent)
    {
        byte[][] events = [.. Directory.GetFiles(Path.Combine(AgentUnderTest.Root, "samples", "events", "sources")).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];
        (byte[] Bytes, int Length)[] cuts = [.. events.SelectMany(static whole => Enumerable.Range(0, whole.Length).Select(length => (whole, length)))];
        await using ScriptedSandbox sandbox = await ScriptedSandbox.StartAsync(agent, new ScriptedOptions { Variables = ManagedInstance });
        using var calls = new TimedCalls(sandbox);
        for (int first = 0; first < cuts.Length; first += AtOnce)
        {
            int[] batch = [.. Enumerable.Range(first, Math.Min(AtOnce, cuts.Length - first))];
            await sandbox.TellAsync([.. batch.Select(static i => TelemetryEvents.Start(Id(i)))]);
            foreach (int i in batch)
            {
                await calls.InvokeAsync(Id(i), cuts[i].Bytes.AsMemory(0, cuts[i].Length), traceId: (ulong)i + 1);
            }

            await sandbox.TellAsync([.. batch.Select(static i => TelemetryEvents.Report(Id(i)))]);
        }

        await Until.TrueAsync(
            async () => (await AgentCounters.ReadAsync(sandbox.Ports.Traces)).Traces.Buffered == 0, "no flush is cut by the shutdown", sandbox.Agent.ToString);
        await sandbox.ShutDownAsync();
        string[] arrived = [.. sandbox.Intake.Spans.Where(static span => span.Name == "aws.lambda").Select(static span => span.Meta["request_id"])];
        Assert.Empty(Enumerable.Range(0, cuts.Length).Select(Id).Except(arrived));
        Assert.Equal(cuts.Length, arrived.Length);
        Assert.Empty(calls.TooSlow(agent));
    }

    [Theory, MemberData(nameof(AgentsAndBodies))]
    public async Task A_hostile_event_costs_nothing_but_itself(string agent, string body)
    {
        const int Times = 12;
        const int MostTimes = 60;
        byte[] hostile = Encoding.Latin1.GetBytes(Bodies[body]());
        await using ScriptedSandbox sandbox = await ScriptedSandbox.StartAsync(agent);
        using var calls = new TimedCalls(sandbox);

        // The first call compiles, or pages in, what it needs.
        await InvokeAsync(sandbox, calls, "first", "{}"u8.ToArray(), 1);
        calls.Forget();
        long before = 0;
        int sent = 0;
        for (; sent < Times || (sent < MostTimes && calls.TooSlow(agent).Any()); sent++)
        {
            await InvokeAsync(sandbox, calls, Id(sent), hostile, (ulong)sent + 2);
            before = sent == Times / 2 ? sandbox.Agent.ResidentBytes : before;
        }

        long after = sandbox.Agent.ResidentBytes;
        await sandbox.ShutDownAsync();
        Assert.Equal(sent + 1, sandbox.Intake.Spans.Count(static span => span.Name == "aws.lambda"));
        Assert.Empty(calls.TooSlow(agent));
        Assert.True(after - before < BodiesLimitBytes, $"{body} again and again: {before} bytes became {after}.");
    }

    private static async Task InvokeAsync(ScriptedSandbox sandbox, TimedCalls calls, string id, byte[] body, ulong traceId)
    {
        await sandbox.BeginAsync(id);
        await calls.InvokeAsync(id, body, traceId);
        await sandbox.FinishAsync(id);
    }

    private static string Id(int i) => "r" + i.ToString(CultureInfo.InvariantCulture);

    private static string Padded(string start, string end, object unit)
    {
        string one = unit.ToString()!;
        return start + string.Concat(Enumerable.Repeat(one, (PlatformLimitBytes - start.Length - end.Length) / one.Length)) + end;
    }

    /// <summary>Start and end calls on one connection, and how long the answers took.</summary>
    private sealed class TimedCalls(ScriptedSandbox sandbox) : IDisposable
    {
        private readonly RawHttpConnection _connection = new(sandbox.Ports.Lifecycle);
        private readonly Dictionary<string, List<TimeSpan>> _answers = new() { ["start"] = [], ["end"] = [] };

        public async Task InvokeAsync(string id, ReadOnlyMemory<byte> eventJson, ulong traceId)
        {
            var requestId = KeyValuePair.Create("lambda-runtime-aws-request-id", id);
            await SendAsync("start", eventJson, requestId);
            string ids = traceId.ToString(CultureInfo.InvariantCulture);
            await SendAsync("end", eventJson, requestId, new("x-datadog-trace-id", ids), new("x-datadog-span-id", ids));
        }

        public void Forget() => _answers.Values.ToList().ForEach(static answers => answers.Clear());

        /// <summary>The kinds of calls without one answer in time, and the answers they had.</summary>
        public IEnumerable<string> TooSlow(string agent) => _answers
            .Where(one => one.Value.Min() >= LongestAnswer * (agent == "native" ? 1 : DebugFactor))
            .Select(static one => $"Answers to {one.Key}-invocation took {one.Value.Min().TotalMilliseconds} to {one.Value.Max().TotalMilliseconds} ms.");

        public void Dispose() => _connection.Dispose();

        private async Task SendAsync(string call, ReadOnlyMemory<byte> body, params KeyValuePair<string, string>[] headers)
        {
            byte[] head = RawHttpConnection.Request("POST", $"/lambda/{call}-invocation", headers, body.Length);
            await _connection.ConnectAsync();
            long start = Stopwatch.GetTimestamp();
            (int status, _) = await _connection.SendAsync(head, body);
            _answers[call].Add(Stopwatch.GetElapsedTime(start));
            Assert.Equal(200, status);
        }
    }
}
