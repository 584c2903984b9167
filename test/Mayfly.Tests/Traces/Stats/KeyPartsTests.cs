using System.Text;
using Mayfly.Config;
using Mayfly.Tags;
using Mayfly.Testing;
using Mayfly.Traces;
using Mayfly.Traces.Stats;
using Mayfly.Wire;
using Xunit;

namespace Mayfly.Tests.Traces.Stats;

/// <summary>The parts of a key that are read out of texts: docs/spec/03-traces.md#42-eligibility-key-buckets.</summary>
public class KeyPartsTests
{
    /// <summary>A platform's tags are not in each span, and count as if they were.</summary>
    [Theory]
    [InlineData("http.method", "PATCH")]
    [InlineData("region", "")]
    public void Tags_of_the_platform_are_part_of_the_key(string tag, string method)
    {
        using var rig = new StatsRig();
        rig.Pipeline.Tags = new PlatformTags(TagSet.From([new("functionname", "f"), new(tag, "PATCH")]), "lambda");
        Assert.Equal(method, rig.GroupOf(new SampleSpan()).HttpMethod);
    }

    [Theory]
    [InlineData("192.168.1.1:1234,10.23.1.1:53,10.23.1.1,fe80::1ff:fe23:4567:890a,foo.dog", "blocked-ip-address:1234,blocked-ip-address:53,blocked-ip-address,foo.dog")]
    [InlineData("http://172.24.160.151:8091,172.24.163.33:8091,172.24.164.111:8091", "http://blocked-ip-address:8091,blocked-ip-address:8091")]
    [InlineData("ip-10-152-4-129.ec2.internal", "ip-blocked-ip-address.ec2.internal")]
    [InlineData("192-168-1-1-foo", "blocked-ip-address-foo")]
    [InlineData("1-2-3-999", "1-2-3-999")]
    [InlineData("7-55-2-app.agent.x", "7-55-2-app.agent.x")]
    [InlineData("[fe80::1ff:fe23:4567:890a]:8080", "blocked-ip-address:8080")]
    [InlineData("169.254.169.254", "169.254.169.254")]
    [InlineData("127.0.0.1", "127.0.0.1")]
    [InlineData("::1", "::1")]
    [InlineData("fd00:ec2::254", "fd00:ec2::254")]
    [InlineData("169.254.170.2", "169.254.170.2")]
    [InlineData("127.0.0.1:53", "127.0.0.1:53")]
    [InlineData("http://127.0.0.1:53", "http://127.0.0.1:53")]
    [InlineData("", "")]
    [InlineData("orders", "orders")]
    [InlineData("a,b,a", "a,b")]
    [InlineData("a1,b,a1", "a1,b")]
    [InlineData(",", "")]
    [InlineData("a,,1,,", "a,,1")]
    [InlineData("192.168.1.1.2.3.4.5", "blocked-ip-address.2.3.4.5")]
    [InlineData("192_168_1_1", "blocked-ip-address")]
    [InlineData("192-168.1.1", "192-168.1.1")] // one separator throughout
    [InlineData("192.168.01.1", "192.168.01.1")] // no leading zeros
    [InlineData("0.0.0.0", "blocked-ip-address")]
    [InlineData("1.2.3", "1.2.3")]
    [InlineData("1.2.3.", "1.2.3.")]
    [InlineData("1..2.3.4", "1..2.3.4")]
    [InlineData("256.1.1.1", "256.1.1.1")]
    [InlineData("99999999999.1.1.1", "99999999999.1.1.1")]
    [InlineData("12345", "12345")]
    [InlineData("dnspoll:///10.21.120.145:6400", "dnspoll:///blocked-ip-address:6400")]
    [InlineData("ftp://10.1.2.3/x", "ftp://blocked-ip-address/x")]
    [InlineData("file:///10.1.2.3", "file:///blocked-ip-address")]
    [InlineData("https://10.1.2.3", "https://blocked-ip-address")]
    [InlineData("amqp://10.1.2.3", "amqp://10.1.2.3")]
    [InlineData("2001:db8:3333:4444:CCCC:DDDD:EEEE:FFFF", "blocked-ip-address")]
    [InlineData("2001:db8:3c4d:15::1a2f:1a2b", "blocked-ip-address")]
    [InlineData("fe80::1ff:fe23:4567:890a%eth0", "fe80::1ff:fe23:4567:890a%eth0")]
    [InlineData("[fe80::1", "[fe80::1")]
    [InlineData("[orders:1]", "[orders:1]")]
    [InlineData("::ffff:10.0.0.1", "blocked-ip-address")]
    [InlineData("host:8080", "host:8080")]
    [InlineData("dead:beef", "dead:beef")]
    public void IP_quantization(string value, string expected)
    {
        using PooledBuffer buffer = PooledBuffer.Rent();
        buffer.Write("before,"u8);
        IpQuantizer.Append(buffer, Encoding.UTF8.GetBytes(value));
        Assert.Equal("before," + expected, Encoding.UTF8.GetString(buffer.WrittenSpan));
    }

