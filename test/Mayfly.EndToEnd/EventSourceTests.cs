using System.Globalization;
using Mayfly.EndToEnd.Agents;
using Mayfly.EndToEnd.Sources;
using Mayfly.Local.Intake;
using Xunit;

namespace Mayfly.EndToEnd;

/// <summary>
/// Every event source through the agent as a process, under the emulator: the decoded spans equal, field by field, the tables of
/// docs/spec/02-triggers.md#4-sources-one-by-one, which are read from the specification itself, and those of Sources/examples.md.
/// </summary>
public class EventSourceTests(SourceRuns runs) : IClassFixture<SourceRuns>
{
    private const int TablesInTheSpecification = 17;

    /// <summary>The invocation of the tables: start and duration of <c>aws.lambda</c>.</summary>
    private const long TableStartNs = 1_700_000_001_000_000_000;
    private const long TableDurationNs = 250_000_000;

    private static readonly string Events = Path.Combine(AgentUnderTest.Root, "samples", "events", "sources");

    private static readonly IReadOnlyList<SourceExample> FromSpecification = ExampleTables.Read(
        File.ReadLines(Path.Combine(AgentUnderTest.Root, "docs", "spec", "02-triggers.md"))
            .SkipWhile(static line => !line.StartsWith("## 4. ", StringComparison.Ordinal))
            .TakeWhile(static line => !line.StartsWith("## 5. ", StringComparison.Ordinal)),
        Events);

    private static readonly IReadOnlyList<SourceExample> Others =
        ExampleTables.Read(File.ReadLines(Path.Combine(AgentUnderTest.Root, "test", "Mayfly.EndToEnd", "Sources", "examples.md")), Events);

    private static readonly Ending ServerError = new("""{"statusCode":500}""");
    private static readonly Ending Exception = new("{}", "out of stock");

    /// <summary>4.4: what Mayfly adds to Rust's tags, which the table shows.</summary>
    private static readonly Dictionary<string, string> LoadBalancerAddition = new() { ["http.url_details.path"] = "/pay" };

    /// <summary>docs/spec/01-lambda-lifecycle.md 6.1 and 6.3; docs/spec/02-triggers.md 3.5. Null = any value.</summary>
    private static readonly Dictionary<string, string?> OnEverySpan = new()
    {
        ["region"] = "eu-west-1",
        ["account_id"] = "111122223333",
        ["aws_account"] = "111122223333",
        ["functionname"] = "orders-fn",
        ["resource"] = "orders-fn",
        ["function_arn"] = "arn:aws:lambda:eu-west-1:111122223333:function:orders-fn",
        ["service"] = "orders",
        ["init_type"] = "on-demand",
        ["memorysize"] = "512",
        ["architecture"] = null,
        ["dd_extension_version"] = null,
        ["_dd.origin"] = "lambda",
        ["origin"] = "lambda",
        ["_dd.compute_stats"] = "1",
    };

    public static TheoryData<string, string> Examples => AgentUnderTest.With(Played.Where(static one => one.Ending == Ending.Plain).Select(static one => one.Example.Name));

    public static TheoryData<string> Agents => AgentUnderTest.Names;

    /// <summary>Every example with a plain ending, then a failing one each of a synchronous and an asynchronous source.</summary>
    internal static IEnumerable<(SourceExample Example, Ending Ending)> Played =>
    [
        .. FromSpecification.Concat(Others).Select(static example => (example, Ending.Plain)),
        (FromSpecification[0], ServerError), (FromSpecification.First(static one => one.Name == "4.6"), Exception),
    ];

    [Fact]
    public void Every_table_of_the_specification_and_every_event_file_is_an_example()
    {
        Assert.Equal(TablesInTheSpecification, FromSpecification.Count);
        string[] played = [.. Played.Select(static one => Compact(one.Example.Event))];
        Assert.All(Directory.GetFiles(Events, "*.json"), file => Assert.Contains(Compact(File.ReadAllText(file)), played));
    }

