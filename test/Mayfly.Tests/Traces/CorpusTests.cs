using Mayfly.Local.Intake;
using Mayfly.Testing;
using Mayfly.Tests.Http;
using Mayfly.Tests.Platforms.Lambda;
using Mayfly.Traces;
using Xunit;
using Pb = Mayfly.Local.Intake.Protos;

namespace Mayfly.Tests.Traces;

/// <summary>
/// Requests of real tracers, as recorded (docs/spec/07-observed-clients.md#4-node-what-datadog-lambda-js--dd-trace-really-send,
/// #5-net-what-datadogtrace-sends).
/// </summary>
public class CorpusTests
{
    public static TheoryData<string> Recordings => [.. Corpus.Traces.Select(static request => request.Name)];

    [Fact]
    public void There_are_recordings_of_both_formats()
    {
        Assert.Equal(11, Corpus.Traces.Count);
        Assert.Equal(2, Corpus.Traces.Count(static request => request.Path == "/v0.5/traces"));
    }

    [Theory]
    [MemberData(nameof(Recordings))]
    public void A_recording_is_accepted_whole(string name)
    {
        RecordedRequest request = Corpus.Named(name);
        (TraceDecodeResult result, Pb.TracerPayload? payload) = Send(request);
        Assert.Equal(TraceOutcome.Accepted, result.Outcome);
        if (request.Headers["X-Datadog-Trace-Count"] == "0")
        {
            Assert.Equal((0, null), (result.SpanCount, payload));
            return;
        }

        Assert.NotNull(payload);
        Assert.Equal(request.Headers["Datadog-Meta-Lang"], payload.LanguageName);
        Assert.Equal(request.Headers["Datadog-Meta-Lang-Version"], payload.LanguageVersion);
        Assert.Equal(request.Headers["Datadog-Meta-Tracer-Version"], payload.TracerVersion);
        Assert.Equal(int.Parse(request.Headers["X-Datadog-Trace-Count"]), payload.Chunks.Count);
        foreach (Pb.Span span in payload.Chunks.SelectMany(static chunk => chunk.Spans))
        {
            Assert.NotEmpty(span.Service);
            Assert.NotEmpty(span.Name);
            Assert.NotEmpty(span.Resource);
            Assert.Equal(payload.Chunks[0].Spans[0].TraceId, span.TraceId);
            Assert.NotEqual(0UL, span.SpanId);
            Assert.InRange(span.Start, 1_700_000_000_000_000_000, 2_000_000_000_000_000_000);
        }
    }

    [Fact]
    public void A_nodejs_invocation_has_its_root_its_chunk_fields_and_its_payload_fields()
    {
        (_, Pb.TracerPayload? payload) = Send(Corpus.Named("dd-od1-001-v0.4_traces"));
        Assert.NotNull(payload);
        Assert.Equal(("dev", "1.2.3", ""), (payload.Env, payload.AppVersion, payload.Hostname));
        Assert.NotEmpty(payload.RuntimeId);
        Pb.TraceChunk chunk = Assert.Single(payload.Chunks);
        Assert.Equal((1, "lambda"), (chunk.Priority, chunk.Origin));
        Pb.Span root = Assert.Single(chunk.Spans, static span => span.ParentId == 0);
        Assert.Equal(("aws.lambda", "my-function", "serverless", "my-svc"), (root.Name, root.Resource, root.Type, root.Service));
        Assert.Equal(1, root.Metrics["_top_level"]);
        Assert.Equal("server", root.Meta["span.kind"]);
        Pb.Span child = Assert.Single(chunk.Spans, static span => span.ParentId != 0);
        Assert.False(child.Metrics.ContainsKey("_top_level"));
    }

