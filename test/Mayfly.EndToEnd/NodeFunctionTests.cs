using System.Globalization;
using System.Text.Json;
using Mayfly.EndToEnd.Agents;
using Mayfly.EndToEnd.Functions;
using Mayfly.Local.Emulator;
using Mayfly.Local.Intake;
using Xunit;

namespace Mayfly.EndToEnd;

/// <summary>
/// The Node sample with unmodified dd-trace, datadog-lambda-js and hot-shots: what they sent is at the intake, and the agent adds no second
/// <c>aws.lambda</c> span (docs/spec/07-observed-clients.md#4-node-what-datadog-lambda-js--dd-trace-really-send).
/// </summary>
public class NodeFunctionTests(NodeRuns runs) : IClassFixture<NodeRuns>
{
    private const string Enhanced = "aws.lambda.enhanced.";
    private const int BucketSeconds = 10;

    public static TheoryData<string> Agents => AgentUnderTest.Names;

    [Theory, MemberData(nameof(Agents))]
    public async Task Invocations_end_as_the_function_wants(string agent)
    {
        NodeRun run = await runs.OfAsync(agent);
        Assert.Equal(
            [
                InvocationStatus.Success, InvocationStatus.Success, InvocationStatus.HandledError, InvocationStatus.Success, InvocationStatus.Success,
                InvocationStatus.Timeout, InvocationStatus.Success,
            ],
            run.Invocations.Select(static one => one.Status));
        Assert.Contains("the machine is out of order", run.Failing.ResponseText, StringComparison.Ordinal);
        Assert.All(run.Requests, static request => Assert.Null(request.Error));
    }

    [Theory, MemberData(nameof(Agents))]
    public async Task Every_invocation_has_the_tracer_s_aws_lambda_span_and_no_other(string agent)
    {
        NodeRun run = await runs.OfAsync(agent);
        Assert.Equal(run.Invocations.Count, run.Spans.Count(static span => span.Name == "aws.lambda"));
        foreach (InvocationResult invocation in run.Invocations)
        {
            JsonElement root = Assert.Single(run.Records("invocation", invocation.RequestId)).GetProperty("root");
            ReceivedSpan span = Assert.Single(run.Spans, one => one.Name == "aws.lambda" && one.Meta["request_id"] == invocation.RequestId);
            Assert.Equal((Id(root, "traceId"), Id(root, "spanId")), (span.TraceId, span.SpanId));
            Assert.Equal(invocation.Cold ? "true" : "false", span.Meta["cold_start"]);
            Assert.Equal(invocation == run.Failing || invocation == run.TimedOut ? 1 : 0, span.Error);
            Assert.Equal((NodeRun.FunctionName, "serverless", "coffee-node", "lambda"), (span.Resource, span.Type, span.Service, span.Meta["_dd.origin"]));
            Assert.Equal("us-east-1", span.Meta["region"]);
        }

        ReceivedSpan timedOut = run.Spans.Single(one => one.Name == "aws.lambda" && one.Meta["request_id"] == run.TimedOut.RequestId);
        Assert.Equal("Impending Timeout", timedOut.Meta["error.type"]);
    }

    [Theory, MemberData(nameof(Agents))]
    public async Task Every_span_of_the_function_arrives_once(string agent)
    {
        NodeRun run = await runs.OfAsync(agent);
        ILookup<ulong, ReceivedSpan> byId = run.Spans.ToLookup(static span => span.SpanId);
        Assert.Equal(3 * 3 + 1 + 1 + 2 + 1, run.Records("span").Count());
        foreach (JsonElement sent in run.Records("span"))
        {
            ReceivedSpan span = Assert.Single(byId[Id(sent, "spanId")]);
            Assert.Equal(
                (Text(sent, "name"), Text(sent, "resource"), Id(sent, "traceId"), Id(sent, "parentId")),
                (span.Name, span.Resource, span.TraceId, span.ParentId));
            Assert.True(span.DurationNs > 0);
            foreach (JsonProperty tag in sent.GetProperty("tags").EnumerateObject())
            {
                bool isNumber = tag.Value.ValueKind == JsonValueKind.Number;
                Assert.True(isNumber ? span.Metrics[tag.Name].Equals(tag.Value.GetDouble()) : span.Meta[tag.Name] == tag.Value.GetString(), tag.Name);
            }

            JsonElement[] ends = [.. run.Records("span.end").Where(end => Text(end, "spanId") == Text(sent, "spanId"))];
            bool hasFailed = ends.Length == 1 && ends[0].TryGetProperty("error", out JsonElement error) && error.ValueKind == JsonValueKind.Object;
            Assert.Equal(hasFailed ? (1, "CoffeeError") : (0, null), (span.Error, span.Meta.GetValueOrDefault("error.type")));
        }

        foreach (JsonElement auto in run.Records("span.auto"))
        {
            Assert.Single(run.Spans, span => span.Name == Text(auto, "name") && span.ParentId == Id(auto, "parentId"));
        }

        Assert.Equal("aws.sqs", ParentOfExecution(run, run.Sqs).Name);
        Assert.Equal("aws.httpapi", ParentOfExecution(run, run.Http).Name);
        Assert.Equal(7431398482019833808u, ParentOfExecution(run, run.Http).ParentId);
        Assert.Contains(run.Spans, static span => span.Name == "aws.lambda.load");
    }

