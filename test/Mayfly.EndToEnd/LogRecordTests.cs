using System.Text.Json;
using Mayfly.EndToEnd.Agents;
using Mayfly.EndToEnd.Platform;
using Mayfly.Local.Intake;
using Xunit;

namespace Mayfly.EndToEnd;

/// <summary>
/// Every type of telemetry record through the running agent, and the log events that arrive, field by field (docs/spec/04-metrics-logs.md C.3 to C.6).
/// </summary>
public class LogRecordTests
{
    private const string Arn = "arn:aws:lambda:us-east-1:123456789012:function:scripted";

    private static readonly Dictionary<string, string> Variables = new()
    {
        ["DD_SERVICE"] = "Shop", ["DD_ENV"] = "test", ["DD_VERSION"] = "1.2", ["DD_TAGS"] = "team:beans",
    };

    public static TheoryData<string> Agents => AgentUnderTest.Names;

    [Theory, MemberData(nameof(Agents))]
    public async Task On_demand_every_record_is_its_event(string agent)
    {
        await using ScriptedSandbox sandbox = await ScriptedSandbox.StartAsync(agent, new ScriptedOptions { Variables = Variables });
        var script = new TelemetryScript();
        await Init(script).SendAsync(sandbox);

        // C.6, 4: nobody knows yet whose lines these are.
        Assert.Empty(sandbox.Intake.Logs);
        await InvokeAsync(sandbox, "r-1", Lines(script.Start("r-1")).Log("platform.runtimeDone", Done("r-1", "success"), "END RequestId: r-1", "r-1"));
        Report(script, "r-1", ",\"initDurationMs\":80.25", " Init Duration: 80.25 ms").Line("late", "r-1");
        await script.SendAsync(sandbox);

        script.Start("r-2")
            .Log("platform.runtimeDone", Done("r-2", "timeout"), "END RequestId: r-2 Task timed out after 0.01 seconds", "r-2", "error");
        await InvokeAsync(sandbox, "r-2", Report(script, "r-2"));
        script.Start("r-3").Log(
            "platform.runtimeDone", Done("r-3", "error", "Runtime.ExitError"), "END RequestId: r-3 Task failed: \"Runtime.ExitError\"", "r-3", "error");
        await InvokeAsync(sandbox, "r-3", Report(script, "r-3"));
        await InvokeAsync(sandbox, "r-4", script.Start("r-4").Log("platform.runtimeDone", Done("r-4", "failure"), "END RequestId: r-4", "r-4", "error"));

        // A sandbox that is restored and never invoked again.
        script.Silent("platform.restoreStart").Silent("platform.restoreRuntimeDone", """{"status":"success"}""");
        script.Silent("platform.restoreReport", """{"status":"success","metrics":{"durationMs":5}}""");
        script.Silent("platform.logsDropped", """{"reason":"too many","droppedRecords":3,"droppedBytes":99}""");
        await script.Orphan("function", "\"never invoked\"", "never invoked").SendAsync(sandbox);
        await sandbox.ShutDownAsync();

        Compare(script.Release(null), sandbox);
        Assert.Single(sandbox.Agent.Lines, static line => line == "MAYFLY | WARN | Lambda dropped 3 log records (99 bytes): too many");
    }

