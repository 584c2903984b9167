using System.Text.Json;
using Mayfly.Platforms.Lambda;
using Mayfly.Platforms.Lambda.Telemetry;
using Mayfly.Tests.Config;
using Mayfly.Tests.Logs;
using Mayfly.Tests.Platforms.Lambda.Invocations;
using Mayfly.Traces;
using Mayfly.Wire;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.Telemetry;

/// <summary>docs/spec/04-metrics-logs.md#c8-durable-functions, from the tracer's span (docs/spec/01-lambda-lifecycle.md 4.11, row 4) and the records to events.</summary>
public class DurableLogsTests
{
    private const string Arn = "arn:aws:lambda:us-east-1:123:function:fn:1/durable-execution/my-name/my-id";

    public static TheoryData<string, string, string?> Arns => new()
    {
        { "qualified", Arn, "my-id my-name" },
        { "$LATEST", "arn:aws:lambda:us-west-2:9:function:fn:$LATEST/durable-execution/n/i", "i n" },
        { "escaped", "arn:aws:lambda:us-west-2:9:function:fn:1\\/durable-execution\\/n\\u0022\\/i", "i n\"" },
        { "no execution", "arn:aws:lambda:us-west-2:9:function:fn:1", null },
        { "no id", "arn:aws:lambda:us-west-2:9:function:fn:1/durable-execution/only-name", null },
        { "empty id", "arn:aws:lambda:us-west-2:9:function:fn:1/durable-execution/name/", null },
        { "empty name", "arn:aws:lambda:us-west-2:9:function:fn:1/durable-execution//id", null },
    };

    [Theory]
    [MemberData(nameof(Arns))]
    public void C8_a_line_may_name_its_execution(string row, string arn, string? expected)
    {
        foreach (int size in new[] { 0, 50 })
        {
            TelemetryPath path = PathWith(size);
            InitStart(path);
            path.PostOne("function", $$"""{"requestId":"r-1","message":"hello","executionArn":"{{arn}}"}""");
            path.Logs.ReleaseAll();
            Assert.Equal((row, expected), (row, Execution(Assert.Single(path.Take(), static log => log.Text().StartsWith('{')))));
        }
    }

    [Fact]
    public void C8_size_0_holds_nothing_and_learns_nothing()
    {
        TelemetryPath path = PathWith(0);
        InitStart(path);
        path.PostOne("platform.start", """{"requestId":"r-1"}""");
        Assert.False(path.Logs.WantsExecutions);
        Assert.Equal(["INIT_START", "START"], path.Take().Select(static log => log.Text().Split(' ')[0]).Order());
    }

    [Fact]
    public void C8_events_wait_for_the_tracers_span_and_carry_what_it_says()
    {
        TelemetryPath path = PathWith(50);
        InitStart(path);
        path.PostOne("platform.start", """{"requestId":"r-1"}""");
        path.PostOne("function", "\"a line\"");
        Assert.Empty(path.Take());
        Assert.Equal(3, path.Logs.HeldCount);

        Trace(path, "r-1", first: "true", status: "SUCCEEDED");
        path.PostOne("platform.runtimeDone", """{"requestId":"r-1","status":"success"}""");
        path.PostOne("platform.report", """{"requestId":"r-1","metrics":{"durationMs":1,"billedDurationMs":1}}""");
        List<JsonElement> logs = path.Take();
        Assert.Equal(0, path.Logs.HeldCount);
        Assert.Equal(
            [
                ("START", "id name", "True", null), ("INIT_START", "id name", null, null), ("a", "id name", null, null),
                ("END", "id name", "True", "SUCCEEDED"), ("REPORT", "id name", "True", (string?)null),
            ],
            logs.Select(static log => (log.Text().Split(' ')[0], Execution(log), Field(log, "first_invocation"), Field(log, "execution_status"))));
    }

