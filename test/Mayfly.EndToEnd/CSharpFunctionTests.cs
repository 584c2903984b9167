using Mayfly.EndToEnd.Agents;
using Mayfly.EndToEnd.Functions;
using Mayfly.Local.Emulator;
using Mayfly.Local.Intake;
using Xunit;

namespace Mayfly.EndToEnd;

/// <summary>
/// The C# sample, which says on the wire what an automatically instrumented .NET function says: everything it sent is at the intake with the values it had
/// (docs/spec/07-observed-clients.md#5-net-what-datadogtrace-sends, docs/spec/01-lambda-lifecycle.md#44-the-awslambda-span and #5-enhanced-metrics).
/// </summary>
public class CSharpFunctionTests(CSharpRuns runs) : IClassFixture<CSharpRuns>
{
    private const string Enhanced = "aws.lambda.enhanced.";
    private static readonly TimeSpan Margin = TimeSpan.FromMilliseconds(100);

    /// <summary>On every metric and every span (docs/spec/01-lambda-lifecycle.md#61-function-tags-computed-once-after-register).</summary>
    private static readonly string[] FunctionTags =
    [
        "functionname:Coffee-Shop", "region:us-east-1", "account_id:123456789012", "env:test", "service:coffee", "version:1.2.3", "memorysize:512",
        "team:beans",
    ];

    public static TheoryData<string> Agents => AgentUnderTest.Names;

    [Theory, MemberData(nameof(Agents))]
    public async Task Invocations_end_as_the_function_wants(string agent)
    {
        CSharpRun run = await runs.OfAsync(agent);
        Assert.Equal(
            [
                InvocationStatus.Success, InvocationStatus.Success, InvocationStatus.HandledError, InvocationStatus.Success, InvocationStatus.Success,
                InvocationStatus.Success, InvocationStatus.Timeout, InvocationStatus.Success, InvocationStatus.Success,
            ],
            run.Invocations.Select(static one => one.Status));
        Assert.Equal("""{"served":true,"scenario":"ok"}""", run.Warm.ResponseText);
        Assert.Empty(run.Sent.Failures);
        Assert.All(run.Invocations.Where(one => one != run.TimedOut), static one => Assert.True(Assert.Single(one.Extensions).BeforeDeadline >= Margin));
    }

    [Theory, MemberData(nameof(Agents))]
    public async Task The_agent_survives_freezing_and_ends_with_exit_code_0(string agent)
    {
        CSharpRun run = await runs.OfAsync(agent);
        Assert.Equal(run.Invocations.Count - 1, run.Timeline.Count(static entry => entry.Kind == SandboxEventKind.Frozen));
        ExtensionExit atReset = Assert.Single(run.TimedOut.Reset!.Extensions);
        Assert.True(atReset is { ReceivedShutdown: true, ExitedByItself: true, ExitCode: 0 }, atReset.ToString());
        Assert.All(run.Requests, static request => Assert.Null(request.Error));
        Assert.All(run.Requests, static request => Assert.EndsWith(SecretWatch.ApiKey[^5..], request.ApiKey, StringComparison.Ordinal));
    }

    [Theory, MemberData(nameof(Agents))]
    public async Task Every_span_arrives_once_and_unchanged(string agent)
    {
        CSharpRun run = await runs.OfAsync(agent);
        Assert.Equal((8, 21), (run.Sent.Roots.Count, run.Sent.Spans.Count));
        Arrived.Spans(run.Sent.Spans, run.Spans);
        Assert.DoesNotContain(run.Spans, static span => span.Resource == "dd-tracer-serverless-span");
        ReceivedSpan order = run.Spans.First(static span => span.Name == "coffee.order");
        Assert.Equal("latte", order.Meta["coffee.kind"]);
        Assert.Equal(4.5, order.Metrics["coffee.price"]);
        Assert.All(run.Spans, static span => Assert.Equal("lambda", span.Meta["_dd.origin"]));
    }

