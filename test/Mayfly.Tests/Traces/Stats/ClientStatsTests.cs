using Mayfly.Config;
using Mayfly.Diagnostics;
using Mayfly.Intake;
using Mayfly.Local.Intake;
using Mayfly.Testing;
using Mayfly.Traces.Stats;
using Mayfly.Wire;
using Xunit;

namespace Mayfly.Tests.Traces.Stats;

/// <summary>Tracers' own statistics: docs/spec/03-traces.md 2.4, 4.3 and 7.5; docs/spec/07-observed-clients.md 4.3 and 5.</summary>
public class ClientStatsTests
{
    private const string EmptySketch = "0a1209000000000040f03f110000000000ea944012001a00";

    private const string Vector = """
        df00000008 a8486f73746e616d65 a0 a3456e76 a470726f64 a756657273696f6e a3312e30
         a55374617473 dd00000001 df00000003 a55374617274 cf17979cfe362a0000
          a84475726174696f6e cf00000002540be400 a55374617473 dd00000001 df00000011
           a753657276696365 a3776562 a44e616d65 ac687474702e72657175657374 a85265736f75726365 a5474554202f
           ae48545450537461747573436f6465 ce000000c8 a454797065 a3776562
           a448697473 cf0000000000000001 a64572726f7273 cf0000000000000000 a84475726174696f6e cf00000000004c4b40
           a94f6b53756d6d617279 c425 0a1209000000000040f03f110000000000ea9440120d1208000000000000f03f18ba241a00
           ac4572726f7253756d6d617279 c418 0a1209000000000040f03f110000000000ea944012001a00
           aa53796e74686574696373 c2 ac546f704c6576656c48697473 cf0000000000000001
           aa485454504d6574686f64 a3474554 ac48545450456e64706f696e74 a0 a77372765f737263 a0
           a85370616e4b696e64 a6736572766572 ae47525043537461747573436f6465 a0
         a44c616e67 aa6a617661736372697074 ad54726163657256657273696f6e a7352e3133322e30
         a952756e74696d654944 a172 a853657175656e6365 cf0000000000000001
        """;

    private readonly SignalCounters _counters = new();

    private static StatsSettings Settings { get; } = new() { AgentVersion = "7.1", Env = "dev" };

    [Fact]
    public void Vector_7_5_passes_through_byte_for_byte()
    {
        ClientStats stats = Accepting(TraceRig.Hex(Vector));
        (byte[] body, long units, string languages) = Assert.Single(Take(stats));
        byte[] expected = TraceRig.Hex(
            "86 ad4167656e74486f73746e616d65 a0 a84167656e74456e76 a3646576 a55374617473 dd00000001" + Vector
            + "ac4167656e7456657273696f6e a3372e31 ae436c69656e74436f6d7075746564 c3 ac53706c69745061796c6f6164 c2");
        Assert.Equal(Convert.ToHexString(expected), Convert.ToHexString(body));
        Assert.Equal((1, "X-Datadog-Reported-Languages=javascript"), (units, languages));
        ReceivedStats group = Assert.Single(StatsDecoder.Decode(body));
        Assert.Equal((1_700_000_000_000_000_000, 2333), (group.BucketStart, Assert.Single(group.Ok.Bins).Key));
        Assert.Equal((1, 0), (_counters.Accepted, _counters.DroppedInAll));
    }

