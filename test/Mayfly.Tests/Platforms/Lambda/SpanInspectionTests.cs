using Mayfly.Config;
using Mayfly.Diagnostics;
using Mayfly.Platforms.Lambda;
using Mayfly.Platforms.Lambda.Invocations;
using Mayfly.Platforms.Lambda.RuntimeProxy;
using Mayfly.Tests.Config;
using Mayfly.Tests.Platforms.Lambda.Invocations;
using Mayfly.Traces;
using Mayfly.Wire;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda;

/// <summary>docs/spec/03-traces.md 3.3 and docs/spec/01-lambda-lifecycle.md 4.11; the placeholder of 4.4.</summary>
public class SpanInspectionTests
{
    private static readonly Settings Settings = Environments.Read((Keys.RuntimeApi, "169.254.100.1:9001"), (Keys.DogStatsdPort, "18125"));

    [Theory]
    [InlineData("http.url", "http://127.0.0.1:9001/2018-06-01/runtime", true)]
    [InlineData("http.url", "http://127.0.0.1:9000/2018-06-01/runtime", true)]
    [InlineData("http.url", "http://169.254.100.1:9001/x", true)]
    [InlineData("http.url", "http://127.0.0.1:8124", true)]
    [InlineData("http.url", "http://127.0.0.1:8124/lambda/start-invocation", true)]
    [InlineData("http.url", "http://127.0.0.1:18125/", true)]
    [InlineData("http.url", "http://127.0.0.1:8126/v0.4/traces", true)]
    [InlineData("http.url", "http://localhost:8126/v0.4/traces", true)]
    [InlineData("http.url", "http://127.0.0.1:81240", false)]
    [InlineData("http.url", "http://127.0.0.1:8080/", false)]
    [InlineData("http.url", "https://127.0.0.1:8124/", false)]
    [InlineData("http.url", "http://example.com/?u=http://127.0.0.1:8124", false)]
    [InlineData("http.url", "", false)]
    [InlineData("dns.address", "127.0.0.1", true)]
    [InlineData("dns.address", "0.0.0.0", true)]
    [InlineData("dns.address", "169.254.79.129", true)]
    [InlineData("dns.address", "10.0.0.1", false)]
    [InlineData("tcp.remote.host,tcp.remote.port", "127.0.0.1,8124", true)]
    [InlineData("tcp.remote.host,tcp.remote.port", "127.0.0.1,9001", true)]
    [InlineData("tcp.remote.host,tcp.remote.port", "127.0.0.1,80", false)]
    [InlineData("tcp.remote.host", "127.0.0.1", false)]
    [InlineData("resource", "127.0.0.1", true)]
    [InlineData("resource", "0.0.0.0", true)]
    [InlineData("resource", "GET /", false)]
    [InlineData("name", "dns.lookup", true)]
    [InlineData("name", "dns.lookup.all", false)]
    public void Internal_spans_are_dropped(string keys, string values, bool isInternal)
    {
        using var rig = new TrackerRig();
        var span = new Span { Name = Utf8Slice.From("http.request"), Resource = Utf8Slice.From("GET") };
        foreach ((string key, string value) in keys.Split(',').Zip(values.Split(',')))
        {
            switch (key)
            {
                case "resource":
                    span.Resource = Utf8Slice.From(value);
                    break;
                case "name":
                    span.Name = Utf8Slice.From(value);
                    break;
                default:
                    span.Meta.Set(Utf8Slice.From(key), Utf8Slice.From(value));
                    break;
            }
        }

        SpanVerdict verdict = new LambdaSpanInspector(new InternalSpans(Settings), rig.Tracker).Inspect(span, default);
        Assert.Equal(isInternal ? SpanVerdict.Drop : SpanVerdict.Keep, verdict);
    }