    [Theory, MemberData(nameof(Agents))]
    public async Task Every_invocation_has_one_aws_lambda_span(string agent)
    {
        CSharpRun run = await runs.OfAsync(agent);
        Assert.Equal(run.Invocations.Count, run.Spans.Count(static span => span.Name == "aws.lambda"));
        foreach (InvocationResult invocation in run.Invocations)
        {
            ReceivedSpan span = ExecutionSpanOf(run, invocation);
            Assert.Equal(("aws.lambda", "serverless", CSharpRun.FunctionName, "coffee"), (span.Name, span.Type, span.Resource, span.Service));
            Assert.Equal(invocation.Cold ? "true" : "false", span.Meta["cold_start"]);
            Assert.Equal("dotnet10", span.Meta["runtime"]);
            Assert.Equal("server", span.Meta["span.kind"]);
            Assert.Equal("beans", span.Meta["team"]);

            // The platform states the timeout as the duration of an invocation that it cut off a little later; SHUTDOWN has two seconds.
            TimeSpan late = invocation == run.TimedOut ? TimeSpan.FromSeconds(2) : TimeSpan.FromMilliseconds(1);
            Assert.InRange(span.DurationNs, 1, (long)(invocation.Duration + late).TotalNanoseconds);
            foreach (SentSpanLine root in run.Sent.Roots.Where(one => one.RequestId == invocation.RequestId))
            {
                Assert.Equal((root.TraceId, root.SpanId), (span.TraceId, span.SpanId));
                Assert.True(span.ParentId == root.ParentId || run.Spans.Any(one => one.TraceId == span.TraceId && one.SpanId == span.ParentId));
                Assert.True(span.DurationNs >= root.DurationNs, $"{span.DurationNs} < {root.DurationNs}: the handler took longer than the invocation");
            }
        }

        Assert.True(ExecutionSpanOf(run, run.Slow).DurationNs >= 400_000_000);
    }

    [Theory, MemberData(nameof(Agents))]
    public async Task Failures_are_marked_on_the_aws_lambda_span(string agent)
    {
        CSharpRun run = await runs.OfAsync(agent);
        InvocationResult[] failed = [run.Failing, run.HttpFailing, run.TimedOut];
        Assert.All(run.Invocations, one => Assert.Equal(failed.Contains(one) ? 1 : 0, ExecutionSpanOf(run, one).Error));
        ReceivedSpan failing = ExecutionSpanOf(run, run.Failing);
        Assert.Equal(("no milk left", "System.InvalidOperationException"), (failing.Meta["error.msg"], failing.Meta["error.type"]));
        Assert.Contains("Handler.cs", failing.Meta["error.stack"], StringComparison.Ordinal);
        Assert.Equal("200", ExecutionSpanOf(run, run.Http).Meta["http.status_code"]);
        Assert.Equal("500", ExecutionSpanOf(run, run.HttpFailing).Meta["http.status_code"]);
        ReceivedSpan timedOut = ExecutionSpanOf(run, run.TimedOut);
        Assert.Equal(("Datadog detected a Timeout", "Timeout"), (timedOut.Meta["error.msg"], timedOut.Meta["error.type"]));
    }

    [Theory, MemberData(nameof(Agents))]
    public async Task Every_metric_arrives_with_its_value_and_the_function_s_tags(string agent)
    {
        CSharpRun run = await runs.OfAsync(agent);
        Assert.NotEmpty(run.Sent.Metrics);
        Arrived.Metrics(run.Sent.Metrics, run.Requests);
        ReceivedMetric[] custom = [.. run.Metrics.Where(static one => one.Name.StartsWith("coffee.", StringComparison.Ordinal))];
        Assert.All(custom, static metric => Assert.Empty(FunctionTags.Except(metric.Tags)));
    }

    [Theory, MemberData(nameof(Agents))]
    public async Task Every_log_line_arrives_with_its_request(string agent)
    {
        CSharpRun run = await runs.OfAsync(agent);
        Assert.NotEmpty(run.Sent.Logs);
        Arrived.Logs(run.Sent.Logs, run.Logs);
        ReceivedLog[] own = [.. run.Logs.Where(log => run.Sent.Logs.Any(line => line.Text == log.Message))];
        Assert.All(own, static log => Assert.Equal(("info", "coffee", "lambda"), (log.Status, log.Service, log.DdSource)));
        Assert.All(own, static log => Assert.Contains("team:beans", log.Tags));
        foreach (InvocationResult invocation in run.Invocations)
        {
            foreach (string line in new[] { "START RequestId: ", "END RequestId: ", "REPORT RequestId: " })
            {
                string start = line + invocation.RequestId;
                Assert.Single(run.Logs, log => log.RequestId == invocation.RequestId && log.Message.StartsWith(start, StringComparison.Ordinal));
            }
        }

        string timeout = $"END RequestId: {run.TimedOut.RequestId} Task timed out";
        Assert.Equal("error", Assert.Single(run.Logs, log => log.Message.StartsWith(timeout, StringComparison.Ordinal)).Status);
    }