    /// <summary>The recorded body of a real tracer, sketches of another grid included, is in what is sent, byte for byte.</summary>
    [Fact]
    public void Recorded_statistics_pass_through_byte_for_byte()
    {
        RecordedRequest recorded = Corpus.Named("dd-stats-002-v0.6_stats");
        Assert.Equal("/v0.6/stats", recorded.Path);
        (byte[] body, long units, _) = Assert.Single(Take(Accepting(recorded.Body)));
        Assert.True(body.AsSpan().IndexOf(recorded.Body) > 0);
        Assert.Equal(4, units);
        List<ReceivedStats> groups = StatsDecoder.Decode(body);
        Assert.Equal([("my-svc", "aws.lambda", 2L), ("my-svc", "http.request", 2L)], groups.Select(static group => (group.Service, group.Name, group.Hits)));
        Assert.All(groups, static group => Assert.Equal((2, true), (group.Ok.Count, group.Ok.Gamma is > 1.02 and < 1.0203)));
        Assert.Equal(("javascript", "5.132.0", true), (groups[0].Payload.Lang, groups[0].Payload.TracerVersion, groups[0].Payload.ClientComputed));
        Assert.StartsWith("entrypoint.type:script,", groups[0].Payload.ProcessTags, StringComparison.Ordinal);
    }

    /// <summary>4.3, M: what is filled in; field, as sent (null: not at all), the agent's, as forwarded.</summary>
    [Theory]
    [InlineData("Env", "prod", "dev", "prod")]
    [InlineData("Env", "", "dev", "dev")]
    [InlineData("Env", null, "dev", "dev")]
    [InlineData("Service", "web", "shop", "web")]
    [InlineData("Service", "", "shop", "shop")]
    [InlineData("Service", null, "shop", "shop")]
    [InlineData("Service", null, "", "")]
    [InlineData("ContainerID", "abc", "", "")]
    [InlineData("Hostname", "vm", "", "vm")]
    [InlineData("Version", "é", "", "é")]
    public void Row_only_what_is_empty_is_filled_in(string field, string? sent, string own, string forwarded)
    {
        MsgPackWriter body = new MsgPackWriter().Map(sent is null ? 1 : 2);
        if (sent is not null)
        {
            body.Str(field).Str(sent);
        }

        WithGroup(body);
        ReceivedStats group = Single(body.ToArray(), Settings with { Env = field == "Env" ? own : "none", Service = field == "Service" ? own : "" });
        Assert.Equal(forwarded, field switch
        {
            "Env" => group.Payload.Env,
            "Service" => group.Payload.Service,
            "ContainerID" => group.Payload.ContainerId,
            "Hostname" => group.Payload.Hostname,
            _ => group.Payload.Version,
        });
        Assert.Equal(field == "Env" ? forwarded : "none", group.Payload.Env);
    }

    public static TheoryData<string, string, string> Coercions => new()
    {
        { "all optional", "80", "" },
        { "text as bin", "81 a44e616d65 c4 03 616263", "Name=abc" },
        { "text that is no UTF-8", "81 a44e616d65 a3 61ff62", "Name=a\uFFFDb" },
        { "text as number", "81 ae47525043537461747573436f6465 05", "GRPCStatusCode=5" },
        { "text nil", "81 a44e616d65 c0", "" },
        { "Hits as float", "81 a448697473 cb 4005 9999 9999 999a", "Hits=3" },
        { "Hits as float, half up", "81 a448697473 cb 4004 0000 0000 0000", "Hits=3" },
        { "Hits as NaN", "81 a448697473 cb 7ff8 0000 0000 0000", "" },
        { "Hits negative", "81 a448697473 ff", "" },
        { "Hits nil", "81 a448697473 c0", "" },
        { "Hits in 16 bits", "81 a448697473 cd 0100", "Hits=256" },
        { "Synthetics as number", "81 aa53796e74686574696373 01", "Synthetics" },
        { "Synthetics nil", "81 aa53796e74686574696373 c0", "" },
        { "IsTraceRoot", "81 ab 497354726163 65526f6f74 01", "IsTraceRoot=1" },
        { "summary as str", "81 a94f6b53756d6d617279 b8" + EmptySketch, "Gamma=1.015625" },
        { "summary as array", "81 a94f6b53756d6d617279 dc 0018" + string.Concat(Convert.FromHexString(EmptySketch).Select(static b => b < 128 ? $"{b:x2}" : $"cc{b:x2}")), "Gamma=1.015625" },
        { "summary nil", "81 a94f6b53756d6d617279 c0", "" },
        { "PeerTags", "81 a85065657254616773 92 a3613a62 c4 03 633a64", "PeerTags=a:b,c:d" },
        { "PeerTags nil", "81 a85065657254616773 c0", "" },
        { "unknown key", "82 a6467574757265 81 a178 92 01 c0 a448697473 02", "Hits=2" },
        { "the key as bin", "81 c404 48697473 02", "Hits=2" },
        { "a key twice", "83 a448697473 01 a44e616d65 a161 a448697473 02", "Name=a Hits=2" },
        { "a key twice, then nil", "83 a448697473 02 a44e616d65 a161 a44e616d65 c0", "Hits=2" },
        { "a key three times", "84 a44e616d65 a3616263 a448697473 02 a44e616d65 a0 a44e616d65 a162", "Name=b Hits=2" },
        { "an unknown key twice", "83 a6467574757265 81 a178 01 a448697473 02 a6467574757265 03", "Hits=2" },
    };

