using System.Text;
using Google.Protobuf;
using Mayfly.Traces;
using Mayfly.Wire;
using Xunit;

namespace Mayfly.Tests.Traces;

/// <summary>A map that shares entries is, for whoever looks, one that had them set.</summary>
public sealed class SpanMapTests
{
    private static readonly string[] Keys = ["", "a", "b", "env", "region", "function_arn", "resource", "memorysize", "account_id", "same-mark"];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Shared_entries_are_as_if_they_were_set(int seed)
    {
        var random = new Random(seed);
        for (int round = 0; round < 5_000; round++)
        {
            var expected = new Dictionary<string, string>();
            var map = new SpanMap<Utf8Slice>();
            for (int i = random.Next(6); i > 0; i--)
            {
                Set(map, expected, random);
            }

            Dictionary<string, string> shared = Keys.Where(_ => random.Next(2) == 0).ToDictionary(static key => key, _ => $"shared {random.Next(100)}");
            map.Share(Share(shared));
            foreach ((string key, string value) in shared)
            {
                expected[key] = value;
            }

            for (int step = random.Next(6); step > 0; step--)
            {
                switch (random.Next(3))
                {
                    case 0:
                        Set(map, expected, random);
                        break;
                    case 1:
                        string gone = Keys[random.Next(Keys.Length)];
                        map.Remove(Encoding.UTF8.GetBytes(gone));
                        expected.Remove(gone);
                        break;
                    default:
                        Check(expected, map);
                        break;
                }
            }

            Assert.Equal(expected.Count, map.Count);
            Assert.Equal(expected.OrderBy(static e => e.Key), Written(map).OrderBy(static e => e.Key));
            Check(expected, map);
            Assert.Equal(expected.Count, map.Entries.Length);
            Check(expected, map);
            map.Clear();
            Assert.Equal(0, map.Count);
            Assert.False(map.Contains("env"u8));
        }
    }

    [Fact]
    public void What_was_added_since_stays_the_last_of_its_key()
    {
        var map = new SpanMap<Utf8Slice>();
        map.Share(Share(new Dictionary<string, string> { ["env"] = "shared", ["a"] = "shared" }));
        map.Add(Utf8Slice.From("env"), Utf8Slice.From("own"));
        Assert.True(map.TryFind("env"u8, out Utf8Slice before));
        Assert.Equal(2, map.Entries.Length);
        Assert.True(map.TryFind("env"u8, out Utf8Slice after));
        Assert.Equal(("own", "own"), (before.ToString(), after.ToString()));
    }

    private static void Set(SpanMap<Utf8Slice> map, Dictionary<string, string> expected, Random random)
    {
        string key = Keys[random.Next(Keys.Length)];
        string value = $"own {random.Next(100)}";
        map.Set(Utf8Slice.From(key), Utf8Slice.From(value));
        expected[key] = value;
    }

    private static SharedEntries<Utf8Slice> Share(Dictionary<string, string> entries)
    {
        SpanMapEntry<Utf8Slice>[] slices =
            [.. entries.Select(static entry => new SpanMapEntry<Utf8Slice>(Utf8Slice.From(entry.Key), Utf8Slice.From(entry.Value)))];
        return new SharedEntries<Utf8Slice>(slices, SpanWriter.EncodeMeta(slices));
    }

    private static void Check(Dictionary<string, string> expected, SpanMap<Utf8Slice> map)
    {
        foreach (string key in Keys)
        {
            bool isThere = map.TryFind(Encoding.UTF8.GetBytes(key), out Utf8Slice value);
            Assert.Equal(expected.ContainsKey(key), isThere);
            Assert.Equal(expected.GetValueOrDefault(key, ""), value.ToString());
        }
    }

    /// <summary>What a span with this map says to an independent decoder.</summary>
    private static Dictionary<string, string> Written(SpanMap<Utf8Slice> map)
    {
        var span = new Span();
        foreach (ref readonly SpanMapEntry<Utf8Slice> entry in map.OwnEntries)
        {
            span.Meta.Add(entry.Key, entry.Value);
        }

        if (map.Shared is { } shared)
        {
            span.Meta.Share(shared);
        }

        using PooledBuffer buffer = PooledBuffer.Rent();
        SpanWriter.Write(new ProtobufWriter(buffer), 1, span);
        var outer = new CodedInputStream(buffer.WrittenSpan.ToArray());
        outer.ReadTag();
        var message = new CodedInputStream(outer.ReadBytes().ToByteArray());
        var written = new Dictionary<string, string>();
        while (message.ReadTag() is var tag and not 0)
        {
            Assert.Equal(WireFormat.MakeTag(10, WireFormat.WireType.LengthDelimited), tag);
            var entry = new CodedInputStream(message.ReadBytes().ToByteArray());
            entry.ReadTag();
            string key = entry.ReadString();
            entry.ReadTag();
            written.Add(key, entry.ReadString());
        }

        return written;
    }
}