    /// <summary>Invocations overlap: a line belongs to one only where it says so itself.</summary>
    [Theory, MemberData(nameof(Agents))]
    public async Task On_a_managed_instance_every_record_is_its_event(string agent)
    {
        var variables = new Dictionary<string, string>(Variables) { ["AWS_LAMBDA_INITIALIZATION_TYPE"] = "lambda-managed-instances" };
        await using ScriptedSandbox sandbox = await ScriptedSandbox.StartAsync(agent, new ScriptedOptions { Variables = variables });
        var script = new TelemetryScript();
        script.Log(
                "platform.initStart", """{"initializationType":"lambda-managed-instances","phase":"init"}""",
                "INIT_START Runtime Version: ? Runtime Version ARN: ?", requestId: null)
            .Line("of the init", requestId: null)
            .Start("r-1").Start("r-2")
            .Line("of nobody", requestId: null)
            .Line("of an extension", requestId: null, "extension")
            .Log("function", """{"requestId":"r-2","message":"Hi"}""", """{"requestId":"r-2","message":"Hi"}""", "r-2")
            .Log("platform.report", ManagedReport("r-2", "success", 123.45), "REPORT RequestId: r-2 Runtime Duration: 123.45 ms", "r-2")
            .Log(
                "platform.report", ManagedReport("r-1", "timeout", 3000), "REPORT RequestId: r-1 Runtime Duration: 3000.00 ms Task timed out after 3.00 seconds",
                "r-1", "error")
            .Start("r-3").Start("r-4")
            .Log(
                "platform.report", ManagedReport("r-3", "error", 1, "Function.Oops"), "REPORT RequestId: r-3 Runtime Duration: 1.00 ms Task failed: Function.Oops",
                "r-3", "error")
            .Log(
                "platform.report", ManagedReport("r-4", "error", 1), "REPORT RequestId: r-4 Runtime Duration: 1.00 ms Task failed with an unknown error",
                "r-4", "error");
        await script.SendAsync(sandbox);
        await sandbox.ShutDownAsync();
        Compare(script, sandbox);
    }

    private static TelemetryScript Init(TelemetryScript script) => script
        .Orphan(
            "platform.initStart",
            """{"initializationType":"on-demand","phase":"init","runtimeVersion":"nodejs:20.v30","runtimeVersionArn":"arn:aws:lambda:us-east-1::runtime:ab"}""",
            "INIT_START Runtime Version: nodejs:20.v30 Runtime Version ARN: arn:aws:lambda:us-east-1::runtime:ab")
        .Silent("platform.telemetrySubscription", """{"name":"mayfly","state":"Subscribed","types":["platform","function","extension"]}""")
        .Orphan("function", "\"line of the init\\n\"", "line of the init\n")
        .Orphan("extension", "\"line of another extension\"", "line of another extension")
        .Silent("platform.initRuntimeDone", """{"initializationType":"on-demand","phase":"init","status":"success"}""")
        .Silent("platform.extension", """{"name":"mayfly","state":"Ready","events":["INVOKE","SHUTDOWN"]}""")
        .Silent("platform.initReport", """{"initializationType":"on-demand","phase":"init","metrics":{"durationMs":80.25}}""");

    private static TelemetryScript Lines(TelemetryScript script) => script
        .Line("text with \"quotes\", a tab\t, é, 🎉 and its line end\n", "r-1")
        .Line("carriage\rreturns\rof Node", "r-1")
        .Log("function", """{ "b" : 1, "a" : [ 1.50 , null ] }""", """{"b":1,"a":[1.50,null]}""", "r-1")
        .Log(
            "function", """{"timestamp":"2025-08-27T10:25:22.244Z","level":"WARN","message":"careful"}""",
            """{"timestamp":"2025-08-27T10:25:22.244Z","level":"WARN","message":"careful"}""", "r-1", "warn")
        .Log("function", """{"requestId":"r-9","message":"of another"}""", """{"requestId":"r-9","message":"of another"}""", "r-9")
        .Log("function", """{"AWSRequestId":"r-8","level":"TRACE"}""", """{"AWSRequestId":"r-8","level":"TRACE"}""", "r-8", "trace")
        .Log("function", "12", "12", "r-1")
        .Log("function", "true", "true", "r-1")
        .Log("function", "null", "null", "r-1")
        .Log("function", "[ 1, \"x\" ]", "[1,\"x\"]", "r-1")
        .Log("function", Text("""{"status":"FATAL","message":"boom"}"""), """{"status":"FATAL","message":"boom"}""", "r-1", "critical")
        .Log("function", Text("""{"level":"x","status":"err"}"""), """{"level":"x","status":"err"}""", "r-1", "error")
        .Log("function", Text("""{"a":1,"ddtags":"x:y,z","b":2}"""), """{"a":1,"b":2}""", "r-1", ownTags: "x:y,z")
        .Log("function", """{"level":"INFO","message":{"k":1,"ddtags":"in:ner"}}""", """{"k":1}""", "r-1", ownTags: "in:ner")
        .Log(
            "function", """{"level":"debug","more":true,"message":{"ddtags":"in:ner","k":1}}""", """{"level":"debug","more":true,"message":{"k":1}}""", "r-1",
            "debug", "in:ner")
        .Line("MAYFLY | ERROR | printed by the function", "r-1")
        .Line("DD_EXTENSION | DEBUG | of another extension", "r-1", "extension")
        .Log("extension", """{"requestId":"not mine","level":"ERROR"}""", """{"requestId":"not mine","level":"ERROR"}""", "r-1", "error")
        .Silent("extension", "\"MAYFLY | ERROR | its own\"")
        .Silent("platform.fault", """{"requestId":"r-1"}""")
        .Line("beside a record of an unknown type", "r-1");

