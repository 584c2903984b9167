using Mayfly.Local.Demo;
using Mayfly.Local.Intake;
using Xunit;

namespace Mayfly.Tests.Local.Demo;

/// <summary>A complete delivery has no problem; each way in which one can be incomplete has its sentence.</summary>
public class DeliveryCheckTests
{
    private const ulong Trace = 11;
    private const ulong Root = 21;
    private const ulong Child = 22;

    [Fact]
    public void A_complete_delivery_has_no_problem()
    {
        DeliveryReport report = Compare(new World());

        Assert.Empty(report.Problems);
        Assert.True(report.Complete);
        Assert.Equal(
            [("aws.lambda spans", 3, 3), ("child spans", 1, 1), ("metric values", 8, 8), ("log lines", 3, 3), ("enhanced metric values", 12, 12)],
            report.Rows.Select(r => (r.What, r.Sent, r.Arrived)));
    }

    public static TheoryData<string, string> Incomplete => new()
    {
        { "no root span", "The aws.lambda span of req-ok (ok) did not arrive." },
        { "two root spans", "The aws.lambda span of req-ok (ok) arrived 2 times." },
        { "other root id", "The aws.lambda span of req-ok (ok) has the span id 99, the tracer said 21." },
        { "other trace id", "The aws.lambda span of req-ok (ok) has the trace id 98, the tracer said 11." },
        { "no timeout span", "The aws.lambda span of req-timeout (timeout) did not arrive." },
        { "timeout not failed", "The aws.lambda span of req-timeout (timeout) is not marked as failed." },
        { "ok failed", "The aws.lambda span of req-ok (ok) is marked as failed." },
        { "5xx not failed", "The aws.lambda span of req-http (http) is not marked as failed." },
        { "placeholder", "1 placeholder span (dd-tracer-serverless-span) reached the intake instead of being replaced." },
        { "no child", "Span work (22) of req-ok did not arrive." },
        { "two children", "Span work (22) of req-ok arrived 2 times." },
        { "child elsewhere", "Span work (22) of req-ok hangs below span 1 instead of 21." },
        { "child renamed", "Span work (22) of req-ok arrived as other with error 0." },
        { "no count", "Metric m.count (count, request:1) did not arrive." },
        { "count without its tag", "Metric m.count (count, request:1) did not arrive." },
        { "count too small", "Metric m.count (count, request:1) should add up to 5, 2 arrived." },
        { "count twice", "Metric m.count (count, request:1) should add up to 5, 10 arrived." },
        { "no gauge", "Metric m.gauge (gauge, request:1) did not arrive." },
        { "old gauge", "Metric m.gauge (gauge, request:1) should be 7 in the end, it is 6." },
        { "no distribution", "Metric m.dist (distribution, request:1) did not arrive." },
        { "distribution too few", "Metric m.dist (distribution, request:1) has 2 values, 1 arrived." },
        { "distribution other sum", "Metric m.dist (distribution, request:1) should add up to 4, 5 arrived." },
        { "no timer", "Metric m.timer (timer, request:1) did not arrive." },
        { "timer too few", "Metric m.timer (timer, request:1) has 2 values, 1 arrived." },
        { "no log", "Log line \"hello\" of req-ok did not arrive." },
        { "log once", "Log line \"again\" of req-ok was written 2 times and arrived once." },
        { "log without request id", "Log line \"hello\" of req-ok arrived without its request id." },
        { "no invocations", "Metric aws.lambda.enhanced.invocations: 3 values expected, 0 arrived." },
        { "errors twice", "Metric aws.lambda.enhanced.errors: 2 values expected, 4 arrived." },
        { "no timeouts", "Metric aws.lambda.enhanced.timeouts: 1 value expected, 0 arrived." },
        { "wrong billed", "Metric aws.lambda.enhanced.billed_duration: the sum should be 0.45, it is 1.45." },
        { "failure", "The agent did not take something: POST /v0.4/traces was answered 404." },
        { "undecodable", "The intake could not use a request to /api/v2/series: undecodable: cut." },
    };

