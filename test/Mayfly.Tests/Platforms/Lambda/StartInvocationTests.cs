using System.Text;
using Mayfly.Diagnostics;
using Mayfly.Platforms.Lambda;
using Mayfly.Tests.Config;
using Mayfly.Tests.Http;
using Mayfly.Tests.Platforms.Lambda.Invocations;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda;

/// <summary>TV4 of docs/spec/01-lambda-lifecycle.md#10-test-vectors, row by row over a real socket, and docs/spec/02-triggers.md#61-precedence.</summary>
public class StartInvocationTests
{
    private const string StartCall = "x-datadog-trace-id: 111|x-datadog-parent-id: 222";
    private const string Event = """
        {"headers":{"x-datadog-trace-id":"333","x-datadog-parent-id":"444"},
        "request":{"headers":{"x-datadog-trace-id":"555","x-datadog-parent-id":"666"}}}
        """;

    /// <summary>Row, styles, headers of the call, event, headers of the answer, parent of <c>aws.lambda</c>.</summary>
    public static TheoryData<string, string, string, string, string, ulong> Tv4 => new()
    {
        { "TV4.1", "", "", "{}", "", 0 },
        { "TV4.2", "", "", "not json", "", 0 },
        { "TV4.3", "", "", """{"headers":{"x-datadog-trace-id":"2222","x-datadog-parent-id":"3333"}}""", "x-datadog-trace-id: 2222", 3333 },
        {
            "TV4.4", "", "", """
            {"headers":{"x-datadog-trace-id":"2222","x-datadog-parent-id":"3333","x-datadog-sampling-priority":"-1",
            "x-datadog-tags":"_dd.p.tid=80f198ee56343ba8,_dd.p.dm=-4"}}
            """, "x-datadog-sampling-priority: -1|x-datadog-tags: _dd.p.tid=80f198ee56343ba8|x-datadog-trace-id: 2222", 3333
        },
        {
            "TV4.5", "", "", """{"headers":{"traceparent":"00-80f198ee56343ba864fe8b2a57d3eff7-00f067aa0ba902b7-01"}}""",
            "x-datadog-sampling-priority: 1|x-datadog-tags: _dd.p.tid=80f198ee56343ba8|x-datadog-trace-id: 7277407061855694839", 67667974448284343
        },
        { "TV4.6", "", StartCall, Event, "x-datadog-trace-id: 555", 666 },
        { "TV4.7: 0", "", "x-datadog-trace-id: 0", "{}", "", 0 },
        { "TV4.7: abc", "", "x-datadog-trace-id: abc", "{}", "", 0 },
        {
            "TV4.8", "b3", "b3: 80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1", "{}",
            "x-datadog-sampling-priority: 1|x-datadog-tags: _dd.p.tid=80f198ee56343ba8|x-datadog-trace-id: 7277407061855694839", 0xe457b5a2e4d86bd1
        },
        {
            "TV4.9", "b3", "b3: 80f198ee56343ba8-e457b5a2e4d86bd1-1", "{}",
            "x-datadog-sampling-priority: 1|x-datadog-trace-id: 9291375655657946024", 0xe457b5a2e4d86bd1
        },
        { "TV4.10", "", "", Padded(Event, 6_291_457), "", 0 },
        { "one byte less is an event", "", "", Padded(Event, 6_291_456), "x-datadog-trace-id: 555", 666 },
        { "a malformed tid is not told", "", "x-datadog-trace-id: 5|x-datadog-tags: _dd.p.tid=zz", "{}", "x-datadog-trace-id: 5", 0 },
        { "headers of the call alone", "", StartCall, "", "x-datadog-trace-id: 111", 222 },
        { "an event beyond the limit leaves the headers of the call", "", StartCall, Padded(Event, 6_291_457), "x-datadog-trace-id: 111", 222 },
        { "none", "none", StartCall, Event, "", 0 },
    };

    [Theory]
    [MemberData(nameof(Tv4))]
    public async Task Start_invocation_is_answered(string row, string styles, string headers, string eventJson, string expected, ulong parentId)
    {
        using var rig = new TrackerRig();
        var events = new InvocationEvents(Environments.Read(("DD_TRACE_PROPAGATION_STYLE", styles)));
        await using ServerRig server = await ServerRig.StartAsync(new LifecycleRoutes(rig.Tracker, events, isLocalTest: false, rig.Clock, Log.Silent).Table());
        using var client = new RawHttp(server.Port);
        string[] lines = ["lambda-runtime-aws-request-id: r1", .. headers.Split('|', StringSplitOptions.RemoveEmptyEntries)];

        RawAnswer answer = await client.RequestAsync("POST", "/lambda/start-invocation", Encoding.UTF8.GetBytes(eventJson), lines);

        IEnumerable<string> told = answer.Headers.Where(static h => h.Key.StartsWith("x-datadog-", StringComparison.OrdinalIgnoreCase))
            .Select(static h => $"{h.Key}: {h.Value}").Order(StringComparer.Ordinal);
        Assert.Equal((row, 200, "{}", expected), (row, answer.Status, answer.Body, string.Join('|', told)));
        rig.Invoke("r1");
        rig.End("r1");
        rig.Done("r1");
        rig.Tracker.SendComplete();
        Assert.Equal(parentId, Assert.Single(rig.Spans).ParentId);
    }

    private static string Padded(string json, int length) => json + new string(' ', length - json.Length);
}