    private static TelemetryScript Report(TelemetryScript script, string requestId, string more = "", string moreText = "") => script.Log(
        "platform.report",
        $$$"""
        {"requestId":"{{{requestId}}}","status":"success",
         "metrics":{"durationMs":14.5,"billedDurationMs":15,"memorySizeMB":512,"maxMemoryUsedMB":64{{{more}}}}}
        """,
        $"REPORT RequestId: {requestId} Duration: 14.50 ms Runtime Duration: 12.50 ms Post Runtime Duration: 2.00 ms "
        + $"Billed Duration: 15 ms Memory Size: 512 MB Max Memory Used: 64 MB{moreText}",
        requestId);

    private static string Done(string requestId, string status, string? errorType = null) =>
        $$$"""{"requestId":"{{{requestId}}}","status":"{{{status}}}"{{{ErrorType(errorType)}}},"metrics":{"durationMs":12.5,"producedBytes":2}}""";

    private static string ManagedReport(string requestId, string status, double durationMs, string? errorType = null) =>
        FormattableString.Invariant(
            $$$"""{"requestId":"{{{requestId}}}","status":"{{{status}}}"{{{ErrorType(errorType)}}},"metrics":{"durationMs":{{{durationMs}}} } }""");

    private static string ErrorType(string? type) => type is null ? "" : $",\"errorType\":\"{type}\"";

    private static string Text(string json) => JsonSerializer.Serialize(json);

    private static async Task InvokeAsync(ScriptedSandbox sandbox, string requestId, TelemetryScript script)
    {
        sandbox.Platform.Invoke(requestId, TimeSpan.FromSeconds(30));
        await script.SendAsync(sandbox);
        await sandbox.AgentIsWaitingAsync();
    }

    private static void Compare(TelemetryScript script, ScriptedSandbox sandbox)
    {
        IReadOnlyList<ReceivedLog> logs = sandbox.Intake.Logs;
        string common = logs[0].DdTags;
        Assert.Equal(script.Expected, TelemetryScript.Arrived(logs, common));
        Assert.All(logs, static log => Assert.Equal((Arn, Arn, "shop", "lambda"), (log.Arn, log.Hostname, log.Service, log.DdSource)));

        string[] tags = common.Split(',');
        Assert.Equal(tags.Order(StringComparer.Ordinal), tags);
        string[] expected =
        [
            "region:us-east-1", "account_id:123456789012", "aws_account:123456789012", "functionname:scripted", "resource:scripted", $"function_arn:{Arn}",
            "version:1.2", "env:test", "service:shop", "memorysize:512", "team:beans",
        ];
        Assert.Empty(expected.Except(tags));
        Assert.All(sandbox.Intake.Requests, static request => Assert.Null(request.Error));
    }
}