    [Fact]
    public void C8_an_event_has_these_members_in_this_order()
    {
        TelemetryPath path = PathWith(50);
        InitStart(path);
        path.Take();
        Trace(path, "r-1", first: "false", status: "PENDING");
        path.PostOne("platform.start", """{"requestId":"r-1"}""");
        path.Take();
        path.PostOne("platform.runtimeDone", """{"requestId":"r-1","status":"success"}""");
        Assert.Contains(
            """
            "lambda":{"arn":"test-arn","request_id":"r-1","durable_function.execution_id":"id","durable_function.execution_name":"name","durable_function.first_invocation":false,"durable_function.execution_status":"PENDING"},"timestamp"
            """.Trim(),
            Assert.Single(LogEvents.TakeBodies(path.Buffer)),
            StringComparison.Ordinal);
    }

    [Fact]
    public void C8_on_managed_instances_the_report_tells_the_status()
    {
        var path = new TelemetryPath(isManagedInstance: true, lambda: new LambdaLogSettings { DurableBufferSize = 5 });
        InitStart(path);
        Trace(path, "r-1", first: null, status: "FAILED");
        path.PostOne("platform.start", """{"requestId":"r-1"}""");
        path.PostOne("platform.report", """{"requestId":"r-1","status":"error","metrics":{"durationMs":1}}""");
        Assert.Equal(
            [("INIT_START", null), ("START", null), ("REPORT", "FAILED")],
            path.Take().Select(static log => (log.Text().Split(' ')[0], Field(log, "execution_status"))));
    }

    [Theory]
    [InlineData("initStart")]
    [InlineData("report")]
    public void C8_the_verdict_not_durable_ends_the_wait(string from)
    {
        TelemetryPath path = PathWith(50);
        path.PostOne("platform.start", """{"requestId":"r-1"}""");
        path.PostOne("function", "\"a line\"");
        Assert.Empty(path.Take());
        if (from == "initStart")
        {
            path.PostOne("platform.initStart", """{"runtimeVersion":"python:3.14.v6"}""");
        }
        else
        {
            // Of a sandbox that was restored from a snapshot nobody tells how it began.
            path.PostOne("platform.report", """{"requestId":"r-1","metrics":{"durationMs":1,"billedDurationMs":1}}""");
        }

        Assert.Equal(["START", "a"], path.Take().Select(static log => log.Text().Split(' ')[0]).Where(static word => word != "REPORT"));
        path.PostOne("platform.start", """{"requestId":"r-2"}""");
        path.PostOne("function", "\"another\"");
        Assert.Null(Execution(path.Take()[^1]));
        Assert.Equal(0, path.Logs.HeldCount);
    }

    [Fact]
    public void C8_when_there_are_more_ids_than_N_the_oldest_goes_without()
    {
        TelemetryPath path = PathWith(2);
        InitStart(path);
        foreach (string id in new[] { "r-1", "r-2", "r-3" })
        {
            path.PostOne("platform.start", $$"""{"requestId":"{{id}}"}""");
            path.PostOne("function", "\"x\"");
        }

        Assert.Equal(["r-1", "r-1", "r-1"], path.Take().Select(LogEvents.RequestId));
        Trace(path, "r-2", first: null, status: null);
        Assert.Equal([("r-2", "id name"), ("r-2", "id name")], path.Take().Select(static log => (log.RequestId(), Execution(log))));
        path.Logs.ReleaseAll();
        Assert.Equal([("r-3", null), ("r-3", (string?)null)], path.Take().Select(static log => (log.RequestId(), Execution(log))));
    }

    [Fact]
    public void C8_what_waits_has_a_limit_in_bytes_and_nothing_is_lost()
    {
        TelemetryPath path = PathWith(50);
        InitStart(path);
        for (int i = 0; i < 12; i++)
        {
            path.PostOne("platform.start", $$"""{"requestId":"r-{{i}}"}""");
            path.PostOne("function", $"\"{new string('x', 300_000)}\"");
        }

        int released = path.Take().Count;
        Assert.InRange(released, 2, 20);
        path.Logs.ReleaseAll();
        Assert.Equal(25, released + path.Take().Count);
        Assert.Equal(0, path.Counters.DroppedInAll);
    }