    [Theory]
    [MemberData(nameof(Coercions))]
    public void Row_every_key_is_optional_and_odd_types_are_taken(string row, string group, string expected)
    {
        Assert.NotEmpty(row);
        byte[] body = new MsgPackWriter().Map(1).Str("Stats").Array(1).Map(1).Str("Stats").Array(1).Raw(TraceRig.Hex(group)).ToArray();
        ReceivedStats read = Single(body, Settings);
        string[] parts =
        [
            read.Name.Length > 0 ? $"Name={read.Name}" : "", read.GrpcStatusCode.Length > 0 ? $"GRPCStatusCode={read.GrpcStatusCode}" : "",
            read.Hits != 0 ? $"Hits={read.Hits}" : "", read.Synthetics ? "Synthetics" : "", read.IsTraceRoot != 0 ? $"IsTraceRoot={read.IsTraceRoot}" : "",
            read.Ok.Gamma != 0 ? FormattableString.Invariant($"Gamma={read.Ok.Gamma}") : "", read.PeerTags.Count > 0 ? $"PeerTags={string.Join(',', read.PeerTags)}" : "",
        ];
        Assert.Equal(expected, string.Join(' ', parts.Where(static part => part.Length > 0)));
        Assert.Equal(read.Hits, _counters.Accepted);
    }

    /// <summary>Of the payload and of the bucket too, on both sides of the statistics.</summary>
    [Fact]
    public void Row_of_a_key_that_stands_twice_the_last_value_goes_on()
    {
        byte[] body = new MsgPackWriter().Map(6).Str("Env").Str("first").Str("Version").Str("a much longer version").Str("Env").Str("")
            .Str("Stats").Array(1).Map(4).Str("Start").Int(1).Str("Stats").Array(1).Map(1).Str("Hits").Int(3).Str("Start").Int(10).Str("Duration").Int(5)
            .Str("Version").Str("2").Str("Lang").Str("go").ToArray();
        ReceivedStats group = Single(body, Settings with { Env = "agent" });
        Assert.Equal(("agent", "2", "go"), (group.Payload.Env, group.Payload.Version, group.Payload.Lang));
        Assert.Equal((10, 5, 3), (group.BucketStart, group.BucketDuration, group.Hits));
    }

    [Theory]
    [InlineData(64, true)]
    [InlineData(65, false)]
    public void Row_a_map_has_at_most_64_entries(int entries, bool isAccepted)
    {
        MsgPackWriter body = new MsgPackWriter().Map(1).Str("Stats").Array(1).Map(1).Str("Stats").Array(1).Map(entries);
        for (int i = 0; i < entries; i++)
        {
            body.Str($"k{i}").Int(i);
        }

        byte[] bytes = body.ToArray();
        StatsDecodeResult result = Make().Accept(bytes, bytes.Length, isObfuscated: false);
        Assert.Equal(isAccepted ? MsgPackError.None : MsgPackError.LimitExceeded, result.Reason);
    }

