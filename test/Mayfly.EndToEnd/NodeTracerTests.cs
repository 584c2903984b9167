using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Mayfly.EndToEnd.Agents;
using Mayfly.EndToEnd.Functions;
using Mayfly.EndToEnd.Platform;
using Mayfly.Local.Intake;
using Xunit;

namespace Mayfly.EndToEnd;

/// <summary>
/// The unmodified Node tracer in both of its formats, with all that its spans may carry: links, events, structured data, errors. Every field arrives
/// (docs/spec/03-traces.md#21-v04-and-v03-array-of-traces-trace--array-of-span-maps, #22-v05-shared-string-table).
/// </summary>
public class NodeTracerTests
{
    private const int Traces = 50;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public static TheoryData<string, string> AgentsAndFormats => AgentUnderTest.With("0.4", "0.5");

    [Theory, MemberData(nameof(AgentsAndFormats))]
    public async Task Every_field_arrives(string agent, string format)
    {
        await NodeProgram.RequireAsync(NodeProgram.Directory, "dd-trace");
        await using ScriptedSandbox sandbox = await ScriptedSandbox.StartAsync(agent);
        await sandbox.BeginAsync("r");
        IReadOnlyList<JsonElement> sent = await SendAsync(sandbox.Ports.Traces, format);
        await sandbox.FinishAsync("r");
        Assert.All(sandbox.Intake.Requests, static request => Assert.Null(request.Error));
        ILookup<ulong, ReceivedSpan> received = sandbox.Intake.Spans.ToLookup(static span => span.SpanId);
        Assert.Equal(2 * Traces, sent.Count);
        Assert.Equal(17, sent.Count(static span => span.TryGetProperty("error", out _)));
        Assert.Equal(49, sent.Sum(static span => span.GetProperty("links").GetArrayLength()));
        Assert.Equal(73, sent.Sum(static span => span.GetProperty("events").GetArrayLength()));
        foreach (JsonElement span in sent)
        {
            ReceivedSpan arrived = Assert.Single(received[Id(span, "spanId")]);
            AssertFields(span, arrived);
            AssertError(span, arrived);
            AssertLinks(span, arrived);
            if (format == "0.4")
            {
                AssertNativeEvents(span, arrived);
                AssertMetaStruct(span, arrived);
            }
            else
            {
                AssertEventsInTag(span, arrived);
            }
        }

        (await AgentCounters.ReadAsync(sandbox.Ports.Traces)).MustBalance();
        await sandbox.ShutDownAsync();
    }

