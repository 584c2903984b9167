using Mayfly.Config;
using Mayfly.Platforms.Lambda;
using Mayfly.Platforms.Lambda.Invocations;
using Mayfly.Platforms.Lambda.Propagation;
using Mayfly.Platforms.Lambda.Telemetry;
using Mayfly.Tests.Config;
using Mayfly.Tests.HouseRules;
using Mayfly.Tests.Platforms.Lambda.Invocations;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda;

/// <summary>What an event says, as an invocation takes it over: docs/spec/02-triggers.md 1, docs/spec/01-lambda-lifecycle.md 4.6, 4.9.</summary>
public class InvocationEventsTests
{
    [Fact]
    public void A_queue_s_message_gives_upstream_inferred_span_and_parent()
    {
        byte[] queue = File.ReadAllBytes(Path.Combine(SourceTree.Root, "samples", "events", "sqs.json"));
        StartCall call = new InvocationEvents(Environments.Read()).Read(queue, new Carrier(), 1);
        Assert.Equal((2684756524522091840UL, 7431398482019833808UL, 1), (call.Upstream!.TraceId, call.Upstream.SpanId, call.Upstream.Priority));
        ulong inferred = Assert.Single(call.InferredIds);

        using var rig = new TrackerRig();
        rig.Invoke("r1");
        rig.Tracker.StartCalled("r1", call);
        rig.End("r1");
        rig.Done("r1");
        rig.Tracker.SendComplete();
        ExecutionSpan span = Assert.Single(rig.Spans);
        Assert.Equal((2684756524522091840UL, inferred, 7431398482019833808UL), (span.TraceId, span.ParentId, span.UpstreamSpanId));
        Assert.Equal("aws.sqs", Assert.Single(span.Trigger!.Spans).Name);
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("")]
    [InlineData("[1,2]")]
    public void An_event_that_is_none_leaves_the_headers_of_the_call(string text)
    {
        var headers = new Carrier();
        headers.Add("X-Datadog-Trace-Id", "111");
        StartCall call = new InvocationEvents(Environments.Read()).Read(System.Text.Encoding.UTF8.GetBytes(text), headers, 1);
        Assert.Equal(111UL, call.Upstream?.TraceId);
        Assert.Null(call.Trigger);
    }

    [Fact]
    public void Payloads_are_captured_only_on_request_and_without_secrets()
    {
        byte[] payload = """{"order":"latte","password":"milk"}"""u8.ToArray();
        Assert.Empty(new InvocationEvents(Environments.Read()).Read(payload, new Carrier(), 1).Captured);

        var capturing = new InvocationEvents(Environments.Read((Keys.CapturePayload, "true")));
        Assert.Equal(
            [new("function.request.order", "latte"), new("function.request.password", "redacted")],
            capturing.Read(payload, new Carrier(), 1).Captured);
    }

    [Fact]
    public void TV8_a_log_line_and_the_platform_count_one_lack_of_memory()
    {
        using var rig = new TrackerRig();
        rig.Invoke("r1");
        rig.Tracker.OutOfMemorySeen(null, 1_666_361_105_000_000_000);
        rig.Tracker.OutOfMemorySeen("r1", 1_666_361_105_000_000_000);
        rig.Done("r1", PlatformStatus.Error, errorType: "Runtime.OutOfMemory");
        rig.Report("r1", usedMb: 128);
        Assert.Equal("out_of_memory=1", rig.CountMetrics("out_of_memory"));
    }
}