    [Fact]
    public void C8_the_first_context_of_an_id_counts_and_500_are_known()
    {
        TelemetryPath path = PathWith(50);
        InitStart(path);
        Trace(path, "r-0", first: null, status: null);
        Trace(path, "r-0", first: null, status: null, name: "other");
        path.PostOne("platform.start", """{"requestId":"r-0"}""");
        Assert.All(path.Take(), static log => Assert.Equal("id name", Execution(log)));
        for (int i = 1; i <= 500; i++)
        {
            Trace(path, $"r-{i}", first: null, status: null);
        }

        path.PostOne("function", "\"r-0 is forgotten\"");
        Assert.Empty(path.Take());
        path.PostOne("platform.start", """{"requestId":"r-1"}""");
        Assert.Equal("id name", Execution(Assert.Single(path.Take())));
    }

    [Fact]
    public void C8_before_the_identity_and_without_an_id_the_usual_rules_hold()
    {
        var path = new TelemetryPath(knowsIdentity: false, lambda: new LambdaLogSettings { DurableBufferSize = 5 });
        InitStart(path);
        path.PostOne("platform.start", """{"requestId":"r-1"}""");
        path.Buffer.Identity = LogEvents.Identity;
        Trace(path, "r-1", first: null, status: null);
        path.PostOne("function", "\"x\"");
        Assert.Equal(["id name", "id name", "id name"], path.Take().Select(Execution));
    }

    [Theory]
    [InlineData("aws.lambda", "request_id")]
    [InlineData("aws.lambda", "aws.durable.execution_id")]
    [InlineData("aws.lambda", "aws.durable.execution_name")]
    [InlineData("aws.lambda.load", "")]
    public void C8_other_spans_say_nothing(string name, string without)
    {
        TelemetryPath path = PathWith(50);
        InitStart(path);
        path.PostOne("platform.start", """{"requestId":"r-1"}""");
        Inspect(path, name, new()
        {
            ["request_id"] = "r-1", ["aws.durable.execution_id"] = "id", ["aws.durable.execution_name"] = "name",
        }, without);
        Assert.Empty(path.Take());
    }

    private static TelemetryPath PathWith(int size) => new(lambda: new LambdaLogSettings { DurableBufferSize = size });

    private static void InitStart(TelemetryPath path) => path.PostOne("platform.initStart", """{"runtimeVersion":"python:3.14.DurableFunction.v6"}""");

    private static void Trace(TelemetryPath path, string requestId, string? first, string? status, string name = "name")
    {
        var meta = new Dictionary<string, string>
        {
            ["request_id"] = requestId, ["aws.durable.execution_id"] = "id", ["aws.durable.execution_name"] = name,
        };
        if (first is not null)
        {
            meta["aws.durable.first_invocation"] = first;
        }

        if (status is not null)
        {
            meta["aws.durable.execution_status"] = status;
        }

        Inspect(path, "aws.lambda", meta, without: "");
    }

    private static void Inspect(TelemetryPath path, string name, Dictionary<string, string> meta, string without)
    {
        using var rig = new TrackerRig();
        var span = new Span { Name = Utf8Slice.From(name), Resource = Utf8Slice.From("my-fn"), TraceId = 1, SpanId = 2 };
        foreach ((string key, string value) in meta)
        {
            if (key != without)
            {
                span.Meta.Set(Utf8Slice.From(key), Utf8Slice.From(value));
            }
        }

        var inspector = new LambdaSpanInspector(new InternalSpans(Environments.Read()), rig.Tracker, reparenting: null, path.Logs);
        Assert.Equal(SpanVerdict.Keep, inspector.Inspect(span, default));
    }

    /// <summary>Id and name; null when the event has none.</summary>
    private static string? Execution(JsonElement log) =>
        Field(log, "execution_id") is { } id ? $"{id} {Field(log, "execution_name")}" : null;

    private static string? Field(JsonElement log, string name) =>
        log.GetProperty("message").GetProperty("lambda").TryGetProperty("durable_function." + name, out JsonElement value) ? value.ToString() : null;
}