    /// <summary>What nobody knows yet goes on as it is: a newer tracer's field, and the two lists of newer ones.</summary>
    [Fact]
    public void Row_unknown_keys_pass_through()
    {
        byte[] body = new MsgPackWriter().Map(2).Str("Newer").Array(1).Bool(true)
            .Str("Stats").Array(1).Map(2).Str("AgentTimeShift").Int(-5)
            .Str("Stats").Array(1).Map(3).Str("Hits").Int(1).Str("AdditionalMetricTags").Array(1).Str("a:b").Str("Newest").Map(1).Str("x").Nil().ToArray();
        (byte[] forwarded, _, _) = Assert.Single(Take(Accepting(body)));
        var envelope = (Dictionary<string, object?>)MsgPackDecoder.Decode(forwarded)!;
        var payload = (Dictionary<string, object?>)((List<object?>)envelope["Stats"]!)[0]!;
        var bucket = (Dictionary<string, object?>)((List<object?>)payload["Stats"]!)[0]!;
        var group = (Dictionary<string, object?>)((List<object?>)bucket["Stats"]!)[0]!;
        Assert.Equal(new List<object?> { true }, payload["Newer"]);
        Assert.Equal(-5L, bucket["AgentTimeShift"]);
        Assert.Equal(new List<object?> { "a:b" }, group["AdditionalMetricTags"]);
        Assert.Equal(new Dictionary<string, object?> { ["x"] = null }, group["Newest"]);
    }

    /// <summary>07, 5: the .NET tracer's placeholder has statistics too; they are nobody's.</summary>
    [Fact]
    public void Row_statistics_of_the_placeholder_go()
    {
        byte[] body = new MsgPackWriter().Map(1).Str("Stats").Array(2)
            .Map(1).Str("Stats").Array(2)
            .Map(3).Str("Name").Str("dd_tracer_serverless_span").Str("Resource").Str("dd-tracer-serverless-span").Str("Hits").Int(1)
            .Map(3).Str("Name").Str("http.request").Str("Resource").Str("GET /").Str("Hits").Int(2)
            .Map(1).Str("Stats").Array(1).Map(2).Str("Resource").Str("dd-tracer-serverless-span").Str("Hits").Int(4).ToArray();
        ReceivedStats group = Single(body, Settings with { PlaceholderResources = ["dd-tracer-serverless-span"] });
        Assert.Equal(("http.request", 2), (group.Name, group.Hits));
        Assert.Equal((2, 0), (_counters.Accepted, _counters.DroppedInAll));
    }

    /// <summary>4.3, M, and 1.4: Datadog-Obfuscation-Version; type, DBType, resource as sent, is it obfuscated, as forwarded.</summary>
    [Theory]
    [InlineData("sql", "", "SELECT * FROM users WHERE id = 42", false, "SELECT * FROM users WHERE id = ?")]
    [InlineData("sql", "", "SELECT * FROM users WHERE id = 42", true, "SELECT * FROM users WHERE id = 42")]
    [InlineData("cassandra", "", "SELECT a FROM b WHERE c = 'secret'", false, "SELECT a FROM b WHERE c = ?")]
    [InlineData("sql", "postgresql", "SELECT a FROM b WHERE c @> 'x'", false, "SELECT a FROM b WHERE c @> ?")]
    [InlineData("redis", "", "SET key value", false, "SET")]
    [InlineData("valkey", "", "GET key", false, "GET")]
    [InlineData("redis", "", "SET key value", true, "SET key value")]
    [InlineData("web", "", "GET /users/42", false, "GET /users/42")]
    [InlineData("", "", "SELECT 42", false, "SELECT 42")]
    [InlineData("sql", "", "", false, "")]
    [InlineData("sql", "", "SELECT ?", false, "SELECT ?")]
    public void Row_resources_are_obfuscated_unless_the_tracer_has_done_so(string type, string database, string resource, bool isObfuscated, string forwarded)
    {
        // Whatever comes first, and a resource that is said twice: no earlier one tells what the last one hides.
        foreach (string[] keys in new[] { new[] { "Type", "DBType", "Resource", "Hits" }, ["Resource", "Hits", "DBType", "Type"], ["Resource", "Type", "Resource", "DBType", "Hits"] })
        {
            MsgPackWriter body = new MsgPackWriter().Map(1).Str("Stats").Array(1).Map(1).Str("Stats").Array(1).Map(keys.Length);
            foreach (string key in keys)
            {
                body.Str(key);
                _ = key == "Hits" ? body.Int(3) : body.Str(key switch { "Type" => type, "DBType" => database, _ => resource });
            }

            ClientStats stats = Make();
            byte[] bytes = body.ToArray();
            Assert.True(stats.Accept(bytes, bytes.Length, isObfuscated).IsAccepted);
            ReceivedStats group = Assert.Single(StatsRig.Read(Take(stats).Select(static one => one.Body)));
            Assert.Equal((forwarded, type, database, 3L), (group.Resource, group.Type, group.DbType, group.Hits));
        }
    }