    [Theory, MemberData(nameof(Agents))]
    public async Task Every_metric_arrives_with_its_value(string agent)
    {
        NodeRun run = await runs.OfAsync(agent);
        List<SentMetricLine> sent = [];
        foreach (JsonElement metric in run.Records("metric").Where(static one => Text(one, "kind") != "s"))
        {
            bool isSampled = metric.TryGetProperty("sampleRate", out JsonElement sampleRate) && sampleRate.ValueKind == JsonValueKind.Number;
            double rate = isSampled ? sampleRate.GetDouble() : 1;
            sent.Add(new SentMetricLine(
                Text(metric, "requestId"), Text(metric, "name"), Text(metric, "kind"), metric.GetProperty("value").GetDouble() / rate,
                [.. metric.GetProperty("tags").EnumerateArray().Select(static tag => tag.GetString()!)]));
        }

        Assert.True(sent.Select(static one => one.Type).Distinct().Count() == 5 && sent.Count > 50);
        Arrived.Metrics(sent, run.Requests);

        // Three invocations counted two customers each. One of them came first and last: he is alone in a bucket where its border falls in between.
        double[] customers =
            [.. run.Metrics.Where(static one => one.Name == "coffee.customers").SelectMany(static one => one.Points).Select(static point => point.Value)];
        Assert.Equal(3, customers.Count(static value => value == 2));
        Assert.All(customers, static value => Assert.InRange(value, 1, 2));
        foreach (JsonElement dated in run.Records("metric").Where(static one => one.TryGetProperty("timestamp", out _)))
        {
            long bucket = dated.GetProperty("timestamp").GetInt64() / BucketSeconds;
            double value = dated.GetProperty("value").GetDouble();
            Assert.Contains(
                run.Metrics.Where(one => one.Name == Text(dated, "name")).SelectMany(static one => one.Sketches),
                sketch => sketch.TimestampSeconds / BucketSeconds == bucket && sketch.Max.Equals(value));
        }
    }

    /// <summary>datadog-lambda-js sends <c>invocations</c> too, and <c>errors</c>: the first is not counted twice.</summary>
    [Theory, MemberData(nameof(Agents))]
    public async Task Every_invocation_has_its_enhanced_metrics(string agent)
    {
        NodeRun run = await runs.OfAsync(agent);
        int all = run.Invocations.Count;
        Assert.Equal((all, 2), (Count(run, "invocations"), Count(run, "invocations", "cold_start:true", "runtime:nodejs20.x")));
        Assert.Equal((all, all), (Count(run, "duration"), Count(run, "billed_duration")));
        Assert.Equal((2, 1), (Count(run, "errors"), Count(run, "timeouts")));
        double billed = Sketches(run, "billed_duration").Sum(static one => one.Sum);
        Assert.Equal(run.Invocations.Sum(static one => one.BilledDurationMs) / 1000d, billed, tolerance: 1e-9);
    }

    [Theory, MemberData(nameof(Agents))]
    public async Task Every_log_line_arrives_with_its_request(string agent)
    {
        NodeRun run = await runs.OfAsync(agent);
        SentLogLine[] sent = [.. run.Records("log").Select(static log => new SentLogLine(Text(log, "requestId"), Text(log, "line")))];
        Assert.True(sent.Length >= 3 * 4 + 1 + 2 + 2 + 1, run.Output);
        Arrived.Logs(sent, run.Logs);
        ReceivedLog[] reports = [.. run.Logs.Where(static log => log.Message.StartsWith("REPORT RequestId: ", StringComparison.Ordinal))];
        Assert.Equal(run.Invocations.Select(static one => one.RequestId), reports.Select(static log => log.RequestId));
    }

    /// <summary>In the JSON format the platform hands objects over, which state their severity and their request themselves.</summary>
    [Theory, MemberData(nameof(Agents))]
    public async Task Every_log_line_in_JSON_arrives_with_its_severity(string agent)
    {
        await NodeProgram.RequireAsync();
        await using FunctionSandbox sandbox = await NodeRun.StartAsync(agent, TimeSpan.FromSeconds(4), ("AWS_LAMBDA_LOG_FORMAT", "JSON"));
        InvocationResult[] invocations = [await NodeRun.InvokeAsync(sandbox, "ok"), await NodeRun.InvokeAsync(sandbox, "error")];
        await sandbox.ShutDownAsync();
        JsonElement[] sent = [.. sandbox.Manifest.Select(static line => JsonDocument.Parse(line).RootElement).Where(static record => Text(record, "type") == "log")];
        Assert.Equal(invocations.Select(static one => one.RequestId), sent.Select(static record => Text(record, "requestId")).Distinct());
        Assert.Equal(["ERROR", "INFO", "WARN"], sent.Select(static record => Text(record, "level")).Distinct().Order(StringComparer.Ordinal));
        foreach (JsonElement record in sent)
        {
            ReceivedLog log = Assert.Single(sandbox.Intake.Logs, one => one.Message == Text(record, "line"));
            string status = Text(record, "level") switch { "ERROR" => "error", "WARN" => "warn", _ => "info" };
            Assert.Equal((Text(record, "requestId"), status, "coffee-node"), (log.RequestId, log.Status, log.Service));
        }
    }

    private static ReceivedSpan ParentOfExecution(NodeRun run, InvocationResult invocation)
    {
        ReceivedSpan execution = run.Spans.Single(span => span.Name == "aws.lambda" && span.Meta["request_id"] == invocation.RequestId);
        return Assert.Single(run.Spans, span => span.SpanId == execution.ParentId);
    }

    private static long Count(NodeRun run, string name, params string[] tags) => Sketches(run, name, tags).Sum(static one => one.Count);

    private static IEnumerable<ReceivedSketch> Sketches(NodeRun run, string name, params string[] tags) =>
        run.Metrics.Where(one => one.Name == Enhanced + name && tags.All(one.Tags.Contains)).SelectMany(static one => one.Sketches);

    private static ulong Id(JsonElement record, string name) => ulong.Parse(Text(record, name), CultureInfo.InvariantCulture);

    private static string Text(JsonElement record, string name) => record.GetProperty(name).GetString()!;
}
