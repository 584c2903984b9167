using Mayfly.Testing;

namespace Mayfly.Tests.Local.Intake;

/// <summary>One small, complete body per intake path.</summary>
internal static class IntakeBodies
{
    public const string Logs = """
        [{"message":{"message":"hello","lambda":{"arn":"arn:aws:lambda:us-east-1:123456789012:function:my-function","request_id":"req-1"},
          "timestamp":1673061827000,"status":"info"},"hostname":"arn:host","service":"my-svc","ddtags":"env:dev,team:a","ddsource":"lambda"},
         {"message":{"message":"INIT_START","lambda":{"arn":"a","request_id":null},"timestamp":1,"status":"error"},
          "hostname":"h","service":"","ddtags":"","ddsource":"lambda"}]
        """;

    /// <summary>docs/spec/04-metrics-logs.md, B.5: the 66-byte vector.</summary>
    public static byte[] Series { get; } = Convert.FromHexString(
        "0a400a0a0a04686f73741202683112086d792e636f756e741a08656e763a74657374220f0900000000000014401098daf595062801400a4a090a072001282630d803");

    /// <summary>docs/spec/04-metrics-logs.md, B.4: the 91-byte vector.</summary>
    public static byte[] Sketches { get; } = Convert.FromHexString(
        "0a590a076d792e646973742208656e763a746573743a390898daf59506100319000000000000f03f210000000000000840290000000000000040310000000000001840"
        + "3a06f414ce1582164203010101" + "42090a072001282630d803");

    /// <summary>A StatsPayload with every field of docs/spec/03-traces.md, 2.4 and 4.3 set.</summary>
    public static byte[] Stats() => new MsgPackWriter().Map(6)
        .Str("AgentHostname").Str("ah").Str("AgentEnv").Str("ae").Str("AgentVersion").Str("av").Str("ClientComputed").Bool(true).Str("SplitPayload").Bool(true)
        .Str("Stats").Array(1).Map(11)
        .Str("Hostname").Str("host").Str("Env").Str("prod").Str("Version").Str("1.0").Str("Lang").Str("js").Str("TracerVersion").Str("5")
        .Str("RuntimeID").Str("r").Str("Sequence").Int(7).Str("Service").Str("base").Str("ContainerID").Str("c").Str("ProcessTags").Str("p:t")
        .Str("Stats").Array(1).Map(3).Str("Start").UInt64(1_700_000_000_000_000_000).Str("Duration").UInt64(10_000_000_000)
        .Str("Stats").Array(1).Map(20)
        .Str("Service").Str("svc").Str("Name").Str("op").Str("Resource").Str("res").Str("Type").Str("web").Str("DBType").Str("db")
        .Str("SpanKind").Str("server").Str("HTTPStatusCode").Int(200).Str("HTTPMethod").Str("GET").Str("HTTPEndpoint").Str("/x")
        .Str("GRPCStatusCode").Str("14").Str("srv_src").Str("m").Str("Synthetics").Bool(true).Str("IsTraceRoot").Int(2)
        .Str("PeerTags").Array(2).Str("a:b").Str("c:d").Str("Hits").Int(3).Str("Errors").Int(1).Str("Duration").Int(4_000_000_000).Str("TopLevelHits").Int(2)
        .Str("OkSummary").Bin(Convert.FromHexString("0a1209000000000040f03f110000000000ea9440120d1208000000000000f03f18ba241a00"))
        .Str("ErrorSummary").Bin(Convert.FromHexString("0a1209000000000040f03f110000000000ea944012001a00"))
        .ToArray();

    /// <summary>An AgentPayload with every field of docs/spec/03-traces.md, 5.1 set.</summary>
    public static byte[] Traces(string name = "aws.lambda") => new ProtoBody()
        .Text(1, "host-1").Text(2, "dev")
        .Message(5, new ProtoBody()
            .Text(1, "container-1").Text(2, ".NET").Text(3, "10.0").Text(4, "3.52").Text(5, "runtime-1")
            .Message(6, new ProtoBody()
                .Varint(1, unchecked((ulong)-128L)).Text(2, "lambda")
                .Message(3, Span(name))
                .Entry(4, "_dd.p.tid", "6740d1a900000000").Varint(5, 1))
            .Entry(7, "_dd.tags.function", "functionname:my-function,env:dev").Text(8, "prod").Text(9, "payload-host").Text(10, "1.2.3"))
        .Entry(6, "agent", "tag").Text(7, "0.1.0").Double(8, 60).Double(9, 61).Varint(10, 1)
        .ToArray();

    private static ProtoBody Span(string name) => new ProtoBody()
        .Text(1, "svc").Text(2, name).Text(3, "my-function").Varint(4, ulong.MaxValue).Varint(5, 0x8000000000000001).Varint(6, 7)
        .Varint(7, 1_700_000_000_000_000_001).Varint(8, 12_345).Varint(9, 1)
        .Entry(10, "request_id", "req-1").Entry(11, "_sampling_priority_v1", 2d).Text(12, "serverless")
        .Entry(13, "appsec", [0x81, 0xff])
        .Message(14, new ProtoBody().Varint(1, 11).Varint(2, 12).Varint(3, 13).Entry(4, "a", "b").Text(5, "ts").Varint(6, 1))
        .Message(15, new ProtoBody().Fixed64(1, 99).Text(2, "event")
            .Message(3, new ProtoBody().Text(1, "n").Message(2, new ProtoBody().Varint(1, 2).Varint(4, 42)))
            .Message(3, new ProtoBody().Text(1, "list").Message(2, new ProtoBody().Varint(1, 4)
                .Message(6, new ProtoBody().Message(1, new ProtoBody().Text(2, "x")).Message(1, new ProtoBody().Varint(1, 1).Varint(3, 1))))));
}