    /// <summary>Nothing to forward, and nothing wrong with it.</summary>
    [Theory]
    [InlineData("80")]
    [InlineData("81 a55374617473 90")]
    [InlineData("81 a55374617473 c0")]
    [InlineData("81 a55374617473 91 81 a55374617473 90")]
    [InlineData("81 a55374617473 91 80")]
    [InlineData("81 a3456e76 a470726f64")]
    public void Row_empty_statistics_are_accepted_and_not_sent(string body) => Assert.Empty(Take(Accepting(TraceRig.Hex(body))));

    public static TheoryData<string, string, MsgPackError, int> Malformed => new()
    {
        { "empty body", "", MsgPackError.Truncated, 0 },
        { "not a map", "90", MsgPackError.WrongType, 0 },
        { "nil", "c0", MsgPackError.WrongType, 0 },
        { "reserved byte", "81 a178 c1", MsgPackError.ReservedByte, 3 },
        { "map longer than the body", "df ffffffff", MsgPackError.Truncated, 0 },
        { "key that is no text", "81 01 01", MsgPackError.WrongType, 1 },
        { "Stats that is no array", "81 a55374617473 a0", MsgPackError.WrongType, 7 },
        { "bucket that is no map", "81 a55374617473 91 01", MsgPackError.WrongType, 8 },
        { "group that is no map", "81 a55374617473 91 81 a55374617473 91 a0", MsgPackError.WrongType, 16 },
        { "Hits that is a text", "81 a55374617473 91 81 a55374617473 91 81 a448697473 a131", MsgPackError.WrongType, 22 },
        { "Synthetics that is a text", "81 a55374617473 91 81 a55374617473 91 81 aa53796e74686574696373 a131", MsgPackError.WrongType, 28 },
        { "summary that is a number", "81 a55374617473 91 81 a55374617473 91 81 a94f6b53756d6d617279 01", MsgPackError.WrongType, 27 },
        { "summary array with a large number", "81 a55374617473 91 81 a55374617473 91 81 a94f6b53756d6d617279 91 cd0100", MsgPackError.NumberOutOfRange, 28 },
        { "PeerTags that is a text", "81 a55374617473 91 81 a55374617473 91 81 a85065657254616773 a0", MsgPackError.WrongType, 26 },
    };

    [Theory]
    [MemberData(nameof(Malformed))]
    public void Malformed_statistics_are_rejected_with_reason_and_place(string row, string body, MsgPackError reason, int offset)
    {
        Assert.NotEmpty(row);
        byte[] bytes = TraceRig.Hex(body);
        var stats = Make();
        StatsDecodeResult result = stats.Accept(bytes, bytes.Length, false);
        Assert.Equal(new StatsDecodeResult(reason, offset), result);
        Assert.EndsWith($" at byte {offset}", result.Message, StringComparison.Ordinal);
        Assert.Empty(Take(stats));
        Assert.Equal(0, _counters.Accepted);
    }

