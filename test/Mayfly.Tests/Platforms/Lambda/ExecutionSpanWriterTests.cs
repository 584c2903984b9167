using Mayfly.Config;
using Mayfly.Platforms.Lambda;
using Mayfly.Platforms.Lambda.Invocations;
using Mayfly.Tests.Config;
using Mayfly.Tests.Platforms.Lambda.Invocations;
using Mayfly.Tests.Platforms.Lambda.Triggers;
using Mayfly.Traces;
using Mayfly.Wire;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda;

/// <summary>docs/spec/01-lambda-lifecycle.md 4.4, the table of the <c>aws.lambda</c> span.</summary>
public class ExecutionSpanWriterTests
{
    private static readonly ExecutionSpan Plain = new()
    {
        RequestId = "r1",
        TraceId = 999,
        SpanId = 77,
        ParentId = 5,
        StartNs = 1666361103165000000,
        DurationNs = 2599000000,
        IsColdStart = true,
        IsProactiveInit = false,
        Error = null,
        IsError = false,
        StatusCode = null,
        Priority = 1,
        PropagationTags = [],
        Placeholder = null,
    };

    [Fact]
    public void Tv6_span()
    {
        Span span = Write(Plain, "java17", (Keys.Service, "My-Svc"), (Keys.FunctionName, "My-Fn"));
        Assert.Equal(("aws.lambda", "serverless", "my-svc", "My-Fn"), (span.Name.ToString(), span.Type.ToString(), span.Service.ToString(), span.Resource.ToString()));
        Assert.Equal((999ul, 77ul, 5ul, 1666361103165000000, 2599000000, 0), (span.TraceId, span.SpanId, span.ParentId, span.StartNs, span.DurationNs, span.Error));
        Assert.Equal("cold_start=true language=java request_id=r1 runtime=java17 span.kind=server", MetaOf(span));
        Assert.Equal("_sampling_priority_v1=1", MetricsOf(span));
    }

    [Theory]
    [InlineData("dotnet8", "dotnet")]
    [InlineData("java17", "java")]
    [InlineData("ruby3.3", "ruby")]
    [InlineData("go1.x", "go")]
    [InlineData("nodejs20.x", null)]
    [InlineData("provided.al2023", null)]
    [InlineData("unknown", null)]
    public void The_language_is_that_of_the_runtime(string runtime, string? language)
    {
        Span span = Write(Plain, runtime);
        Assert.Equal(runtime, Meta(span, "runtime"));
        Assert.Equal(language, Meta(span, "language"));
    }

    [Fact]
    public void Without_a_name_the_resource_is_the_operation() => Assert.Equal("aws.lambda", Write(Plain, "java17").Resource.ToString());

    [Fact]
    public void Errors_statuses_and_init_kinds()
    {
        Span span = Write(
            Plain with { IsColdStart = false, IsProactiveInit = true, IsError = true, Error = new InvocationError("m", "t", ""), StatusCode = "502", PropagationTags = [new("_dd.p.dm", "-4")] },
            "go1.x");
        Assert.Equal(1, span.Error);
        Assert.Equal(
            "_dd.p.dm=-4 cold_start=false error.msg=m error.type=t http.status_code=502 language=go proactive_initialization=true request_id=r1 runtime=go1.x span.kind=server",
            MetaOf(span));
    }

    /// <summary>4.4, Placeholder span; 07, 5, trap: the trace's own priority is the placeholder's.</summary>
    [Fact]
    public void The_placeholders_tags_are_taken_over()
    {
        PlaceholderSpan placeholder = TrackerRig.PlaceholderOf() with { Error = 1, MetaStruct = [new(Utf8Slice.From("blob"), Utf8Slice.From("x"))] };
        Span span = Write(Plain with { Placeholder = placeholder }, "java17");
        Assert.Equal("cold_start=true language=java request_id=r1 runtime=java17 span.kind=server tracer=tag", MetaOf(span));
        Assert.Equal("_sampling_priority_v1=2", MetricsOf(span));
        Assert.Equal((1, 1), (span.Error, span.MetaStruct.Count));
    }

    /// <summary>docs/spec/02-triggers.md 3.5, AppSec.</summary>
    [Fact]
    public void What_AppSec_said_is_on_all_spans_of_the_chain()
    {
        PlaceholderSpan placeholder = TrackerRig.PlaceholderOf() with
        {
            Meta = [new(Utf8Slice.From("_dd.appsec.json"), Utf8Slice.From("{}"))],
            Metrics = [new(Utf8Slice.From("_dd.appsec.enabled"), 1)],
        };
        ExecutionSpan execution = Plain with { Placeholder = placeholder, Trigger = SourceEvents.ReadFile("sqs-sns"), InferredIds = [11, 12] };
        var writer = new ExecutionSpanWriter(new FunctionIdentity(Environments.Read(), new Registration("id", "", "", null)), "java17");

        Span[] inferred = [.. writer.WriteInferred(execution, writer.Write(execution), SourceEvents.Settings)];

        Assert.Equal(2, inferred.Length);
        Assert.All(inferred, static span => Assert.Equal(("{}", "_dd.appsec.enabled=1"), (Meta(span, "_dd.appsec.json"), MetricsOf(span))));
    }

    [Fact]
    public void No_priority_is_no_metric() => Assert.Equal("", MetricsOf(Write(Plain with { Priority = null }, "java17")));

    private static Span Write(ExecutionSpan execution, string runtime, params (string, string)[] variables) =>
        new ExecutionSpanWriter(new FunctionIdentity(Environments.Read(variables), new Registration("id", "", "", null)), runtime).Write(execution);

    private static string? Meta(Span span, string key) => span.Meta.TryFind(System.Text.Encoding.UTF8.GetBytes(key), out Utf8Slice value) ? value.ToString() : null;

    private static string MetaOf(Span span) => string.Join(' ', span.Meta.Entries.ToArray().Select(static e => $"{e.Key}={e.Value}").Order(StringComparer.Ordinal));

    private static string MetricsOf(Span span) => string.Join(' ', span.Metrics.Entries.ToArray().Select(static e => FormattableString.Invariant($"{e.Key}={e.Value}")));
}