    [Theory, MemberData(nameof(Examples))]
    public async Task Spans_are_as_the_specification_says(string agent, string name)
    {
        SourceRun run = await runs.OfAsync(agent);
        PlayedEvent played = run.Events.Single(one => one.Example.Name == name && one.Ending == Ending.Plain);
        SourceExample example = played.Example;
        Assert.Equal(example.TraceId == 0 ? null : example.TraceId.ToString(CultureInfo.InvariantCulture), played.AnsweredTraceId);

        ReceivedSpan function = FunctionOf(run, played);
        ReceivedSpan[] chunk = [.. run.Spans.Where(span => span.TraceId == function.TraceId && ReferenceEquals(span.Chunk, function.Chunk))];
        ReceivedSpan[] inferred = [.. example.Spans.Select(expected => Assert.Single(chunk, span => span.Name == expected.Fields["name"]))];
        Assert.Equal(inferred.Length + 1, chunk.Count(static span => span.Name != "aws.lambda.cold_start"));

        AssertChain(example, function, inferred);
        for (int i = 0; i < inferred.Length; i++)
        {
            bool isRoot = i == inferred.Length - 1;
            AssertSpan(example, example.Spans[i], inferred[i], function, isRoot);
        }

        AssertFunction(example, function, hasInferred: inferred.Length > 0);
        Assert.All(chunk, span => AssertMetrics(span, chunk));
    }

    /// <summary>3.5, 3.6: a 5xx response is an error of the request too, and both say its status.</summary>
    [Theory, MemberData(nameof(Agents))]
    public async Task A_server_error_is_one_of_both_spans(string agent)
    {
        SourceRun run = await runs.OfAsync(agent);
        ReceivedSpan function = FunctionOf(run, run.Events.Single(static one => one.Ending == ServerError));
        ReceivedSpan request = Assert.Single(run.Spans, span => span.SpanId == function.ParentId);
        Assert.Equal(("aws.apigateway", 1, 1), (request.Name, function.Error, request.Error));
        Assert.Equal(("500", "500"), (function.Meta["http.status_code"], request.Meta["http.status_code"]));
    }

    /// <summary>3.5: an exception is copied to the inferred span as an error, its text is not.</summary>
    [Theory, MemberData(nameof(Agents))]
    public async Task An_exception_is_an_error_of_both_spans(string agent)
    {
        SourceRun run = await runs.OfAsync(agent);
        ReceivedSpan function = FunctionOf(run, run.Events.Single(static one => one.Ending == Exception));
        ReceivedSpan message = Assert.Single(run.Spans, span => span.SpanId == function.ParentId);
        Assert.Equal(("aws.sqs", 1, 1), (message.Name, function.Error, message.Error));
        Assert.Equal("out of stock", function.Meta["error.msg"]);
        Assert.False(message.Meta.ContainsKey("error.msg"));
    }

    private static ReceivedSpan FunctionOf(SourceRun run, PlayedEvent played) =>
        Assert.Single(run.Spans, span => span.Name == "aws.lambda" && span.Meta.GetValueOrDefault("request_id") == played.RequestId);

    /// <summary>Upstream → outermost → … → inferred → <c>aws.lambda</c>.</summary>
    private static void AssertChain(SourceExample example, ReceivedSpan function, ReceivedSpan[] inferred)
    {
        ulong[] parents = [function.ParentId, .. inferred.Select(static span => span.ParentId)];
        ulong[] expected = [.. inferred.Select(static span => span.SpanId), example.ParentId];
        Assert.Equal(expected, parents);
        if (example.TraceId != 0)
        {
            Assert.Equal(example.TraceId, function.TraceId);
        }
    }

    private static void AssertSpan(SourceExample example, ExpectedSpan expected, ReceivedSpan span, ReceivedSpan function, bool isRoot)
    {
        IReadOnlyDictionary<string, string> fields = expected.Fields;

        // Services are lower case on the wire (docs/spec/03-traces.md#34-normalization).
        Assert.Equal(
            (fields["name"], fields["service"].ToLowerInvariant(), fields["resource"], fields["type"], function.Error),
            (span.Name, span.Service.ToLowerInvariant(), span.Resource, span.Type, span.Error));
        long start = Number(fields["start"]);
        bool startsWithInvocation = start == TableStartNs;
        Assert.Equal(startsWithInvocation ? function.StartNs : start, span.StartNs);
        Assert.Equal(DurationOf(expected, function, startsWithInvocation), span.DurationNs);

        var meta = new Dictionary<string, string>(expected.Meta);
        if (isRoot && example.Pointer is { } pointer)
        {
            Assert.True(span.Meta.TryGetValue("_dd.span_links", out string? links), "no span pointer");
            Assert.Contains($"\"ptr.hash\":\"{pointer.Hash}\"", links, StringComparison.Ordinal);
            Assert.Contains($"\"ptr.kind\":\"{pointer.Kind}\"", links, StringComparison.Ordinal);
            meta["_dd.span_links"] = links;
        }

        if (isRoot)
        {
            AddContext(meta, example);
        }

        meta["_dd.base_service"] = "orders";
        AssertMeta(meta, span);
    }

