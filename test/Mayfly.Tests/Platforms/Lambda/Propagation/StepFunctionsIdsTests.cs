using Mayfly.Platforms.Lambda.Propagation;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.Propagation;

/// <summary>docs/spec/02-triggers.md#65-step-functions-deterministic-ids: the vectors, and the Mayfly rows of its table of differences.</summary>
public class StepFunctionsIdsTests
{
    private const string Ex = "arn:aws:states:eu-west-1:111122223333:execution:Flow:11111111-2222-3333-4444-555555555555";
    private const string Root = "arn:aws:states:eu-west-1:111122223333:execution:Root:aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";

    private static readonly StepFunctionsState Plain = new(Ex, "Charge", "2023-11-14T22:13:20.000Z");

    public static TheoryData<string, StepFunctionsState, string> Rows => new()
    {
        { "plain", Plain, "7a60f8786065fb3b:8181955087378018412/3473893433959439612 p=1 o=states _dd.p.tid=7a60f8786065fb3b" },
        {
            "counts 2 and 1", Plain with { RetryCount = 2, RedriveCount = 1 },
            "7a60f8786065fb3b:8181955087378018412/8413442851444140031 p=1 o=states _dd.p.tid=7a60f8786065fb3b"
        },
        { "nested", Plain with { RootExecutionId = Root }, "588417e246166d74:2405546336620384086/3473893433959439612 p=1 o=states _dd.p.tid=588417e246166d74" },
        {
            "Lambda root", Plain with { LambdaTraceId = "1001", LambdaTags = "_dd.p.tid=65530000deadbeef,_dd.p.dm=-0,other=x" },
            "65530000deadbeef:1001/3473893433959439612 p=1 o=states _dd.p.dm=-0 _dd.p.tid=65530000deadbeef"
        },
        {
            "Lambda root wins over nested", Plain with { RootExecutionId = Root, LambdaTraceId = "1001", LambdaTags = "_dd.p.tid=672a7cb100000000" },
            "672a7cb100000000:1001/3473893433959439612 p=1 o=states _dd.p.tid=672a7cb100000000"
        },
        {
            "Lambda root needs both", Plain with { LambdaTraceId = "1001" },
            "7a60f8786065fb3b:8181955087378018412/3473893433959439612 p=1 o=states _dd.p.tid=7a60f8786065fb3b"
        },
        {
            "Lambda root, unparsable id", Plain with { RootExecutionId = Root, LambdaTraceId = "x", LambdaTags = "_dd.p.dm=-0" },
            "8181955087378018412/3473893433959439612 p=1 o=states _dd.p.dm=-0"
        },
        {
            "Lambda root, malformed tid", Plain with { LambdaTraceId = "1001", LambdaTags = "_dd.p.tid=zz" },
            "1001/3473893433959439612 p=1 o=states _dd.p.tid=zz"
        },
        {
            "reference", new("arn:aws:states:us-east-1:425362996713:execution:agocsTestSF:bc9f281c-3daa-4e5a-9a60-471a3810bf44", "agocsTest1", "2024-07-30T19:55:53.018Z"),
            "1914fe7789eb32be:5744042798732701615/2902498116043018663 p=1 o=states _dd.p.tid=1914fe7789eb32be"
        },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public void A_state_has_ids(string row, StepFunctionsState state, string expected) => Assert.Equal((row, expected), (row, Contexts.Describe(StepFunctionsIds.Of(state))));

    [Fact]
    public void Both_masks_act_and_the_high_part_is_padded()
    {
        SpanContext context = StepFunctionsIds.Of(Plain with { ExecutionId = "arn:aws:states:eu-west-1:111122223333:execution:Flow:0" });
        Assert.Equal((5725690783445629259u, "0aefc18483a43b00"), (context.TraceId, context.HighBits));
    }

    [Fact]
    public void One_count_alone_changes_the_span()
    {
        ulong[] spans = [.. new[] { Plain, Plain with { RetryCount = 1 }, Plain with { RedriveCount = 1 } }.Select(static state => StepFunctionsIds.Of(state).SpanId)];
        Assert.Equal(3, spans.Distinct().Count());
    }

    [Fact]
    public void Malformed_high_bits_of_a_function_do_not_reach_a_header()
    {
        SpanContext context = StepFunctionsIds.Of(Plain with { LambdaTraceId = "1001", LambdaTags = "_dd.p.tid=bad\r\nvalue" });
        Assert.Equal(["x-datadog-trace-id", "x-datadog-sampling-priority"], StartInvocationHeaders.Of(context).Select(static header => header.Key));
    }
}
