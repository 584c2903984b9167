using Mayfly.Config;
using Mayfly.Intake;
using Mayfly.Metrics;
using Mayfly.Tags;
using Mayfly.Local.Intake.Protos;
using Mayfly.Wire;
using Xunit;
using SeriesType = Mayfly.Metrics.SeriesType;

namespace Mayfly.Tests.Metrics;

/// <summary>Exact bytes of docs/spec/04-metrics-logs.md B.4 and B.5, origins of B.7, splitting of B.10.</summary>
public class MetricPayloadTests
{
    [Fact]
    public void B4_sketch_payload()
    {
        using var rig = new MetricRig();
        rig.Send("my.dist:1:2:3|d|#env:test,function_arn:x");
        Decoded decoded = rig.Take();

        // The vector has the tag env:test only and an origin nevertheless; the category comes from a tag, so that tag is in the bytes here.
        Assert.Equal(
            Hex("""
                0a69 0a07 6d792e64697374 2208 656e763a74657374 220e 66756e6374696f6e5f61726e3a78
                3a39 08 98daf59506 10 03 19 000000000000f03f 21 0000000000000840 29 0000000000000040 31 0000000000001840
                3a06 f414 ce15 8216 4203 01 01 01
                4209 0a07 20 01 28 26 30 d803
                """),
            decoded.Payloads.Single().Body);
    }

    [Theory]
    [InlineData(
        "my.dist:1:2:3|d",
        "08 98daf59506 10 03 19 000000000000f03f 21 0000000000000840 29 0000000000000040 31 0000000000001840 3a06 f414 ce15 8216 4203 01 01 01")]
    [InlineData("my.dist:0|d", "08 98daf59506 10 01 3a 01 00 42 01 01")]
    [InlineData("my.dist:-1:0:1|d", "08 98daf59506 10 03 19 000000000000f0bf 21 000000000000f03f 3a 05 f314 00 f414 42 03 010101")]
    public void B4_dogsketch(string line, string expected)
    {
        using var rig = new MetricRig();
        rig.Send(line);
        byte[] dogsketch = Hex(expected);
        byte[] body = rig.Take().Payloads.Single().Body;
        Assert.Equal(dogsketch, body[^dogsketch.Length..]);
    }

    [Fact]
    public void B5_series_payload()
    {
        using var rig = new MetricRig();
        rig.Aggregator.DefaultTags = Tags(("env", "test"));
        rig.Send("my.count:5|c|#dd.internal.resource:host:h1");
        Assert.Equal(
            Hex("0a35 0a0a 0a04 686f7374 1202 6831 1208 6d792e636f756e74 1a08 656e763a74657374 220f 09 0000000000001440 10 98daf59506 28 01 40 0a"),
            rig.Take().Payloads.Single().Body);
    }

    [Fact]
    public void B5_series_with_origin_written_directly()
    {
        using PooledBuffer buffer = PooledBuffer.Rent();
        var tags = new EmittedTags([]);
        byte[] text = "dd.internal.resource:host:h1,env:test"u8.ToArray();
        tags.Set(text, 0, text.Length, isClients: true);
        SeriesWriter.Write(new ProtobufWriter(buffer), new SeriesHead(tags, new MetricOrigin(38, 472), MetricRig.Bucket), "my.count"u8, SeriesType.Count, 5);
        Assert.Equal(
            Hex("""
                0a40 0a0a 0a04 686f7374 1202 6831 1208 6d792e636f756e74 1a08 656e763a74657374
                220f 09 0000000000001440 10 98daf59506 28 01 40 0a 4a09 0a07 20 01 28 26 30 d803
                """),
            buffer.WrittenSpan.ToArray());
    }

    [Fact]
    public void B4_sketch_with_origin_written_directly()
    {
        using PooledBuffer buffer = PooledBuffer.Rent();
        var tags = new EmittedTags([]);
        byte[] text = "env:test"u8.ToArray();
        tags.Set(text, 0, text.Length, isClients: true);
        var sketch = new AgentSketch();
        sketch.Insert(1);
        sketch.Insert(2);
        sketch.Insert(3);
        SketchWriter.Write(new ProtobufWriter(buffer), new SeriesHead(tags, new MetricOrigin(38, 472), MetricRig.Bucket), "my.dist"u8, sketch);
        Assert.Equal(
            Hex("""
                0a59 0a07 6d792e64697374 2208 656e763a74657374
                3a39 08 98daf59506 10 03 19 000000000000f03f 21 0000000000000840 29 0000000000000040 31 0000000000001840
                3a06 f414 ce15 8216 4203 01 01 01
                4209 0a07 20 01 28 26 30 d803
                """),
            buffer.WrittenSpan.ToArray());
    }