    /// <summary>
    /// 3.5. What reaches up to the invocation, or spans it, is as long as that was here; what ends where another inferred span begins is as long as the table
    /// says.
    /// </summary>
    private static long DurationOf(ExpectedSpan expected, ReceivedSpan function, bool startsWithInvocation)
    {
        if (startsWithInvocation)
        {
            return function.DurationNs;
        }

        long start = Number(expected.Fields["start"]);
        long duration = Number(expected.Fields["duration"]);
        if (start + duration == TableStartNs + TableDurationNs)
        {
            return function.StartNs + function.DurationNs - start;
        }

        return start + duration == TableStartNs ? function.StartNs - start : duration;
    }

    private static void AssertFunction(SourceExample example, ReceivedSpan function, bool hasInferred)
    {
        Assert.Equal(
            ("aws.lambda", "orders", "orders-fn", "serverless", 0),
            (function.Name, function.Service, function.Resource, function.Type, function.Error));
        var meta = new Dictionary<string, string>(example.TriggerTags)
        {
            ["span.kind"] = "server",
            ["request_id"] = function.Meta["request_id"],
            ["cold_start"] = function.Meta["cold_start"],
            ["runtime"] = function.Meta["runtime"],
        };
        if (function.Meta.TryGetValue("language", out string? language))
        {
            meta["language"] = language;
        }

        if (example.Name.StartsWith("4.4", StringComparison.Ordinal))
        {
            foreach ((string key, string value) in LoadBalancerAddition)
            {
                meta[key] = value;
            }
        }

        if (!hasInferred)
        {
            AddContext(meta, example);
        }

        AssertMeta(meta, function);
    }

    private static void AddContext(Dictionary<string, string> meta, SourceExample example)
    {
        foreach ((string key, string value) in example.ContextTags)
        {
            meta[key] = value;
        }
    }

    /// <summary>Exactly the expected tags and those of every span.</summary>
    /// <summary>
    /// No metrics but these: a span whose parent is of another service, or not in the chunk, is a top-level one (docs/spec/03-traces.md#35), and the function's
    /// has the upstream's decision (docs/spec/01-lambda-lifecycle.md#44-the-awslambda-span).
    /// </summary>
    private static void AssertMetrics(ReceivedSpan span, ReceivedSpan[] chunk)
    {
        const int NoPriority = -128;
        var expected = new Dictionary<string, double>();
        if (!chunk.Any(parent => parent.SpanId == span.ParentId && parent.Service == span.Service))
        {
            expected["_top_level"] = 1;
        }

        if (span.Name == "aws.lambda" && span.Chunk.Priority != NoPriority)
        {
            expected["_sampling_priority_v1"] = span.Chunk.Priority;
        }

        Assert.Equal(expected.OrderBy(static one => one.Key), span.Metrics.OrderBy(static one => one.Key));
    }

    private static void AssertMeta(Dictionary<string, string> expected, ReceivedSpan span)
    {
        foreach ((string key, string? value) in OnEverySpan)
        {
            Assert.True(span.Meta.TryGetValue(key, out string? actual), $"{span.Name} has no {key}");
            expected.TryAdd(key, value ?? actual);
        }

        Assert.Equal(Lines(expected), Lines(span.Meta));
    }

    private static string Lines(IReadOnlyDictionary<string, string> tags) =>
        string.Join('\n', tags.OrderBy(static tag => tag.Key, StringComparer.Ordinal).Select(static tag => $"{tag.Key}={tag.Value}"));

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);

    private static string Compact(string json) => System.Text.Json.Nodes.JsonNode.Parse(json)!.ToJsonString();
}