    [Theory]
    [MemberData(nameof(Incomplete))]
    public void What_is_missing_or_wrong_is_said_in_one_sentence(string what, string sentence)
    {
        var world = new World();
        world.Break(what);

        DeliveryReport report = Compare(world);

        Assert.Equal([sentence], report.Problems);
        Assert.False(report.Complete);
    }

    [Fact]
    public void A_count_that_is_spread_over_payloads_adds_up()
    {
        var world = new World();
        world.Metrics.RemoveAll(m => m.Name == "m.count");
        world.Metrics.Add(Series("m.count", MetricType.Count, 2));
        world.Metrics.Add(Series("m.count", MetricType.Rate, 0.3, interval: 10));
        Assert.Empty(Compare(world).Problems);
    }

    [Fact]
    public void The_manifest_is_read_line_by_line_and_a_cut_last_line_is_left_out()
    {
        SentManifest sent = SentManifest.Parse(
        [
            """{"kind":"root","request_id":"r","name":"dd-tracer-serverless-span","trace_id":18446744073709551615,"span_id":2,"parent_id":0,"error":1}""",
            """{"kind":"span","request_id":"r","name":"n","trace_id":1,"span_id":3,"parent_id":2,"error":0}""",
            """{"kind":"metric","request_id":"r","name":"m","type":"c","value":1.5,"tags":["a:b"]}""",
            """{"kind":"log","request_id":"r","text":"t"}""",
            """{"kind":"failure","text":"f"}""",
            "",
            """{"kind":"log","requ""",
        ]);

        Assert.Equal([new SentSpan("r", "dd-tracer-serverless-span", ulong.MaxValue, 2, 0, 1)], sent.Roots);
        Assert.Equal([new SentSpan("r", "n", 1, 3, 2, 0)], sent.Spans);
        SentMetric metric = Assert.Single(sent.Metrics);
        Assert.Equal(("r", "m", "c", 1.5), (metric.RequestId, metric.Name, metric.Type, metric.Value));
        Assert.Equal([new SentLog("r", "t")], sent.Logs);
        Assert.Equal(["f"], sent.Failures);
    }