    [Fact]
    public void B2_a_count_beyond_32_bits_goes_as_several_bins_of_one_key()
    {
        using PooledBuffer buffer = PooledBuffer.Rent();
        var sketch = new AgentSketch();
        sketch.Insert(1, (long)uint.MaxValue * 2 + 5);
        SketchWriter.Write(new ProtobufWriter(buffer), new SeriesHead(new EmittedTags([]), default, 1), "x"u8, sketch);
        Dogsketch dog = SketchPayload.Parser.ParseFrom(buffer.WrittenSpan.ToArray()).Sketches[0].Dogsketches[0];
        Assert.Equal([1338, 1338, 1338], dog.K);
        Assert.Equal([uint.MaxValue, uint.MaxValue, 5u], dog.N);
        Assert.Equal((long)uint.MaxValue * 2 + 5, dog.Cnt);
    }

    [Theory]
    [InlineData("runtime.memory.used", "function_arn:x", 38, 474)]
    [InlineData("jvm.heap", "function_arn:x", 38, 474)]
    [InlineData("aws.lambda.enhanced.invocations", "function_arn:x", 38, 473)]
    [InlineData("aws.lambdas.mine", "function_arn:x", 38, 472)]
    [InlineData("my.custom.metric", "function_arn:x", 38, 472)]
    [InlineData("gcp.run.enhanced.cold_start", "origin:cloudrun", 36, 473)]
    [InlineData("azure.functions.enhanced.x", "origin:azurefunction", 71, 473)]
    [InlineData("x", "origin:appservice", 35, 472)]
    [InlineData("x", "origin:containerapp", 37, 472)]
    [InlineData("x", "origin:cloudfunction", 36, 472)]
    [InlineData("x", "origin:lambda", 38, 472)]
    [InlineData("x", "origin:azurespringapp", 0, 0)]
    [InlineData("x", "function_arn2:x", 0, 0)]
    [InlineData("x", "origin:cloudrun,function_arn:x", 38, 472)]
    [InlineData("datadog.agent.running", "function_arn:x", 0, 0)]
    [InlineData("my.custom.metric", "env:a", 0, 0)]
    public void B7_origin(string name, string tags, uint category, uint service)
    {
        using var rig = new MetricRig();
        rig.Aggregator.DefaultTags = Tags([.. tags.Split(',').Select(static tag => (tag.Split(':')[0], tag.Split(':')[1]))]);
        rig.Send($"{name}:1|c\n{name}.d:1|d");
        Decoded decoded = rig.Take();
        foreach (Metadata? metadata in new[] { decoded.Series.Single().Metadata, decoded.Sketches.Single().Metadata })
        {
            Assert.Equal(category, metadata?.Origin.OriginCategory ?? 0);
            Assert.Equal(service, metadata?.Origin.OriginService ?? 0);
            Assert.Equal(category == 0 ? 0u : 1u, metadata?.Origin.OriginProduct ?? 0);
        }
    }

    [Fact]
    public void B5_resources_leave_the_tags_and_a_sketch_has_a_host()
    {
        using var rig = new MetricRig();
        rig.Send("x:1|c|#a,dd.internal.resource:device:d:1,dd.internal.resource:host:h,z\nx:1|d|#a,dd.internal.resource:host:h");
        Decoded decoded = rig.Take();
        Assert.Equal(["a", "z"], decoded.Series.Single().Tags);
        Assert.Equal(["device=d:1", "host=h"], decoded.Series.Single().Resources.Select(static resource => $"{resource.Type}={resource.Name}"));
        Assert.Equal(["a"], decoded.Sketches.Single().Tags);
        Assert.Equal("h", decoded.Sketches.Single().Host);
    }

