using System.Text;
using Mayfly.EndToEnd.Platform;
using Mayfly.Testing;

namespace Mayfly.EndToEnd.Mutations;

/// <summary>Good payloads of one kind, to be damaged: where they go, their headers (values may be damaged too) and their bodies.</summary>
internal sealed record AcceptedPayloads(string Method, string Path, IReadOnlyList<KeyValuePair<string, string>> Headers, IReadOnlyList<byte[]> Bodies)
{
    /// <summary>The recorded requests to a path.</summary>
    public static AcceptedPayloads Recorded(string path)
    {
        RecordedRequest[] requests = [.. Corpus.All.Where(request => request.Path == path)];
        string[] hop = ["host", "connection", "content-length", "transfer-encoding"];
        IEnumerable<KeyValuePair<string, string>> headers = requests[0].Headers.Where(header => !hop.Contains(header.Key.ToLowerInvariant()));
        return new AcceptedPayloads("POST", path, [.. headers], [.. requests.Select(static one => one.Body)]);
    }

    public static AcceptedPayloads TracesV07 { get; } =
        new("PUT", "/v0.7/traces", [new("Content-Type", "application/msgpack")], [RichTraces.V07(areChunksFirst: true), RichTraces.V07(areChunksFirst: false)]);

    public static AcceptedPayloads TracesV10 { get; } = new("PUT", "/v1.0/traces", [new("Content-Type", "application/msgpack")], [RichTraces.V10]);

    public static AcceptedPayloads JsonV01 { get; } = new("POST", "/v0.1/spans", [new("Content-Type", "application/json")], [RichTraces.Json[1..^1]]);

    public static AcceptedPayloads JsonV04 { get; } = new("POST", "/v0.4/traces", [new("Content-Type", "application/json")], [RichTraces.Json]);

    public static AcceptedPayloads StartInvocation { get; } = new(
        "POST",
        "/lambda/start-invocation",
        [
            new("lambda-runtime-aws-request-id", "5c1b9a1e-7c5b-4f57-8f0e-1c1b1c1b1c1b"), new("x-datadog-tracing-enabled", "false"),
            new("x-datadog-trace-id", "6684756524522091840"), new("x-datadog-parent-id", "7431398482019833808"), new("x-datadog-sampling-priority", "1"),
            new("x-datadog-tags", "_dd.p.dm=-0,_dd.p.tid=65f1a2b300000000"),
            new("traceparent", "00-65f1a2b3000000005cc4d2f3a1b0c9d8-6720f3f4a5b6c7d8-01"), new("Content-Type", "application/json"),
        ],
        [
            """
            {"version":"2.0","rawPath":"/coffee","headers":{"x-datadog-trace-id":"6684756524522091840"},
            "requestContext":{"http":{"method":"GET","path":"/coffee"}}}
            """u8.ToArray(),
            """
            {"Records":[{"messageId":"m","body":"{}","messageAttributes":{"_datadog":{"stringValue":"{\"x-datadog-trace-id\":\"1\"}"}},
            "eventSource":"aws:sqs"}]}
            """u8.ToArray(),
        ]);

    public static AcceptedPayloads EndInvocation { get; } = new(
        "POST",
        "/lambda/end-invocation",
        [
            new("lambda-runtime-aws-request-id", "5c1b9a1e-7c5b-4f57-8f0e-1c1b1c1b1c1b"), new("x-datadog-trace-id", "6684756524522091840"),
            new("x-datadog-span-id", "5431398482019833808"), new("x-datadog-sampling-priority", "1"), new("x-datadog-invocation-error", "true"),
            new("x-datadog-invocation-error-msg", "bm8gbWlsayBsZWZ0"),
            new("x-datadog-invocation-error-type", "U3lzdGVtLkV4Y2VwdGlvbg=="), new("x-datadog-invocation-error-stack", "ICBhdCBNYWluKCk="),
        ],
        ["""{"statusCode":500,"headers":{"content-type":"application/json"},"body":"{\"coffee\":\"latte\"}"}"""u8.ToArray(), "\"text\""u8.ToArray()]);

    /// <summary>Every kind of record, about an invocation that is not the one that runs.</summary>
    public static AcceptedPayloads Telemetry { get; } = new(
        "POST",
        "/",
        [new("Content-Type", "application/json")],
        [Batch(TelemetryEvents.Start("other"), TelemetryEvents.Line("some text"), TelemetryEvents.RuntimeDone("other"), TelemetryEvents.Report("other"))]);

    /// <summary>As real clients write them, one or several lines.</summary>
    public static AcceptedPayloads Datagrams { get; } = new(
        "UDP",
        "",
        [],
        [
            "aws.lambda.enhanced.invocations:1|d|#region:us-east-1,functionname:my-function,cold_start:true|T1795221404"u8.ToArray(),
            "coffee.orders:1|c|@0.5|#product:latte\ncoffee.queue:4.5|g\ncoffee.beans:1:2:3|h|#a:b"u8.ToArray(),
            "coffee.customers:ann|s\ncoffee.brew:320|ms|c:in-1"u8.ToArray(),
            "_e{11,16}:shop opened|the door's open|#shop:one\n_sc|coffee.machine|1|#shop:one|m:needs cleaning"u8.ToArray(),
        ]);

    private static byte[] Batch(params string[] events) => Encoding.UTF8.GetBytes($"[{string.Join(',', events)}]");
}