    [Theory]
    [InlineData("::", true)]
    [InlineData("1::", true)]
    [InlineData("1:2:3:4:5:6:7::", true)]
    [InlineData("1:2:3:4:5:6:7:8", true)]
    [InlineData("1:2:3:4:5:6:1.2.3.4", true)]
    [InlineData("::1.2.3.4", true)]
    [InlineData("1:2:3:4:5:6:7", false)]
    [InlineData("1:2:3:4:5:6:7:8:9", false)]
    [InlineData("1:2:3:4:5:6:7:8::", false)]
    [InlineData("1::2::3", false)]
    [InlineData(":1:2:3:4:5:6:7", false)]
    [InlineData("1:2:3:4:5:6:7:", false)]
    [InlineData("12345::", false)]
    [InlineData("1:2:3:4:5:6:7:1.2.3.4", false)]
    [InlineData("::1.2.3", false)]
    [InlineData("1.2.3.4", false)]
    [InlineData("g::", false)]
    [InlineData("", false)]
    public void IPv6_texts(string text, bool isAddress) => Assert.Equal(isAddress, IpAddressText.IsVersion6(Encoding.UTF8.GetBytes(text)));

    /// <summary>.NET's own parser is another judge; what it takes beyond plain addresses (zones, brackets, ports) has other characters.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Property_IPv6_agrees_with_the_platform(int seed)
    {
        var random = new Random(seed);
        string[] parts = [":", "::", "1", "ab", "0", "ffff", "12345", "1.2.3.4", "g", "."];
        for (int i = 0; i < 20_000; i++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(1, 18)).Select(_ => parts[random.Next(parts.Length)]));
            bool expected = text.Contains(':', StringComparison.Ordinal) && System.Net.IPAddress.TryParse(text, out _);
            Assert.True(expected == IpAddressText.IsVersion6(Encoding.UTF8.GetBytes(text)), text);
        }
    }

    [Theory]
    [InlineData("OK", 0)]
    [InlineData("CANCELLED", 1)]
    [InlineData("CANCELED", 1)]
    [InlineData("UNKNOWN", 2)]
    [InlineData("INVALID_ARGUMENT", 3)]
    [InlineData("DEADLINE_EXCEEDED", 4)]
    [InlineData("NOT_FOUND", 5)]
    [InlineData("ALREADY_EXISTS", 6)]
    [InlineData("PERMISSION_DENIED", 7)]
    [InlineData("RESOURCE_EXHAUSTED", 8)]
    [InlineData("FAILED_PRECONDITION", 9)]
    [InlineData("ABORTED", 10)]
    [InlineData("OUT_OF_RANGE", 11)]
    [InlineData("UNIMPLEMENTED", 12)]
    [InlineData("INTERNAL", 13)]
    [InlineData("UNAVAILABLE", 14)]
    [InlineData("DATA_LOSS", 15)]
    [InlineData("UNAUTHENTICATED", 16)]
    [InlineData("StatusCode.NOT_FOUND", 5)]
    [InlineData("StatusCode.NotFound", 5)]
    [InlineData("notfound", 5)]
    [InlineData("DeadlineExceeded", 4)]
    [InlineData("0", 0)]
    [InlineData("14", 14)]
    [InlineData("255", 255)]
    [InlineData("256", GrpcStatus.None)]
    [InlineData("-1", GrpcStatus.None)]
    [InlineData("1.0", GrpcStatus.None)]
    [InlineData("", GrpcStatus.None)]
    [InlineData("NO SUCH STATUS", GrpcStatus.None)]
    [InlineData("ñ", GrpcStatus.None)]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", GrpcStatus.None)]
    public void GRPC_status_texts(string text, int code) => Assert.Equal(code, GrpcStatus.Parse(Encoding.UTF8.GetBytes(text)));

    /// <summary>DD_APM_PEER_TAGS adds to the usual ones, DD_APM_PEER_TAGS_AGGREGATION takes all away.</summary>
    [Fact]
    public void Peer_tags_of_the_user()
    {
        Assert.Equal(44, StatsSettings.DefaultPeerTags.Count);
        Assert.Equal(StatsSettings.DefaultPeerTags.Order(StringComparer.Ordinal), StatsSettings.DefaultPeerTags);
        Assert.Equal(StatsSettings.DefaultPeerTags, StatsSettings.PeerTagsOf(new StatsKeySettings()));
        Assert.Empty(StatsSettings.PeerTagsOf(new StatsKeySettings { MorePeerTags = ["a"], UsesPeerTags = false }));
        IReadOnlyList<string> more = StatsSettings.PeerTagsOf(new StatsKeySettings { MorePeerTags = ["zone", "db.name", "a", "a"] });
        Assert.Equal(46, more.Count);
        Assert.Equal(("_dd.base_service", "a", "zone"), (more[0], more[1], more[^1]));
    }

    [Fact]
    public void The_selector_finds_every_key_and_no_other()
    {
        string[] keys = [.. StatsSettings.DefaultPeerTags, "span.kind", "http.status_code", "a"];
        var selector = new TagSelector(keys);
        SpanMapEntry<Utf8Slice>[] tags =
        [
            .. keys.Reverse().SelectMany(static key => new[] { key, key + "x", "x" + key, "" })
                .Select(static key => new SpanMapEntry<Utf8Slice>(Utf8Slice.From(key), Utf8Slice.From("value of " + key))),
        ];
        int[] found = new int[selector.Count];
        selector.Select(tags, found);
        Assert.Equal(keys.Select(static key => "value of " + key), found.Select(position => tags[position - 1].Value.ToString()));

        int[] nothing = new int[selector.Count];
        selector.Select([new SpanMapEntry<Utf8Slice>(Utf8Slice.From("db.nam"), default), new SpanMapEntry<Utf8Slice>(default, default)], nothing);
        Assert.All(nothing, static position => Assert.Equal(0, position));
    }
}