    [Fact]
    public void B10_payloads_hold_a_thousand_items_at_most()
    {
        using var rig = new MetricRig();
        for (int i = 0; i < 2500; i++)
        {
            rig.Send($"c{i}:1:2|c\nd{i}:1|d");
        }

        Decoded decoded = rig.Take();
        Assert.Equal([1000, 1000, 500], decoded.Payloads.Where(static payload => payload.Kind == IntakeKind.Series).Select(static payload => payload.Items));
        Assert.Equal([1000, 1000, 500], decoded.Payloads.Where(static payload => payload.Kind == IntakeKind.Sketches).Select(static payload => payload.Items));
        Assert.Equal([2000, 2000, 1000], decoded.Payloads.Where(static payload => payload.Kind == IntakeKind.Series).Select(static payload => payload.Units));
        Assert.Equal(2500, decoded.Series.Select(static series => series.Metric).Distinct().Count());
    }

    /// <summary>What another payload follows is not kept plain: a flush of many contexts would hold megabytes at once.</summary>
    [Fact]
    public void B10_payloads_that_others_follow_are_compressed_at_once()
    {
        using var rig = new MetricRig(new MetricSettings { Compression = new BodyCompression(ContentCoding.Gzip, 3) });
        for (int i = 0; i < 2500; i++)
        {
            rig.Send($"c{i}:1:2|c\nd{i}:1|d");
        }

        var payloads = new List<IntakePayload>();
        rig.Aggregator.TakeLastPayloads(payloads);
        foreach (IntakeKind kind in (IntakeKind[])[IntakeKind.Series, IntakeKind.Sketches])
        {
            Assert.Equal(
                [ContentCoding.Gzip, ContentCoding.Gzip, ContentCoding.Identity],
                payloads.Where(payload => payload.Kind == kind).Select(static payload => payload.Coding));
        }

        // For an intake that wants them as they are.
        var plain = new IntakeDestination(new IntakeEndpoint(new Uri("http://localhost/api"), "application/x-protobuf"), new KeySetting("key", "x"));
        var decoded = new Decoded();
        foreach (IntakePayload payload in payloads)
        {
            using IntakePayload copy = payload.CopyFor(plain, sharesBody: false);
            Assert.Equal(ContentCoding.Identity, copy.Coding);
            decoded.Add(copy);
            payload.Dispose();
        }

        Assert.Equal(2500, decoded.Series.Select(static series => series.Metric).Distinct().Count());
        Assert.Equal(2500, decoded.Sketches.Select(static sketch => sketch.Metric).Distinct().Count());
    }

    [Fact]
    public void B10_payloads_stay_below_the_byte_limit_and_a_larger_item_goes_alone()
    {
        using var rig = new MetricRig(new MetricSettings { Series = new PayloadLimits(1000, 500) });
        rig.Send($"big:1|c|#{new string('x', 800)}");
        for (int i = 0; i < 40; i++)
        {
            rig.Send($"name{i}:1|c|#env:prod");
            rig.Send(i == 20 ? $"huge:1|c|#{new string('y', 2000)}" : "");
        }

        rig.Send("t:1:2:3|ms|#a,b,c");
        Decoded decoded = rig.Take();
        Assert.Equal(42 + 5, decoded.Series.Count);
        Assert.All(decoded.Payloads, static payload => Assert.True(payload.Body.Length <= 500 || payload.Items == 1));
        Assert.Equal(2, decoded.Payloads.Count(static payload => payload.Body.Length > 500));
        Assert.Equal(42 + 3, decoded.Payloads.Sum(static payload => payload.Units));
    }

    [Fact]
    public void Timings_carry_their_unit_except_for_the_count()
    {
        using var rig = new MetricRig();
        rig.Send("t:1|ms\nh:1|h");
        Assert.All(rig.Take().Series, static series =>
            Assert.Equal(series.Metric.StartsWith('t') && series.Metric != "t.count" ? "millisecond" : "", series.Unit));
    }

    private static byte[] Hex(string text) => Convert.FromHexString(string.Concat(text.Where(static c => !char.IsWhiteSpace(c))));

    private static TagSet Tags(params (string Key, string Value)[] pairs) =>
        TagSet.From(pairs.Select(static pair => KeyValuePair.Create(pair.Key, pair.Value)));
}
