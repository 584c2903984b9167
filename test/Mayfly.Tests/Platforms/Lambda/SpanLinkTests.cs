using System.Text.Json.Nodes;
using Mayfly.Config;
using Mayfly.Diagnostics;
using Mayfly.Local.Intake;
using Mayfly.Platforms.Lambda.Triggers;
using Mayfly.Testing;
using Mayfly.Tests.Http;
using Mayfly.Tests.Platforms.Lambda.Triggers;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda;

/// <summary>
/// Span links and span pointers, from the bytes of start-invocation to the decoded payload at the intake: docs/spec/02-triggers.md#62-carrier-locations, #63, #7,
/// and #12, numbers 9, 13 and 14.
/// </summary>
public class SpanLinkTests
{
    private const string Id = "459921b5-681c-4a96-beb0-81e0aa586026";
    private const string IdHeader = "lambda-runtime-aws-request-id: " + Id;
    private const string W3C = """{"traceparent":"00-65530000deadbeef00000000000003e9-00000000000007d2-01","tracestate":"dd=s:2,congo=t61"}""";

    private const string Conflicting = """
        {"x-datadog-trace-id":"5","x-datadog-parent-id":"6","x-datadog-sampling-priority":"2",
        "traceparent":"00-11111111111111112222222222222222-00000000000007d2-00","tracestate":"congo=t61"}
        """;

    [Fact]
    public async Task D09_D13_Other_records_are_links_of_the_function_and_terminated_contexts_of_the_local_root()
    {
        await using AgentRig rig = await AgentRig.StartAsync();
        await InvokeAsync(rig, Queue(Conflicting, W3C, """{"x-datadog-trace-id":"7","x-datadog-parent-id":"8"}""", W3C));

        ReceivedSpan function = Only(rig, "aws.lambda");
        ReceivedSpan queue = Only(rig, "aws.sqs");
        Assert.Equal((5ul, queue.SpanId, 6ul), (function.TraceId, function.ParentId, queue.ParentId));
        Assert.Equal(
            ["7301179424633634543:1001/2002 80000001 state=dd=s:2,congo=t61", "0:7/8 0 state="],
            function.Links.Select(Describe));
        Assert.Equal(
            ["1229782938247303441:2459565876494606882/2002 80000000 state=congo=t61 reason=terminated_context context_headers=tracecontext"],
            queue.Links.Select(Describe));
        Assert.All([function, queue], static span => Assert.False(span.Meta.ContainsKey("_dd.span_links")));
    }

    [Fact]
    public async Task Without_inferred_spans_the_function_is_the_local_root()
    {
        await using AgentRig rig = await AgentRig.StartAsync(null, (Keys.ManagedServices, "false"));
        await InvokeAsync(rig, Queue(Conflicting, W3C));

        ReceivedSpan function = Only(rig, "aws.lambda");
        Assert.Equal(6ul, function.ParentId);
        Assert.Equal(
            [
                "7301179424633634543:1001/2002 80000001 state=dd=s:2,congo=t61",
                "1229782938247303441:2459565876494606882/2002 80000000 state=congo=t61 reason=terminated_context context_headers=tracecontext",
            ],
            function.Links.Select(Describe));
    }

    [Fact]
    public async Task Headers_in_two_styles_link_the_request_to_the_trace_that_ends()
    {
        JsonNode json = SourceEvents.Node("http-api");
        json["headers"]!["traceparent"] = "00-11111111111111112222222222222222-00000000000007d2-00";
        await using AgentRig rig = await AgentRig.StartAsync();
        await InvokeAsync(rig, json.ToJsonString());

        Assert.Equal(
            ["1229782938247303441:2459565876494606882/2002 80000000 state= reason=terminated_context context_headers=tracecontext"],
            Only(rig, "aws.httpapi").Links.Select(Describe));
        Assert.Empty(Only(rig, "aws.lambda").Links);
    }

    [Fact]
    public async Task S7_Pointers_are_on_the_inferred_span()
    {
        await using AgentRig rig = await AgentRig.StartAsync();
        await InvokeAsync(rig, SourceEvents.Node("s3").ToJsonString());

        Assert.Equal(["e1b7a6064d156f2d08b84cd68d9a391e"], Pointers(Only(rig, "aws.s3")));
        Assert.Empty(Pointers(Only(rig, "aws.lambda")));
    }