    [Fact]
    public void Every_cut_of_a_recorded_body_is_rejected()
    {
        byte[] body = Corpus.Named("dd-stats-002-v0.6_stats").Body;
        var stats = Make();
        for (int length = 0; length < body.Length; length++)
        {
            Assert.False(stats.Accept(body[..length], length, false).IsAccepted, $"cut at {length}");
        }

        Assert.Empty(Take(stats));
    }

    /// <summary>Any bytes get an answer; what is accepted is something that the intake can read.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Property_mutated_bodies_are_rejected_or_forwarded_readably(int seed)
    {
        byte[][] bodies = [TraceRig.Hex(Vector), Corpus.Named("dd-stats-002-v0.6_stats").Body];
        var random = new Random(seed);
        int accepted = 0;
        for (int i = 0; i < 5000; i++)
        {
            byte[] body = [.. bodies[i & 1]];
            for (int change = random.Next(1, 4); change > 0; change--)
            {
                body[random.Next(body.Length)] = (byte)random.Next(256);
            }

            var stats = Make(new SignalCounters());
            if (stats.Accept(body, body.Length, false).IsAccepted)
            {
                accepted++;
                Assert.All(Take(stats), static taken => Readable(taken.Body));
            }
        }

        Assert.InRange(accepted, 100, 4900);
    }

    /// <summary>4.5: 4,000 groups or 3 MiB; the parts repeat the payload's and the bucket's fields and say that they are parts.</summary>
    [Theory]
    [InlineData(9001, 1, 3)]
    [InlineData(4000, 1, 1)]
    [InlineData(4001, 1, 2)]
    [InlineData(7, 1024 * 1024, 4)]
    [InlineData(2, 5 * 1024 * 1024, 2)]
    public void Row_large_statistics_are_split(int groups, int resourceBytes, int bodies)
    {
        MsgPackWriter body = new MsgPackWriter().Map(3).Str("Env").Str("prod").Str("Stats").Array(1).Map(3).Str("Start").Int(123).Str("Stats").Array(groups);
        for (int i = 0; i < groups; i++)
        {
            body.Map(2).Str("Resource").Str(new string('r', resourceBytes)).Str("Hits").Int(i);
        }

        body.Str("Duration").Int(456).Str("Lang").Str("js");
        var taken = Take(Accepting(body.ToArray(), Settings with { BufferBytes = 64 * 1024 * 1024 }));
        Assert.Equal(bodies, taken.Count);
        List<ReceivedStats> read = StatsRig.Read(taken.Select(static one => one.Body));
        Assert.Equal(Enumerable.Range(0, groups).Select(static i => (long)i), read.Select(static group => group.Hits));
        Assert.All(read, group => Assert.Equal(
            ("prod", "js", 123L, 456L, bodies > 1), (group.Payload.Env, group.Payload.Lang, group.BucketStart, group.BucketDuration, group.Payload.SplitPayload)));
        Assert.All(taken, one => Assert.True(one.Body.Length <= ClientPayloadWriter.MaxBytes + 256 || groups == bodies));
    }

    [Fact]
    public void Payloads_share_a_body_while_there_is_room()
    {
        var stats = Make();
        for (int i = 0; i < 3; i++)
        {
            byte[] body = WithGroup(new MsgPackWriter().Map(2).Str("Lang").Str($"l{i}")).ToArray();
            Assert.True(stats.Accept(body, body.Length, false).IsAccepted);
        }

        (byte[] taken, long units, string languages) = Assert.Single(Take(stats));
        Assert.Equal((3, "X-Datadog-Reported-Languages=l0|l1|l2"), (units, languages));
        Assert.Equal(["l0", "l1", "l2"], StatsDecoder.Decode(taken).Select(static group => group.Payload.Lang));
        Assert.Empty(Take(stats));
    }