    [Fact]
    public void A_dotnet_tracers_top_level_marks_are_believed()
    {
        RecordedRequest request = Corpus.Named("net-dd-002-v0.4_traces");
        Assert.True(HeadersOf(request).ComputedTopLevel);
        (_, Pb.TracerPayload? payload) = Send(request);
        foreach (Pb.Span span in payload!.Chunks.SelectMany(static chunk => chunk.Spans))
        {
            Assert.Equal(span.Metrics.ContainsKey("_dd.top_level"), span.Metrics.ContainsKey("_top_level"));
        }
    }

    /// <summary>All of them, traces or not, in the order of a session, with their own headers, over the agent's ports.</summary>
    [Fact]
    public async Task Every_recording_is_taken_over_the_port()
    {
        await using AgentRig rig = await AgentRig.StartAsync();
        await rig.Platform.NextAskedAsync(1);
        foreach (RecordedRequest request in Corpus.All)
        {
            bool isLifecycle = request.Path.StartsWith("/lambda/", StringComparison.Ordinal);
            using var client = new RawHttp(isLifecycle ? rig.Settings.Listeners.LifecyclePort : rig.Settings.Listeners.TracePort);
            string[] own = ["host", "connection", "content-length", "transfer-encoding"];
            string[] headers = [.. request.Headers.Where(header => !own.Contains(header.Key.ToLowerInvariant())).Select(static header => $"{header.Key}: {header.Value}")];
            int status = (await client.RequestAsync("POST", request.Path, request.Body, headers)).Status;
            Assert.True(status == (request.Path == "/v0.6/stats" ? 202 : 200), $"{request.Name}: {status}");
        }

        rig.Platform.Shutdown();
        Assert.Equal(0, await rig.EndAsync());
        rig.AssertSums();

        // The placeholder stands for aws.lambda, which the agent makes itself; everything else is what the tracers sent.
        IEnumerable<ulong> sent = Corpus.Traces.Select(Send).SelectMany(static sent => sent.Payload?.Chunks ?? []).SelectMany(static chunk => chunk.Spans)
            .Where(static span => span.Resource != "dd-tracer-serverless-span").Select(static span => span.SpanId);
        Assert.Empty(sent.Except(rig.Intake.Spans.Select(static span => span.SpanId)));
        Assert.NotEmpty(rig.Intake.Stats);
        Assert.NotEmpty(rig.Intake.Metrics);
        AssertPassedOn(rig.Intake.Requests);
    }

    /// <summary>The telemetry of .NET tracers, compressed by them, reaches its intake byte for byte.</summary>
    private static void AssertPassedOn(IEnumerable<ReceivedRequest> arrived)
    {
        const string Proxy = "/telemetry/proxy";
        RecordedRequest[] sent = [.. Corpus.All.Where(static request => request.Path.StartsWith(Proxy, StringComparison.Ordinal))];
        Assert.Equal(2, sent.Length);
        Assert.All(sent, one =>
        {
            ReceivedRequest request = Assert.Single(arrived, request => request.RawBody.Span.SequenceEqual(one.Body));
            Assert.Equal((one.Path[Proxy.Length..], "gzip"), (request.Path, request.ContentEncoding));
            Assert.All(one.Headers.Where(static header => header.Key.StartsWith("DD-", StringComparison.OrdinalIgnoreCase)), header =>
                Assert.Contains(request.Headers, arrived => arrived.Key.Equals(header.Key, StringComparison.OrdinalIgnoreCase) && arrived.Value == header.Value));
        });
    }

    private static (TraceDecodeResult Result, Pb.TracerPayload? Payload) Send(RecordedRequest request)
    {
        var rig = new TraceRig();
        TraceHeaders headers = HeadersOf(request);
        TraceDecodeResult result = request.Path == "/v0.5/traces" ? rig.Send<TraceV05>(request.Body, headers) : rig.Send<TraceV04>(request.Body, headers);
        return (result, rig.Take().SingleOrDefault()?.TracerPayloads.Single());
    }

    private static TraceHeaders HeadersOf(RecordedRequest request) =>
        TraceHeaders.From(request.Headers, static (headers, name) => headers.GetValueOrDefault(name));
}
