using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Mayfly.Platforms.Lambda.Triggers;
using Mayfly.Platforms.Lambda.Triggers.Json;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.Triggers;

/// <summary>docs/spec/02-triggers.md#7-span-pointers</summary>
public class SpanPointerTests
{
    [Theory]
    [InlineData("some-bucket", "some-key.data", "ab12ef34", "e721375466d4116ab551213fdea08413")]
    [InlineData("some-bucket", "some-key.你好", "ab12ef34", "d1333a04b9928ab462b5c6cadfa401f4")]
    [InlineData("some-bucket", "some-key.data", "ab12ef34-5", "2b90dffc37ebc7bc610152c3dc72af9f")]
    [InlineData("test-bucket", "test/key", "\"0123456789abcdef0123456789abcdef\"", "40df87dbfdf59f32253a2668c23e51b4")]
    [InlineData("orders-bkt", "in/1.csv", "\"ab12\"", "e1b7a6064d156f2d08b84cd68d9a391e")]
    public void Vectors_of_S3(string bucket, string key, string eTag, string hash) =>
        Assert.Equal(new SpanPointer("aws.s3.object", hash), SpanPointer.ToS3Object(bucket, key, eTag));

    [Theory]
    [InlineData("TestTable", """{"id":{"S":"abc123"}}""", "69706c9e1e41a2f0cf8c0650f91cb0c2")]
    [InlineData("TestTable", """{"num_key":{"N":"42"},"bin_key":{"B":"SGVsbG8gV29ybGQ="}}""", "2031d2d69b45adc3d5c27691924ddfcc")]
    [InlineData("Orders", """{"sk":{"N":"7"},"pk":{"S":"o#1"}}""", "a21ccbe5d94cc4937df5fee23d7586e2")]
    public void Vectors_of_DynamoDB(string table, string keys, string hash) => Assert.Equal(new SpanPointer("aws.dynamodb.item", hash), ToItem(table, keys));

    [Theory]
    [InlineData(null, "k", "e")]
    [InlineData("b", "", "e")]
    [InlineData("b", "k", "\"\"")]
    public void Without_a_part_there_is_no_pointer_to_an_object(string? bucket, string? key, string? eTag) =>
        Assert.Null(SpanPointer.ToS3Object(bucket, key, eTag));

    [Theory]
    [InlineData("no key", "{}")]
    [InlineData("three keys", """{"a":{"S":"1"},"b":{"S":"1"},"c":{"S":"1"}}""")]
    [InlineData("other type", """{"a":{"BOOL":true}}""")]
    [InlineData("value is no text", """{"a":{"N":1}}""")]
    [InlineData("no base64", """{"a":{"B":"%"}}""")]
    [InlineData("no object", "null")]
    [InlineData("attribute is no object", """{"a":"S"}""")]
    public void Without_readable_keys_there_is_no_pointer_to_an_item(string row, string keys)
    {
        Assert.NotEmpty(row);
        Assert.Null(ToItem("t", keys));
    }

    [Fact]
    public void Binary_values_count_as_raw_bytes()
    {
        byte[] text = [.. "t|k|"u8, 0xff, 0x00, .. "||"u8];

        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(text))[..32], ToItem("t", """{"k":{"B":"/wA="}}""")!.Hash);
    }

    [Fact]
    public void Keys_are_sorted_by_their_bytes()
    {
        // U+FF5A sorts before U+1F600 in UTF-8, behind it in UTF-16.
        string hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes("t|\uff5a|1|\U0001f600|2")))[..32];

        Assert.Equal(hash, ToItem("t", """{"😀":{"S":"2"},"ｚ":{"S":"1"}}""")!.Hash);
    }

    [Theory]
    [InlineData("ObjectCreated:Put", true)]
    [InlineData("ObjectCreated:CompleteMultipartUpload", true)]
    [InlineData("ObjectRemoved:Delete", false)]
    [InlineData("ObjectRestore:Completed", false)]
    public void Only_what_was_written_is_pointed_to(string eventName, bool isPointed)
    {
        JsonNode json = SourceEvents.Node("s3");
        json["Records"]![0]!["eventName"] = eventName;

        Assert.Equal(isPointed ? 1 : 0, SourceEvents.Read(json).Pointers.Count);
    }

    [Theory]
    [InlineData("INSERT", true)]
    [InlineData("MODIFY", true)]
    [InlineData("REMOVE", true)]
    [InlineData("insert", false)]
    [InlineData("OTHER", false)]
    public void Only_changes_of_items_are_pointed_to(string eventName, bool isPointed)
    {
        JsonNode json = SourceEvents.Node("dynamodb");
        json["Records"]![0]!["eventName"] = eventName;

        Assert.Equal(isPointed ? 1 : 0, SourceEvents.Read(json).Pointers.Count);
    }

    [Theory]
    [InlineData("s3")]
    [InlineData("dynamodb")]
    public void All_records_count_up_to_a_limit(string name)
    {
        JsonNode json = SourceEvents.Node(name);
        JsonArray records = json["Records"]!.AsArray();
        while (records.Count < 130)
        {
            records.Add(records[0]!.DeepClone());
        }

        Trigger trigger = SourceEvents.Read(json);

        Assert.Equal(Batch.RecordLimit, trigger.Pointers.Count);
        Assert.Equal(2, trigger.SkippedRecords);
        Assert.Empty(SourceEvents.Read(json, SourceEvents.Settings with { AddsSpanPointers = false }).Pointers);
    }

    [Fact]
    public void The_local_root_gets_the_links()
    {
        FinishedSpan span = SourceEvents.Complete(SourceEvents.ReadFile("s3"))[0];

        Assert.True(JsonNode.DeepEquals(
            JsonNode.Parse(
                """
                [{"trace_id":0,"trace_id_high":0,"span_id":0,
                  "attributes":{"link.kind":"span-pointer","ptr.dir":"u","ptr.hash":"e1b7a6064d156f2d08b84cd68d9a391e","ptr.kind":"aws.s3.object"},
                  "tracestate":"","flags":0}]
                """),
            JsonNode.Parse(span.Meta.Tag("_dd.span_links")!)));
    }

    [Theory]
    [InlineData(null, "")]
    [InlineData("[]", "")]
    [InlineData(" [ ] ", "")]
    [InlineData("""[{"trace_id":"0a","span_id":"0b"}]""", """{"trace_id":"0a","span_id":"0b"},""")]
    [InlineData("""[1,"ä]"]""", """1,"ä]",""")]
    [InlineData("not JSON", "")]
    [InlineData("[", "")]
    [InlineData("[1]]", "")]
    [InlineData("""{"a":1}""", "")]
    public void Existing_links_stay_as_they_are(string? existing, string kept)
    {
        string one = SpanPointerLinks.Append(null, [new SpanPointer("aws.s3.object", "00")]);

        Assert.Equal($"[{kept}{one[1..]}", SpanPointerLinks.Append(existing, [new SpanPointer("aws.s3.object", "00")]));
        Assert.Equal(CountOf(existing) + 2, JsonNode.Parse(SpanPointerLinks.Append(existing, [new("a", "b"), new("c", "d")]))!.AsArray().Count);
    }

    /// <summary>Number of elements; 0 for what is no array.</summary>
    private static int CountOf(string? json)
    {
        try
        {
            return json is not null && JsonNode.Parse(json) is JsonArray array ? array.Count : 0;
        }
        catch (System.Text.Json.JsonException)
        {
            return 0;
        }
    }

    private static SpanPointer? ToItem(string table, string keys) => SpanPointer.ToDynamoDbItem(table, new JsonView(Encoding.UTF8.GetBytes(keys)));
}