    [Fact]
    public async Task S7_Without_inferred_spans_pointers_are_on_the_function()
    {
        await using AgentRig rig = await AgentRig.StartAsync(null, (Keys.ManagedServices, "false"));
        await InvokeAsync(rig, SourceEvents.Node("dynamodb").ToJsonString());

        Assert.Equal(["a21ccbe5d94cc4937df5fee23d7586e2"], Pointers(Only(rig, "aws.lambda")));
    }

    [Fact]
    public async Task D14_Links_that_the_tracer_put_on_its_placeholder_are_kept()
    {
        await using AgentRig rig = await AgentRig.StartAsync(null, (Keys.ManagedServices, "false"));
        await InvokeAsync(rig, SourceEvents.Node("s3").ToJsonString(), """[{"trace_id":"0a","span_id":"0b"}]""");

        JsonArray links = JsonNode.Parse(Only(rig, "aws.lambda").Meta["_dd.span_links"])!.AsArray();
        Assert.Equal(2, links.Count);
        Assert.Equal(("0a", "0b"), ((string)links[0]!["trace_id"]!, (string)links[0]!["span_id"]!));
    }

    [Fact]
    public async Task What_limits_leave_out_is_counted()
    {
        string[] records = [.. Enumerable.Range(1, 200).Select(static i => $$"""{"x-datadog-trace-id":"{{i}}","x-datadog-parent-id":"8"}""")];
        await using AgentRig rig = await AgentRig.StartAsync(null, (Keys.CapturePayload, "true"));
        await InvokeAsync(rig, Queue(records));

        Assert.Equal(Batch.RecordLimit - 1, Only(rig, "aws.lambda").Links.Count);
        JsonNode omitted = JsonNode.Parse(DebugPage.Write(rig.Agent.Counters))!["omitted"]!;
        Assert.Equal(200 - Batch.RecordLimit, (int)omitted["batch_records"]!);
        Assert.True((int)omitted["payload_values"]! > 0);
    }

    /// <summary>A batch of a queue; each text is the attribute of a message.</summary>
    private static string Queue(params string[] contexts)
    {
        JsonNode json = SourceEvents.Node("sqs");
        JsonArray records = json["Records"]!.AsArray();
        JsonNode template = records[0]!.DeepClone();
        records.Clear();
        foreach (string context in contexts)
        {
            JsonNode record = template.DeepClone();
            record["messageAttributes"]!["_datadog"]!["stringValue"] = context;
            records.Add(record);
        }

        return json.ToJsonString();
    }

    private static async Task InvokeAsync(AgentRig rig, string eventJson, string? placeholderLinks = null)
    {
        rig.Platform.Invoke(Id, TimeSpan.FromSeconds(30));
        ListenerSettings ports = rig.Settings.Listeners;
        Assert.Equal(200, (await rig.PostAsync(ports.LifecyclePort, "/lambda/start-invocation", eventJson, IdHeader)).Status);
        if (placeholderLinks is not null)
        {
            var placeholder = new SampleSpan
            {
                Resource = "dd-tracer-serverless-span",
                SpanId = 77,
                Meta = new Dictionary<string, string> { ["request_id"] = Id, ["_dd.span_links"] = placeholderLinks },
            };
            using var tracer = new RawHttp(ports.TracePort);
            Assert.Equal(200, (await tracer.RequestAsync("PUT", "/v0.4/traces", SampleSpan.V04([placeholder]))).Status);
        }

        Assert.Equal(200, (await rig.PostAsync(ports.LifecyclePort, "/lambda/end-invocation", "{}", IdHeader, "x-datadog-span-id: 77")).Status);
        await rig.RuntimeDoneAsync(Id);
        await rig.Platform.NextAskedAsync(2);
        rig.Platform.Shutdown();
        Assert.Equal(0, await rig.EndAsync());
        rig.AssertSums();
    }

    private static ReceivedSpan Only(AgentRig rig, string name) => Assert.Single(rig.Intake.Spans, span => span.Name == name);

    private static IEnumerable<string> Pointers(ReceivedSpan span) =>
        span.Meta.TryGetValue("_dd.span_links", out string? links)
            ? JsonNode.Parse(links)!.AsArray().Select(static link => (string)link!["attributes"]!["ptr.hash"]!)
            : [];

    private static string Describe(ReceivedSpanLink link) =>
        $"{link.TraceIdHigh}:{link.TraceId}/{link.SpanId} {link.Flags:x} state={link.TraceState}"
        + string.Concat(link.Attributes.OrderByDescending(static a => a.Key, StringComparer.Ordinal).Select(static a => $" {a.Key}={a.Value}"));
}
