using Mayfly.Config;
using Mayfly.Testing;
using Mayfly.Tests.Config;
using Mayfly.Tests.Traces.Stats;
using Mayfly.Traces;
using Mayfly.Wire;
using Xunit;
using DropReason = Mayfly.Diagnostics.DropReason;

namespace Mayfly.Tests.Traces.Filters;

/// <summary>docs/spec/03-traces.md#36-filters, column M: what the variables do to traces. How they are written: TraceFilterSettingsTests.</summary>
public class TraceFiltersTests
{
    /// <summary>Row, variable, value, whether the root below stays.</summary>
    public static TheoryData<string, string, string, bool> Rows => new()
    {
        { "resource matches", Keys.IgnoreResources, "GET /health", false },
        { "resource matches in part", Keys.IgnoreResources, "health", false },
        { "resource matches anchored", Keys.IgnoreResources, "^GET /health$", false },
        { "resource does not match", Keys.IgnoreResources, "^/health", true },
        { "one of several resources", Keys.IgnoreResources, "POST,PUT,h[a-f]+lth", false },
        { "old name", Keys.IgnoreResourcesWeaker, "health", false },
        { "reject: value", Keys.FilterTagsReject, "team:blue", false },
        { "reject: other value", Keys.FilterTagsReject, "team:red", true },
        { "reject: part of a value is no value", Keys.FilterTagsReject, "team:blu", true },
        { "reject: an expression is a value here", Keys.FilterTagsReject, "team:b.*", true },
        { "reject: key exists", Keys.FilterTagsReject, "team", false },
        { "reject: key and colon", Keys.FilterTagsReject, "team:", false },
        { "reject: key is not there", Keys.FilterTagsReject, "tea", true },
        { "reject: one match suffices", Keys.FilterTagsReject, "x y z team:blue", false },
        { "reject: value with colons", Keys.FilterTagsReject, "url:http://a:80", false },
        { "reject: empty value exists", Keys.FilterTagsReject, "empty", false },
        { "reject: JSON", Keys.FilterTagsReject, """["note:two words"]""", false },
        { "reject: metrics are no tags", Keys.FilterTagsReject, "n", true },
        { "reject: tag of a child", Keys.FilterTagsReject, "child", true },
        { "reject: name", Keys.FilterTagsReject, "name:http.request", false },
        { "reject: service", Keys.FilterTagsReject, "service:web", false },
        { "reject: resource", Keys.FilterTagsReject, """["resource:GET /health"]""", false },
        { "reject: type", Keys.FilterTagsReject, "type:web", false },
        { "reject: type of another value", Keys.FilterTagsReject, "type:sql", true },
        { "reject: service is there", Keys.FilterTagsReject, "service", false },
        { "reject: not normalized service", Keys.FilterTagsReject, "service:WEB", true },
        { "reject regex", Keys.FilterTagsRegexReject, "team:^b.+e$", false },
        { "reject regex: unanchored", Keys.FilterTagsRegexReject, "team:lu", false },
        { "reject regex: no match", Keys.FilterTagsRegexReject, "team:^lu", true },
        { "reject regex: key exists", Keys.FilterTagsRegexReject, "team", false },
        { "reject regex: key is not there", Keys.FilterTagsRegexReject, "tea:.*", true },
        { "reject regex: service", Keys.FilterTagsRegexReject, "service:^w", false },
        { "reject regex: bad", Keys.FilterTagsRegexReject, "team:(", true },
        { "require: value", Keys.FilterTagsRequire, "team:blue", true },
        { "require: other value", Keys.FilterTagsRequire, "team:red", false },
        { "require: key exists", Keys.FilterTagsRequire, "team", true },
        { "require: all of them", Keys.FilterTagsRequire, "team:blue env:prod", true },
        { "require: not all of them", Keys.FilterTagsRequire, "team:blue env:dev", false },
        { "require: name", Keys.FilterTagsRequire, "name:http.request type:web", true },
        { "require regex", Keys.FilterTagsRegexRequire, "team:b env:^p", true },
        { "require regex: not all of them", Keys.FilterTagsRegexRequire, "team:b env:^d", false },
        { "require regex: key is not there", Keys.FilterTagsRegexRequire, "tea:.*", false },
        { "require regex: bad is not held against the trace", Keys.FilterTagsRegexRequire, "team:( env:^p", true },
        { "nothing", Keys.FilterTagsReject, "", true },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public void A_trace_goes_or_stays_by_its_root(string row, string key, string value, bool isKept)
    {
        TraceRig rig = RigOf((key, value));
        rig.Send<TraceV04>(SampleSpan.V04(Trace(1)));
        Assert.True(isKept == (rig.Take().Count == 1), row);
        Assert.Equal((2, isKept ? 0 : 2), (rig.Counters.Accepted, rig.Counters.DroppedFor(DropReason.Filtered)));
        Assert.Equal(isKept ? 2 : 0, rig.Counters.Buffered);
    }

    /// <summary>The order does not matter: what is rejected goes even if it has all that is required.</summary>
    [Theory]
    [InlineData("team:blue", "env:prod", false)]
    [InlineData("team:blue", "env:dev", true)]
    [InlineData("team:red", "env:dev", false)]
    public void Required_and_rejected(string require, string reject, bool isKept) => Assert.All(
        [(Keys.FilterTagsRequire, Keys.FilterTagsReject), (Keys.FilterTagsRegexRequire, Keys.FilterTagsReject), (Keys.FilterTagsRequire, Keys.FilterTagsRegexReject)],
        keys =>
        {
            TraceRig rig = RigOf((keys.Item1, require), (keys.Item2, reject));
            rig.Send<TraceV04>(SampleSpan.V04(Trace(1)));
            Assert.Equal(isKept, rig.Take().Count == 1);
        });

    [Fact]
    public void The_other_traces_of_a_request_stay()
    {
        TraceRig rig = RigOf((Keys.IgnoreResources, "^drop$"));
        rig.Send<TraceV04>(SampleSpan.V04([new SampleSpan { SpanId = 1, Resource = "drop" }], [new SampleSpan { SpanId = 2 }], [new SampleSpan { SpanId = 3, Resource = "drop" }]));
        Assert.Equal(2UL, Assert.Single(rig.TakeOne().Chunks).Spans[0].SpanId);
        Assert.Equal((3, 2), (rig.Counters.Accepted, rig.Counters.DroppedFor(DropReason.Filtered)));
    }

    /// <summary>§3.1, step 4 before 7 and 8: the filters see what the intake would.</summary>
    [Fact]
    public void Filters_see_normalized_spans()
    {
        TraceRig rig = RigOf((Keys.FilterTagsReject, "service:my_service env:pre_prod"), (Keys.IgnoreResources, "^trace_api.request$"));
        rig.Send<TraceV04>(SampleSpan.V04(
            [new SampleSpan { Service = "My Service" }],
            [new SampleSpan { Meta = new Dictionary<string, string> { ["env"] = "Pre Prod" } }],
            [new SampleSpan { Name = "trace-api.request", Resource = "" }]));
        Assert.Empty(rig.TakeRaw());
    }

    /// <summary>§3.1, steps 7 and 8 before 10 and 11: the filters see what the tracer wrote, not what the platform adds or what is hidden.</summary>
    [Fact]
    public void Filters_come_before_platform_tags_and_obfuscation()
    {
        TraceRig rig = RigOf((Keys.FilterTagsReject, "functionname"), (Keys.IgnoreResources, @"= \?"));
        rig.Pipeline.Tags = TraceRig.Platform("lambda", ("functionname", "f"));
        rig.Send<TraceV04>(SampleSpan.V04([new SampleSpan { Type = "sql", Resource = "SELECT a FROM b WHERE c = 1" }]));
        Assert.Equal("SELECT a FROM b WHERE c = ?", rig.TakeOne().Chunks[0].Spans[0].Resource);
    }

    /// <summary>§3.1, steps 7 and 8 before 15.</summary>
    [Fact]
    public void What_is_filtered_is_in_no_statistics()
    {
        using var rig = new StatsRig(traces: TraceRig.Settings with { Filters = Filters((Keys.IgnoreResources, "^health$"), (Keys.FilterTagsRequire, "env")) });
        rig.Send([StatsRig.Entry(("env", "prod")) with { Resource = "health" }], [StatsRig.Entry(("env", "prod")) with { Resource = "kept" }], [StatsRig.Entry() with { Resource = "no env" }]);
        Assert.Equal("kept", Assert.Single(rig.TakeLast()).Resource);
    }

    /// <summary>Spans that the agent makes itself are a trace as any other.</summary>
    [Fact]
    public void The_agents_own_spans_are_filtered_too()
    {
        TraceRig rig = RigOf((Keys.IgnoreResources, "^my-function$"));
        rig.Pipeline.Add([new Span { TraceId = 1, SpanId = 2, Name = Utf8Slice.From("aws.lambda"), Resource = Utf8Slice.From("my-function") }]);
        Assert.Empty(rig.TakeRaw());
        Assert.Equal(1, rig.Counters.DroppedFor(DropReason.Filtered));
    }

    /// <summary>Expressions that an engine with backtracking never comes back from.</summary>
    [Theory]
    [InlineData("(a+)+b$")]
    [InlineData("(a|a)*b$")]
    [InlineData("(.*)*x$")]
    [InlineData("((a{0,30}){0,30})c")]
    public void A_hostile_text_costs_no_more_than_its_length(string expression)
    {
        TraceRig rig = RigOf((Keys.IgnoreResources, $"\"{expression}\""), (Keys.FilterTagsRegexReject, $"""["k:{expression}"]"""));
        string hostile = new string('a', 2_000_000) + "!";
        byte[] body = SampleSpan.V04([new SampleSpan { Resource = hostile, Meta = new Dictionary<string, string> { ["k"] = hostile } }]);
        rig.Send<TraceV04>(body);
        Timing.AssertBestUnder(TimeSpan.FromSeconds(2), () => rig.Send<TraceV04>(body), expression);
        Assert.NotEmpty(rig.TakeRaw());
    }

    /// <summary>What is behind the first 25,000 bytes does not leave the agent either.</summary>
    [Theory]
    [InlineData(24_990, false)]
    [InlineData(25_000, true)]
    public void Texts_are_matched_as_far_as_they_would_be_sent(int at, bool isKept)
    {
        TraceRig rig = RigOf((Keys.FilterTagsRegexReject, "k:needle"));
        rig.Send<TraceV04>(SampleSpan.V04([new SampleSpan { Meta = new Dictionary<string, string> { ["k"] = new string('x', at) + "needle" } }]));
        Assert.Equal(isKept, rig.Take().Count == 1);
    }

    private static TraceFilterSettings Filters(params (string Key, string Value)[] variables) => Environments.Read(variables).TraceFilters;

    private static TraceRig RigOf(params (string Key, string Value)[] variables) => new(TraceRig.Settings with { Filters = Filters(variables) });

    private static SampleSpan[] Trace(ulong id) =>
    [
        new SampleSpan
        {
            SpanId = id,
            Resource = "GET /health",
            Meta = new Dictionary<string, string>
            {
                ["team"] = "blue", ["env"] = "prod", ["url"] = "http://a:80", ["empty"] = "", ["note"] = "two words",
            },
            Metrics = new Dictionary<string, double> { ["n"] = 1 },
        },
        new SampleSpan { SpanId = id + 1, ParentId = id, Resource = "child", Meta = new Dictionary<string, string> { ["child"] = "x" } },
    ];
}