    /// <summary>Runs the program to its end; its lines.</summary>
    private static async Task<IReadOnlyList<JsonElement>> SendAsync(int port, string format)
    {
        string script = Path.Combine(AgentUnderTest.Root, "test", "Mayfly.EndToEnd", "Tracers", "rich-traces.js");
        var start = new ProcessStartInfo("node", [script, Traces.ToString(CultureInfo.InvariantCulture)])
        {
            WorkingDirectory = NodeProgram.Directory, RedirectStandardOutput = true,
        };
        foreach ((string name, string value) in new Dictionary<string, string>
        {
            ["DD_TRACE_AGENT_URL"] = $"http://127.0.0.1:{port}", ["DD_TRACE_AGENT_PROTOCOL_VERSION"] = format, ["DD_TRACE_NATIVE_SPAN_EVENTS"] = "true",
            ["DD_SERVICE"] = "rich", ["DD_ENV"] = "test", ["DD_VERSION"] = "1.2", ["DD_INSTRUMENTATION_TELEMETRY_ENABLED"] = "false",
            ["DD_REMOTE_CONFIGURATION_ENABLED"] = "false", ["DD_TRACE_STARTUP_LOGS"] = "false",
        })
        {
            start.Environment[name] = value;
        }

        using Process process = Process.Start(start)!;
        using var deadline = new CancellationTokenSource(Limit);
        string output = await process.StandardOutput.ReadToEndAsync(deadline.Token);
        await process.WaitForExitAsync(deadline.Token);
        Assert.Equal(0, process.ExitCode);
        return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => JsonDocument.Parse(line).RootElement)];
    }

    private static void AssertFields(JsonElement sent, ReceivedSpan arrived)
    {
        Assert.Equal(
            (Id(sent, "traceId"), Id(sent, "parentId"), Text(sent, "name"), Text(sent, "resource"), Text(sent, "service"), Text(sent, "type")),
            (arrived.TraceId, arrived.ParentId, arrived.Name, arrived.Resource, arrived.Service, arrived.Type));
        Assert.True(arrived.DurationNs > 0 && arrived.StartNs > 1_700_000_000_000_000_000);
        Assert.Equal(("rich", "1.2", "nodejs", "test"), (BaseService(arrived), arrived.Meta["version"], arrived.Payload.LanguageName, arrived.Payload.Env));
        Assert.All(sent.GetProperty("tags").EnumerateObject(), tag => Assert.Equal(tag.Value.GetString(), arrived.Meta[tag.Name]));
        Assert.All(sent.GetProperty("numbers").EnumerateObject(), tag => Assert.Equal(tag.Value.GetDouble(), arrived.Metrics[tag.Name]));
        if (arrived.ParentId == 0)
        {
            Assert.Equal(Text(sent, "traceIdHex")[..16], arrived.Meta["_dd.p.tid"]);
        }
    }

    private static void AssertError(JsonElement sent, ReceivedSpan arrived)
    {
        bool hasFailed = sent.TryGetProperty("error", out JsonElement error);
        Assert.Equal(hasFailed ? 1 : 0, arrived.Error);
        if (hasFailed)
        {
            Assert.Equal(
                (Text(error, "type"), Text(error, "message"), Text(error, "stack")), (arrived.Meta["error.type"], arrived.Meta["error.message"], arrived.Meta["error.stack"]));
        }
    }

    /// <summary>This tracer writes them into a tag, in both formats.</summary>
    private static void AssertLinks(JsonElement sent, ReceivedSpan arrived)
    {
        JsonElement[] links = [.. sent.GetProperty("links").EnumerateArray()];
        Assert.Equal(links.Length > 0, arrived.Meta.TryGetValue("_dd.span_links", out string? tag));
        JsonElement[] arrivedLinks = tag is null ? [] : [.. JsonDocument.Parse(tag).RootElement.EnumerateArray()];
        Assert.Equal(links.Length, arrivedLinks.Length);
        foreach ((JsonElement link, JsonElement found) in links.Zip(arrivedLinks))
        {
            Assert.Equal((Text(link, "traceIdHex"), Id(link, "spanId")), (Text(found, "trace_id"), ulong.Parse(Text(found, "span_id"), NumberStyles.HexNumber)));
            Assert.Equal(
                link.GetProperty("attributes").EnumerateObject().Select(static one => (one.Name, one.Value.ToString())),
                found.GetProperty("attributes").EnumerateObject().Select(static one => (one.Name, one.Value.ToString())));
        }
    }

    private static void AssertNativeEvents(JsonElement sent, ReceivedSpan arrived)
    {
        JsonElement[] events = [.. sent.GetProperty("events").EnumerateArray()];
        Assert.Equal(events.Length, arrived.Events.Count);
        foreach ((JsonElement one, ReceivedSpanEvent found) in events.Zip(arrived.Events))
        {
            JsonElement attributes = one.GetProperty("attributes");
            Assert.Equal(Text(one, "name"), found.Name);
            Assert.InRange(found.TimeUnixNano / 1e6, one.GetProperty("timeMs").GetDouble() - 0.01, one.GetProperty("timeMs").GetDouble() + 0.01);
            Assert.Equal(["list", "part", "text", "whole", "yes"], found.Attributes.Keys.Order(StringComparer.Ordinal));
            Assert.Equal(("x", true), (found.Attributes["text"], found.Attributes["yes"]));
            Assert.Equal((attributes.GetProperty("whole").GetInt64(), attributes.GetProperty("part").GetDouble()), (found.Attributes["whole"], found.Attributes["part"]));
            Assert.Equal(["a", "b"], Assert.IsAssignableFrom<IEnumerable<object>>(found.Attributes["list"]));
        }
    }

    private static void AssertEventsInTag(JsonElement sent, ReceivedSpan arrived)
    {
        JsonElement[] events = [.. sent.GetProperty("events").EnumerateArray()];
        JsonElement[] found = arrived.Meta.TryGetValue("events", out string? tag) ? [.. JsonDocument.Parse(tag).RootElement.EnumerateArray()] : [];
        Assert.Equal(
            events.Select(static one => (Text(one, "name"), one.GetProperty("attributes").GetRawText())),
            found.Select(static one => (Text(one, "name"), one.GetProperty("attributes").GetRawText())));
    }

    private static void AssertMetaStruct(JsonElement sent, ReceivedSpan arrived)
    {
        if (!sent.TryGetProperty("metaStruct", out JsonElement all))
        {
            Assert.Empty(arrived.MetaStruct);
            return;
        }

        var report = (Dictionary<string, object?>)MsgPackDecoder.Decode(Assert.Single(arrived.MetaStruct, static one => one.Key == "report").Value.Span)!;
        Assert.Equal(all.GetProperty("report").GetProperty("index").GetDouble(), Convert.ToDouble(report["index"], CultureInfo.InvariantCulture));
        Assert.Equal(new List<object?> { "one", "two" }, report["words"]);
        Assert.Equal(true, ((Dictionary<string, object?>)report["nested"]!)["yes"]);
    }

    /// <summary>The tracer's own service: that of the span, or where the span has another one, a tag.</summary>
    private static string BaseService(ReceivedSpan span) => span.Meta.GetValueOrDefault("_dd.base_service", span.Service);

    private static ulong Id(JsonElement record, string name) => ulong.Parse(Text(record, name), CultureInfo.InvariantCulture);

    private static string Text(JsonElement record, string name) => record.GetProperty(name).GetString()!;
}