    [Theory]
    [InlineData("""{"kind":"log","requ""", "cut in the middle of the file")]
    [InlineData("""{"kind":"coffee"}""", "unknown kind")]
    [InlineData("""{"kind":"log"}""", "missing member")]
    [InlineData("""{"kind":"span","request_id":"r","name":"n","trace_id":-1,"span_id":3,"parent_id":2,"error":0}""", "negative id")]
    public void A_broken_manifest_line_is_an_error(string line, string why)
    {
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => SentManifest.Parse([line, """{"kind":"failure","text":"f"}"""]));
        Assert.True(error.Message.Contains("manifest line 1", StringComparison.Ordinal), why);
    }

    private static DeliveryReport Compare(World world) => DeliveryCheck.Compare(world.Sent, world.Invocations, world.Requests);

    private static ReceivedMetric Series(string name, MetricType type, double value, long time = 100, long interval = 0, string tag = "request:1") => new()
    {
        Name = name,
        Type = type,
        Tags = [tag, "region:us-east-1"],
        IntervalSeconds = interval,
        Points = [new ReceivedPoint(time, value)],
    };

    private static ReceivedMetric Sketch(string name, long count, double sum) => new()
    {
        Name = name,
        Type = MetricType.Sketch,
        Tags = ["request:1"],
        Sketches = [new ReceivedSketch { TimestampSeconds = 100, Count = count, Sum = sum, Min = 0, Max = sum, Avg = sum / count, Bins = [] }],
    };

    /// <summary>One good, one timed-out and one 500 invocation whose data all arrived, to be damaged in one place.</summary>
    private sealed class World
    {
        public List<DemoInvocation> Invocations { get; } =
        [
            new() { Title = "ok", RequestId = "req-ok", Status = "Success", BilledMs = 100 },
            new() { Title = "timeout", RequestId = "req-timeout", Status = "Timeout", BilledMs = 300 },
            new() { Title = "http", RequestId = "req-http", Status = "Success", BilledMs = 50, FailedByStatusCode = true },
        ];

        public SentManifest Sent { get; private set; } = new()
        {
            Roots = [new SentSpan("req-ok", "dd-tracer-serverless-span", Trace, Root, 0, 0)],
            Spans = [new SentSpan("req-ok", "work", Trace, Child, Root, 0)],
            Metrics =
            [
                new SentMetric("req-ok", "m.count", "c", 2, ["request:1"]),
                new SentMetric("req-ok", "m.count", "c", 3, ["request:1"]),
                new SentMetric("req-ok", "m.gauge", "g", 6, ["request:1"]),
                new SentMetric("req-ok", "m.gauge", "g", 7, ["request:1"]),
                new SentMetric("req-ok", "m.dist", "d", 1, ["request:1"]),
                new SentMetric("req-ok", "m.dist", "d", 3, ["request:1"]),
                new SentMetric("req-ok", "m.timer", "ms", 20, ["request:1"]),
                new SentMetric("req-ok", "m.timer", "ms", 40, ["request:1"]),
            ],
            Logs = [new SentLog("req-ok", "hello"), new SentLog("req-ok", "again"), new SentLog("req-ok", "again")],
        };

        public List<ReceivedSpan> Spans { get; } =
        [
            Span("aws.lambda", Trace, Root, 0, "req-ok"),
            Span("aws.lambda", 12, 31, 0, "req-timeout") with { Error = 1 },
            Span("aws.lambda", 13, 41, 0, "req-http") with { Error = 1 },
            Span("work", Trace, Child, Root, null),
        ];

        public List<ReceivedMetric> Metrics { get; } =
        [
            Series("m.count", MetricType.Count, 5, interval: 10),
            Series("m.gauge", MetricType.Gauge, 6, time: 90),
            Series("m.gauge", MetricType.Gauge, 7),
            Sketch("m.dist", 2, 4),
            Series("m.timer.count", MetricType.Rate, 0.2, interval: 10),
            Series("m.timer.avg", MetricType.Gauge, 30),
            Series("m.timer.max", MetricType.Gauge, 40),
            Sketch("aws.lambda.enhanced.invocations", 3, 3),
            Sketch("aws.lambda.enhanced.duration", 3, 0.44),
            Sketch("aws.lambda.enhanced.billed_duration", 3, 0.45),
            Sketch("aws.lambda.enhanced.errors", 2, 2),
            Sketch("aws.lambda.enhanced.timeouts", 1, 1),
        ];

        public List<ReceivedLog> Logs { get; } =
        [
            new() { Message = "hello", RequestId = "req-ok" },
            new() { Message = "again\n", RequestId = "req-ok" },
            new() { Message = "again", RequestId = "req-ok" },
            new() { Message = "START RequestId: req-ok Version: $LATEST", RequestId = "req-ok" },
        ];

        private string? Error { get; set; }

        public IReadOnlyList<ReceivedRequest> Requests =>
        [
            new ReceivedRequest
            {
                Sequence = 1, Method = "POST", Protocol = "HTTP/1.1", Path = IntakePaths.Series, Status = 200, Headers = new Dictionary<string, string>(),
                ArrivedAt = default,
                Error = Error, Spans = Spans, Metrics = Metrics, Logs = Logs,
            },
        ];

        public void Break(string what)
        {
            switch (what)
            {
                case "no root span": Spans.RemoveAt(0); break;
                case "two root spans": Spans.Add(Spans[0]); break;
                case "other root id": Spans[0] = Spans[0] with { SpanId = 99 }; break;
                case "other trace id": Spans[0] = Spans[0] with { TraceId = 98 }; break;
                case "no timeout span": Spans.RemoveAt(1); break;
                case "timeout not failed": Spans[1] = Spans[1] with { Error = 0 }; break;
                case "ok failed": Spans[0] = Spans[0] with { Error = 1 }; break;
                case "5xx not failed": Spans[2] = Spans[2] with { Error = 0 }; break;
                case "placeholder": Spans.Add(Spans[3] with { SpanId = 77, Resource = "dd-tracer-serverless-span" }); break;
                case "no child": Spans.RemoveAt(3); break;
                case "two children": Spans.Add(Spans[3]); break;
                case "child elsewhere": Spans[3] = Spans[3] with { ParentId = 1 }; break;
                case "child renamed": Spans[3] = Spans[3] with { Name = "other" }; break;
                case "no count": Remove("m.count"); break;
                case "count without its tag": Metrics[0] = Metrics[0] with { Tags = ["request:2"] }; break;
                case "count too small": Metrics[0] = Series("m.count", MetricType.Count, 2); break;
                case "count twice": Metrics.Add(Metrics[0]); break;
                case "no gauge": Remove("m.gauge"); break;
                case "old gauge": Metrics.RemoveAt(2); break;
                case "no distribution": Remove("m.dist"); break;
                case "distribution too few": Metrics[3] = Sketch("m.dist", 1, 4); break;
                case "distribution other sum": Metrics[3] = Sketch("m.dist", 2, 5); break;
                case "no timer": Remove("m.timer.count"); break;
                case "timer too few": Metrics[4] = Series("m.timer.count", MetricType.Rate, 0.1, interval: 10); break;
                case "no log": Logs.RemoveAt(0); break;
                case "log once": Logs.RemoveAt(1); break;
                case "log without request id": Logs[0] = Logs[0] with { RequestId = null }; break;
                case "no invocations": Remove("aws.lambda.enhanced.invocations"); break;
                case "errors twice": Metrics.Add(Sketch("aws.lambda.enhanced.errors", 2, 2)); break;
                case "no timeouts": Remove("aws.lambda.enhanced.timeouts"); break;
                case "wrong billed": Metrics[9] = Sketch("aws.lambda.enhanced.billed_duration", 3, 1.45); break;
                case "failure": Sent = Sent with { Failures = ["POST /v0.4/traces was answered 404"] }; break;
                case "undecodable": Error = "undecodable: cut"; break;
                default: throw new ArgumentOutOfRangeException(nameof(what), what, "unknown damage");
            }
        }

        private void Remove(string metric) => Metrics.RemoveAll(m => m.Name == metric);

        private static ReceivedSpan Span(string name, ulong traceId, ulong spanId, ulong parentId, string? requestId) => new()
        {
            Service = "svc",
            Name = name,
            Resource = name,
            Type = "",
            TraceId = traceId,
            SpanId = spanId,
            ParentId = parentId,
            StartNs = 1,
            DurationNs = 1,
            Error = 0,
            Meta = requestId is null ? new Dictionary<string, string>() : new Dictionary<string, string> { ["request_id"] = requestId },
            Metrics = new Dictionary<string, double>(),
            MetaStruct = new Dictionary<string, ReadOnlyMemory<byte>>(),
            Links = [],
            Events = [],
            Chunk = new ReceivedTraceChunk(1, "lambda", new Dictionary<string, string>(), false),
            Payload = new ReceivedTracerPayload
            {
                ContainerId = "", LanguageName = "", LanguageVersion = "", TracerVersion = "", RuntimeId = "", Env = "", Hostname = "", AppVersion = "",
                Tags = new Dictionary<string, string>(), FunctionTags = [],
            },
            Agent = new ReceivedAgentPayload("", "", "", new Dictionary<string, string>(), 60, 60, false),
        };
    }
}
