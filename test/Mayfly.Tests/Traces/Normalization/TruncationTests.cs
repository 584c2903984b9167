using Mayfly.Testing;
using Xunit;
using Pb = Mayfly.Local.Intake.Protos;

namespace Mayfly.Tests.Traces.Normalization;

/// <summary>docs/spec/03-traces.md#39-truncation-go-lib-none</summary>
public class TruncationTests
{
    [Theory]
    [InlineData(false, 5_000)]
    [InlineData(true, 15_000)]
    public void Row_resource(bool isBigResource, int limit)
    {
        Assert.Equal(new string('r', limit), One(new SampleSpan { Resource = new string('r', limit) }, isBigResource).Resource);
        Assert.Equal(new string('r', limit), One(new SampleSpan { Resource = new string('r', limit + 1) }, isBigResource).Resource);
        Assert.Equal(new string('r', limit - 1), One(new SampleSpan { Resource = new string('r', limit - 1) + "é" }, isBigResource).Resource);
    }

    [Theory]
    [InlineData(200, false)]
    [InlineData(201, true)]
    public void Row_keys(int length, bool isCut)
    {
        string key = new('k', length);
        string expected = isCut ? new string('k', 200) + "..." : key;
        Pb.Span span = One(new SampleSpan
        {
            Meta = new Dictionary<string, string> { [key] = "v", ["other"] = "w" },
            Metrics = new Dictionary<string, double> { [key] = 1 },
        });
        Assert.Equal(new Dictionary<string, string> { [expected] = "v", ["other"] = "w" }, span.Meta);
        Assert.Equal(1, span.Metrics[expected]);
    }

    [Theory]
    [InlineData("error.stack", 25_000, false)]
    [InlineData("error.stack", 25_001, true)]
    [InlineData("_dd.appsec.json", 25_001, false)]
    [InlineData("_dd.appsec.msgpack", 25_001, false)]
    [InlineData("_dd.appsec.protobuf", 25_001, false)]
    [InlineData("_dd.appsec.xml", 25_001, true)]
    [InlineData("appsec.json", 25_001, true)]
    public void Row_meta_values(string key, int length, bool isCut)
    {
        string value = new('v', length);
        Assert.Equal(isCut ? value[..25_000] + "..." : value, One(new SampleSpan { Meta = new Dictionary<string, string> { [key] = value } }).Meta[key]);
    }

    /// <summary>199 bytes and a character of two: the cut falls before it, and what is left with its mark is not cut again.</summary>
    [Fact]
    public void Twice_is_as_once()
    {
        var first = new SampleSpan
        {
            Resource = new string('r', 4_999) + "éé",
            Meta = new Dictionary<string, string> { [new string('k', 199) + "éé"] = new string('v', 24_999) + "éé" },
            Metrics = new Dictionary<string, double> { [new string('m', 199) + "éé"] = 1 },
        };
        Pb.Span once = One(first);
        Assert.Equal(new string('k', 199) + "...", Assert.Single(once.Meta).Key);
        Assert.Equal(new string('v', 24_999) + "...", Assert.Single(once.Meta).Value);
        Assert.Equal(once, One(new SampleSpan { Resource = once.Resource, Meta = once.Meta, Metrics = once.Metrics }));
    }

    private static Pb.Span One(SampleSpan span, bool isBigResource = false)
    {
        var rig = new TraceRig(TraceRig.Settings with { KeepsBigResources = isBigResource });
        return rig.SendOne(SampleSpan.V04([span]));
    }
}