    [Theory, MemberData(nameof(Agents))]
    public async Task Every_invocation_has_its_enhanced_metrics(string agent)
    {
        CSharpRun run = await runs.OfAsync(agent);
        int all = run.Invocations.Count;
        int cold = run.Invocations.Count(static one => one.Cold);
        Assert.Equal(2, cold);
        foreach (string name in new[] { "invocations", "runtime_duration", "duration", "billed_duration", "max_memory_used", "memorysize", "estimated_cost" })
        {
            // The report of an invocation that was cut off reaches the next sandbox, whose agent cannot know how that one began.
            bool isOfReport = name is not ("invocations" or "runtime_duration");
            Assert.Equal((name, all), (name, Count(run, name)));
            Assert.Equal((name, cold), (name, Count(run, name, "cold_start:true")));
            Assert.Equal((name, all - cold - (isOfReport ? 1 : 0)), (name, Count(run, name, "cold_start:false")));
        }

        double billed = run.Invocations.Sum(static one => one.BilledDurationMs);
        double duration = run.Invocations.Sum(static one => one.Duration.TotalMilliseconds);
        Assert.Equal(duration / 1000, Sum(run, "duration"), tolerance: all * CSharpRun.RecordedMs / 1000);
        Assert.Equal(billed / 1000, Sum(run, "billed_duration"), tolerance: 1e-9);
        Assert.Equal(all - 1, Count(run, "post_runtime_duration"));
        const string Cold = "cold_start:true";
        double coldDuration = run.Invocations.Where(static one => one.Cold).Sum(static one => one.Duration.TotalMilliseconds);
        Assert.Equal(coldDuration, Sum(run, "runtime_duration", Cold) + Sum(run, "post_runtime_duration", Cold), tolerance: cold * CSharpRun.RecordedMs);
        Assert.Equal(512 * all, Sum(run, "memorysize"), tolerance: 1e-9);
        Assert.Equal(run.Invocations.Sum(static one => one.MaxMemoryUsedMb), Sum(run, "max_memory_used"), tolerance: 1e-9);
        Assert.Equal((0.0000002 * all) + (billed / 1000 * 0.5 * 0.0000166667), Sum(run, "estimated_cost"), tolerance: 1e-11);
        Assert.Equal((3, 1), (Count(run, "errors"), Count(run, "timeouts")));
        Assert.Equal((3, 1), (Count(run, "errors", "cold_start:false", "runtime:dotnet10"), Count(run, "timeouts", "cold_start:false", "runtime:dotnet10")));
        Assert.Equal(2, Count(run, "init_duration", "init_type:on-demand"));
        Assert.All(
            run.Metrics.Where(static one => one.Name.StartsWith(Enhanced, StringComparison.Ordinal)),
            static metric => Assert.Empty(FunctionTags.Except(metric.Tags)));
    }

    private static ReceivedSpan ExecutionSpanOf(CSharpRun run, InvocationResult invocation) =>
        Assert.Single(run.Spans, span => span.Name == "aws.lambda" && span.Meta.GetValueOrDefault("request_id") == invocation.RequestId);

    private static long Count(CSharpRun run, string name, params string[] tags) => Sketches(run, name, tags).Sum(static one => one.Count);

    private static double Sum(CSharpRun run, string name, params string[] tags) => Sketches(run, name, tags).Sum(static one => one.Sum);

    private static IEnumerable<ReceivedSketch> Sketches(CSharpRun run, string name, params string[] tags) =>
        run.Metrics.Where(one => one.Name == Enhanced + name && tags.All(one.Tags.Contains)).SelectMany(static one => one.Sketches);
}