    /// <summary>01, 4.12: any span arriving with service aws.lambda gets the service tag's value if there is one.</summary>
    [Theory]
    [InlineData("aws.lambda", "orders", "orders")]
    [InlineData("aws.lambda", null, "aws.lambda")]
    [InlineData("shop", "orders", "shop")]
    public void Spans_of_nobodys_service_get_the_functions(string service, string? tag, string expected)
    {
        using var rig = new TrackerRig();
        var span = new Span { Service = Utf8Slice.From(service), TraceId = 1, SpanId = 2 };
        var inspector = new LambdaSpanInspector(new InternalSpans(Settings), rig.Tracker, service: tag);
        Assert.Equal((SpanVerdict.Keep, expected), (inspector.Inspect(span, default), span.Service.ToString()));
    }

    /// <summary>01, TV23: the root span goes below the invocation, its child stays, and the invocation learns its trace.</summary>
    [Fact]
    public void TV23_A_web_applications_spans_are_put_below_their_invocation()
    {
        using var rig = new TrackerRig();
        var reparenting = new Reparenting(new Counters());
        reparenting.TryAdd("r1", invocationSpanId: 11, parentId: 0);
        var inspector = new LambdaSpanInspector(new InternalSpans(Settings), rig.Tracker, reparenting);
        var root = new Span { TraceId = 5, SpanId = 1, ParentId = 0 };
        var child = new Span { TraceId = 5, SpanId = 2, ParentId = 1 };
        Assert.Equal((SpanVerdict.Keep, SpanVerdict.Keep), (inspector.Inspect(root, default), inspector.Inspect(child, default)));
        Assert.Equal((11ul, 1ul), (root.ParentId, child.ParentId));

        rig.Invoke("r1");
        rig.Start("r1");
        rig.Done("r1");
        rig.Tracker.Shutdown("spindown");
        ExecutionSpan sent = Assert.Single(rig.Spans);
        Assert.Equal((5ul, 11ul), (sent.TraceId, sent.SpanId));
    }

    [Fact]
    public void A_long_host_name_is_nobody()
    {
        var span = new Span();
        span.Meta.Set(Utf8Slice.From("tcp.remote.host"), Utf8Slice.From(new string('h', 100_000)));
        span.Meta.Set(Utf8Slice.From("tcp.remote.port"), Utf8Slice.From("8124"));
        Assert.False(new InternalSpans(Settings).Contains(span));
    }

    /// <summary>07, 5: recognised by resource, whatever the name was normalised to; its slices die with the request.</summary>
    [Theory]
    [InlineData("dd-tracer-serverless-span")]
    [InlineData("dd_tracer_serverless_span")]
    public void The_placeholder_is_copied_to_its_invocation(string name)
    {
        using var rig = new TrackerRig();
        byte[] body = "request_idr1keyvalue"u8.ToArray();
        var span = new Span { Name = Utf8Slice.From(name), Resource = Utf8Slice.From("dd-tracer-serverless-span"), TraceId = 999, SpanId = 77 };
        span.Meta.Set(new Utf8Slice(body, 0, 10), new Utf8Slice(body, 10, 2));
        span.Meta.Set(new Utf8Slice(body, 12, 3), new Utf8Slice(body, 15, 5));
        Assert.Equal(SpanVerdict.Drop, new LambdaSpanInspector(new InternalSpans(Settings), rig.Tracker).Inspect(span, default));
        body.AsSpan().Fill((byte)'#');
        span.Clear();
        rig.Invoke("r1");
        rig.Done("r1");
        rig.Tracker.Shutdown("spindown");
        ExecutionSpan sent = Assert.Single(rig.Spans);
        Assert.Equal((999ul, 77ul), (sent.TraceId, sent.SpanId));
        Assert.Contains(sent.Placeholder!.Meta, static tag => tag.Key.ToString() == "key" && tag.Value.ToString() == "value");
    }

    [Fact]
    public void A_placeholder_without_request_id_is_nobodys()
    {
        using var rig = new TrackerRig();
        var span = new Span { Resource = Utf8Slice.From("dd-tracer-serverless-span") };
        Assert.Equal(SpanVerdict.Drop, new LambdaSpanInspector(new InternalSpans(Settings), rig.Tracker).Inspect(span, default));
        Assert.Equal(0, rig.Tracker.Count);
    }
}