    /// <summary>Limited in bytes: the newest payloads go, and are counted.</summary>
    [Fact]
    public void The_buffer_is_bounded()
    {
        var stats = Make(settings: Settings with { BufferBytes = 4000 });
        byte[] body = Corpus.Named("dd-stats-002-v0.6_stats").Body;
        for (int i = 0; i < 5; i++)
        {
            Assert.True(stats.Accept(body, body.Length, false).IsAccepted);
        }

        Assert.Equal((20, 16, 4), (_counters.Accepted, _counters.DroppedFor(DropReason.BufferFull), _counters.Buffered));
        Assert.Equal(4, Assert.Single(Take(stats)).Units);
        Assert.True(stats.Accept(body, body.Length, false).IsAccepted);
        Assert.Single(Take(stats));
    }

    /// <summary>More than any tracer sends; and fields that would be repeated with each part.</summary>
    [Theory]
    [InlineData("buckets")]
    [InlineData("groups")]
    [InlineData("fields")]
    public void Limits_are_answered_with_413(string limit)
    {
        MsgPackWriter body = new MsgPackWriter().Map(2).Str("Version").Str(new string('v', limit == "fields" ? 70_000 : 1)).Str("Stats");
        if (limit == "buckets")
        {
            body.Array(10_001).Raw([.. Enumerable.Repeat((byte)0x80, 10_001)]);
        }
        else
        {
            int groups = limit == "groups" ? 100_001 : 1;
            body.Array(1).Map(1).Str("Stats").Array(groups).Raw([.. Enumerable.Repeat((byte)0x80, groups)]);
        }

        byte[] bytes = body.ToArray();
        Assert.Equal(MsgPackError.LimitExceeded, Make().Accept(bytes, bytes.Length, false).Reason);
    }

    /// <summary>A count beyond all reason must not break the sum of the counters.</summary>
    [Fact]
    public void Hits_of_any_size_are_forwarded_and_do_not_break_the_counters()
    {
        byte[] body = new MsgPackWriter().Map(1).Str("Stats").Array(1).Map(1).Str("Stats").Array(2)
            .Map(1).Str("Hits").UInt64(long.MaxValue).Map(1).Str("Hits").UInt64(ulong.MaxValue).ToArray();
        (byte[] taken, long units, _) = Assert.Single(Take(Accepting(body)));
        Assert.Equal(2L * uint.MaxValue, units);
        Assert.Equal(units, _counters.Accepted);
        byte[] highest = [0xcf, 255, 255, 255, 255, 255, 255, 255, 255];
        Assert.True(taken.AsSpan().IndexOf(highest) > 0);
    }

    private static MsgPackWriter WithGroup(MsgPackWriter body) =>
        body.Str("Stats").Array(1).Map(1).Str("Stats").Array(1).Map(1).Str("Hits").Int(1);

    private static void Readable(byte[] body)
    {
        try
        {
            StatsDecoder.Decode(body);
        }
        catch (Exception e) when (e is Google.Protobuf.InvalidProtocolBufferException || e.Message.Contains("type", StringComparison.Ordinal) || e.Message.Contains("UTF-8", StringComparison.Ordinal))
        {
            // Summaries are opaque, numbers may pass 63 bits, and what nobody knows may be anything that is msgpack: that is the tracer's word.
        }
    }

    private ClientStats Make(SignalCounters? counters = null, StatsSettings? settings = null) =>
        new(settings ?? Settings, counters ?? _counters, ObfuscationSettings.Default);

    private ClientStats Accepting(byte[] body, StatsSettings? settings = null)
    {
        var stats = Make(settings: settings);
        Assert.Equal(default, stats.Accept(body, body.Length, false));
        return stats;
    }

    private ReceivedStats Single(byte[] body, StatsSettings settings) => Assert.Single(StatsRig.Read(Take(Accepting(body, settings)).Select(static one => one.Body)));

    private static List<(byte[] Body, long Units, string Languages)> Take(ClientStats stats)
    {
        var payloads = new List<IntakePayload>();
        stats.TakePayloads(payloads);
        var taken = payloads.Select(static one => (one.Body.WrittenSpan.ToArray(), one.Units, string.Concat(one.Headers.Select(static h => $"{h.Key}={h.Value}")))).ToList();
        payloads.ForEach(static payload => payload.Dispose());
        return taken;
    }
}
