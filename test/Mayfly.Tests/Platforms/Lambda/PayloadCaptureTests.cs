using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using Mayfly.Platforms.Lambda;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda;

/// <summary>docs/spec/01-lambda-lifecycle.md#49-payload-capture and TV17.</summary>
public class PayloadCaptureTests
{
    private const string X4096 = "<4096 x>";

    /// <summary>Row, depth, payload, one <c>key=value</c> per line.</summary>
    public static TheoryData<string, int, string, string> Rows => new()
    {
        {
            "TV17, D = 2", 2, """{"hello":"world","empty":null,"l1":{"obj":{"l3":3},"ok":true,"e":{}},"arr":[{"a":"b"}]}""", """
            p.hello=world
            p.empty=null
            p.l1.obj={"l3":3}
            p.l1.ok=true
            p.l1.e={}
            p.arr.0={"a":"b"}
            """
        },
        { "TV17, D = 10, redaction", 10, """{"headers":{"authorization":"x"}}""", "p.headers.authorization=redacted" },
        { "TV17, D = 10, text of JSON", 10, """{"b":"{\"k\":1}"}""", "p.b.k=1" },

        // The table, row by row.
        { "null at the limit", 0, "null", "p=null" },
        { "null before the limit", 10, "null", "p=null" },
        { "at the limit: compact", 1, """{ "a" : { "b" : [ 1 , "\u00e9\/\n" , { } , [ ] , null , 1.50 ] } }""", "p.a={\"b\":[1,\"é/\\n\",{},[],null,1.50]}" },
        { "at the limit: the whole", 0, """ { "a" : "x" } """, "p={\"a\":\"x\"}" },
        { "at the limit: a text is JSON too", 1, """{"a":"x","b":"{\"c\":1}"}""", "p.a=\"x\"\np.b=\"{\\\"c\\\":1}\"" },
        { "at the limit: cut", 1, """{"a":[<5000 x>]}""", "p.a=[\"<4094 x>" },
        { "text of JSON: number", 10, """{"a":"1","b":" -1.5e3 ","c":"01"}""", "p.a=1\np.b=-1.5e3\np.c=01" },
        { "text of JSON: words", 10, """{"a":"true","b":"null","c":"nul","d":"True"}""", "p.a=true\np.b=null\np.c=nul\np.d=True" },
        { "text of JSON: text", 10, """{"a":"\"x\"","b":"\"\\\"y\\\"\""}""", "p.a=x\np.b=y" },
        { "text of JSON: containers", 10, """{"a":"{}","b":"[]","c":"[1,{\"d\":\"[2]\"}]"}""", "p.b=[]\np.c.0=1\np.c.1.d.0=2" },
        { "text of JSON counts one level", 2, """{"a":"{\"b\":1}","c":"1"}""", "p.a={\"b\":1}\np.c=1" },
        { "text of JSON, escaped blanks and brackets", 10, """{"a":"\n[\u0031]\t","b":"\u005b2\u005d"}""", "p.a.0=1\np.b.0=2" },
        { "text of JSON with an escape for a name", 10, """{"a":"{\"\\u0062\":1}"}""", "p.a.b=1" },
        { "text that is almost JSON", 10, """{"a":"{x}","b":"[1","c":"{\"d\":1} x","e":"1 2","f":"-"}""", "p.a={x}\np.b=[1\np.c={\"d\":1} x\np.e=1 2\np.f=-" },
        { "text: empty, blank", 10, """{"a":"","b":" "}""", "p.a=\np.b= " },
        { "text: cut", 10, """{"a":<5000 x>}""", $"p.a={X4096}" },
        { "text: escapes", 10, """{"a":"\u00e9\"\\\ud83d\ude00"}""", "p.a=é\"\\😀" },
        { "text: lone surrogate", 10, """{"a":"\ud800!"}""", "p.a=\uFFFD!" },
        { "number as it is", 10, """{"a":1.50,"b":12345678901234567890,"c":-0,"d":1E5}""", "p.a=1.50\np.b=12345678901234567890\np.c=-0\np.d=1E5" },
        { "bool", 10, """[true,false]""", "p.0=true\np.1=false" },
        { "empty object", 10, """{"a":{}}""", "" },
        { "empty object is the whole", 10, "{}", "" },
        { "empty array", 10, """{"a":[]}""", "p.a=[]" },
        { "array of arrays", 10, "[[1,[2]],[]]", "p.0.0=1\np.0.1.0=2\np.1=[]" },
        { "scalars as the whole", 10, "\"x\"", "p=x" },
        { "escaped names", 10, """{"\u0061.\"b":{"":1}}""", "p.a.\"b.=1" },
        { "repeated member: both, the last one wins where tags are set", 10, """{"a":1,"a":2}""", "p.a=1\np.a=2" },

        // Redaction.
        {
            "every name", 10, """{"password":"x","passwd":"x","pwd":"x","secret":"x","token":"x","authorization":"x","x-authorization":"x","api_key":"x"}""",
            "p.password=redacted\np.passwd=redacted\np.pwd=redacted\np.secret=redacted\np.token=redacted\n" +
            "p.authorization=redacted\np.x-authorization=redacted\np.api_key=redacted"
        },
        { "other names", 10, """{"passwords":"x","api-key":"x","tokens":"x","my_secret":"x"}""", "p.passwords=x\np.api-key=x\np.tokens=x\np.my_secret=x" },
        { "Mayfly: any case", 10, """{"Authorization":"x","API_Key":"x"}""", "p.Authorization=redacted\np.API_Key=redacted" },
        {
            "Mayfly: any scalar", 10, """{"password":1,"pwd":true,"secret":null,"token":""}""",
            "p.password=redacted\np.pwd=redacted\np.secret=null\np.token=redacted"
        },
        { "last part behind a dot", 10, """{"db.password":"x","password.db":"x"}""", "p.db.password=redacted\np.password.db=x" },
        { "escaped name", 10, """{"p\u0061ssword":"x"}""", "p.password=redacted" },
        {
            "multi-value headers", 10, """{"multiValueHeaders":{"Authorization":["Bearer x","y"],"a":["z"]}}""",
            "p.multiValueHeaders.Authorization.0=redacted\np.multiValueHeaders.Authorization.1=redacted\np.multiValueHeaders.a.0=z"
        },
        {
            "everything below", 10, """{"secret":{"name":"x","n":1,"o":{"p":["q"]}},"after":"y"}""",
            "p.secret.name=redacted\np.secret.n=redacted\np.secret.o.p.0=redacted\np.after=y"
        },
        { "in a text of JSON", 10, """{"body":"{\"user\":\"u\",\"password\":\"x\"}"}""", "p.body.user=u\np.body.password=redacted" },
        { "text of JSON is the secret", 10, """{"token":"{\"a\":\"x\"}","pwd":"123"}""", "p.token.a=redacted\np.pwd=redacted" },
        { "Mayfly: scalar at the limit", 1, """{"password":"x","pwd":5,"token":null}""", "p.password=redacted\np.pwd=redacted\np.token=null" },
        {
            "Mayfly: inside of compact JSON", 1, """{"a":{"Password":"x","n":{"pwd":5,"token":null,"b":"c"}}}""",
            """p.a={"Password":"redacted","n":{"pwd":"redacted","token":null,"b":"c"}}"""
        },
        {
            "compact JSON below a secret", 1, """{"secret":{"a":["x",{"b":1}],"c":null},"d":["y"]}""",
            "p.secret={\"a\":[\"redacted\",{\"b\":\"redacted\"}],\"c\":null}\np.d=[\"y\"]"
        },
        {
            "a secret object inside of compact JSON ends with it", 1, """{"a":{"secret":{"x":[1,[2]]},"y":3,"token":[],"z":4}}""",
            """p.a={"secret":{"x":["redacted",["redacted"]]},"y":3,"token":[],"z":4}"""
        },
        {
            "text of JSON inside of compact JSON", 1, """{"a":{"body":"{\"pwd\": \"x\", \"b\": [\"\\\"y\\\"\"]}","plain":"{\"b\": 1}"}}""",
            """p.a={"body":"{\"pwd\":\"redacted\",\"b\":[\"\\\"y\\\"\"]}","plain":"{\"b\": 1}"}"""
        },
        { "text of JSON at the limit", 1, """{"body":"{\"pwd\":\"x\"}"}""", """p.body="{\"pwd\":\"redacted\"}" """.TrimEnd() },

        // Headers that carry credentials, and secrets inside of values (04, C.14).
        {
            "Mayfly: headers", 10, """{"headers":{"X-Api-Key":"x","cookie":"x","X-Amz-Security-Token":"x","x-forwarded-for":"y"},"cookies":["x"]}""",
            "p.headers.X-Api-Key=redacted\np.headers.cookie=redacted\np.headers.X-Amz-Security-Token=redacted\np.headers.x-forwarded-for=y\np.cookies.0=redacted"
        },
        { "Mayfly: secrets in a form", 10, """{"body":"user=u&password=x%20y&z=1"}""", "p.body=user=u&password=********&z=1" },
        { "Mayfly: secrets in texts", 10, """{"url":"https://u:p@host\u002fx","auth":"Bearer abc"}""", "p.url=https://u:********@host/x\np.auth=Bearer ********" },
        { "Mayfly: secrets in compact JSON", 1, """{"a":{"url":"https://u:p@host\u002fx","n":1}}""", """p.a={"url":"https://u:********@host/x","n":1}""" },

        // No payload.
        { "not JSON", 10, "not json", "" },
        { "empty", 10, "", "" },
        { "cut off", 10, """{"a":1,"b":""", "" },
        { "two values", 10, "{\"a\":1} {}", "" },
        { "trailing comma", 10, """{"a":1,}""", "" },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public void A_payload_gives_tags(string row, int depth, string payload, string expected)
    {
        CapturedPayload captured = Read(payload.Replace("<5000 x>", $"\"{new string('x', 5_000)}\""), depth);
        expected = expected.Replace(X4096, new string('x', 4_096)).Replace("<4094 x>", new string('x', 4_094)).ReplaceLineEndings("\n");
        Assert.Equal((row, expected, 0), (row, string.Join('\n', captured.Tags.Select(static tag => $"{tag.Key}={tag.Value}")), captured.Omitted));
    }

    [Theory]
    [InlineData("é")]
    [InlineData("😀")]
    [InlineData("\\ud83d\\ude00")]
    public void A_cut_falls_between_characters(string character)
    {
        string payload = $"[\"{string.Concat(Enumerable.Repeat(character, 5_000))}\"]";
        string value = Assert.Single(Read(payload, 10).Tags).Value;
        Assert.Equal((4_096, false), (value.EnumerateRunes().Count(), value.Contains('\uFFFD')));
        value = Assert.Single(Read(payload, 0).Tags).Value;
        Assert.Equal((4_096, false), (value.EnumerateRunes().Count(), value.Contains('\uFFFD')));
    }

    [Fact]
    public void Tags_are_bounded_in_number()
    {
        CapturedPayload captured = Read($"[{string.Join(',', Enumerable.Range(0, 100_000))}]", 10);
        Assert.Equal((PayloadCapture.MaxTags, 100_000 - PayloadCapture.MaxTags), (captured.Tags.Count, captured.Omitted));
        Assert.Equal("1023", captured.Tags[^1].Value);
    }

    [Fact]
    public void Tags_are_bounded_in_bytes()
    {
        string text = new('x', 4_000);
        CapturedPayload captured = Read($"[{string.Join(',', Enumerable.Repeat($"\"{text}\"", 500))},1]", 10);
        Assert.InRange(captured.Tags.Sum(static tag => tag.Key.Length + tag.Value.Length), PayloadCapture.MaxBytes - 4_010, PayloadCapture.MaxBytes);
        Assert.Equal(501, captured.Tags.Count + captured.Omitted);
        Assert.Equal("p.500", captured.Tags[^1].Key);

        string name = new('n', 1_000_000);
        captured = Read($$"""{"{{name}}":[1,2,3],"a":4}""", 10);
        Assert.Equal(("p.a", 3), (Assert.Single(captured.Tags).Key, captured.Omitted));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(10)]
    [InlineData(int.MaxValue)]
    public void A_payload_of_six_megabytes_costs_milliseconds(int depth)
    {
        const int Size = 6 * 1024 * 1024;
        string[] payloads =
        [
            $"{{\"a\":\"{new string('x', Size)}\"}}",
            $"{{\"a\":\"{{{new string('x', Size)}}}\"}}",
            $"[{string.Concat(Enumerable.Repeat("\"{\\\"}\",", Size / 9))}1]",
            $"[[{string.Concat(Enumerable.Repeat("\"{\\\"}\",", Size / 9))}1]]",
            $"[{string.Concat(Enumerable.Repeat("\"{}\",", Size / 5))}1]",
            $"[{string.Concat(Enumerable.Repeat("[[[{\"a\":1}]]],", Size / 14))}1]",
            $"{{{string.Concat(Enumerable.Range(0, Size / 16).Select(static i => $"\"k{i}\":\"v{i}\","))}\"z\":1}}",
            $"{{\"body\":\"{{\\\"a\\\":\\\"{new string('x', Size)}\\\",\\\"pwd\\\":1}}\"}}",
            new string('[', Size),
            "{\"a\":" + new string('[', 10_000) + new string(']', 10_000) + "}",
        ];
        foreach (string payload in payloads)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(payload);
            Timing.AssertBestUnder(TimeSpan.FromSeconds(1), () => PayloadCapture.Read(bytes, "p", depth), payload[..20]);
        }
    }

    [Fact]
    public void Texts_in_texts_end_at_the_depth_limit()
    {
        string payload = "1";
        for (int level = 0; level < 14; level++)
        {
            payload = JsonSerializer.Serialize(payload);
        }

        Assert.Equal("p=1", Assert.Single(Read(payload, 20).Tags.Select(static tag => $"{tag.Key}={tag.Value}")));
        Assert.StartsWith("\"", Assert.Single(Read(payload, 5).Tags).Value);
    }

    [Fact]
    public void A_payload_cut_anywhere_or_changed_never_throws()
    {
        const int Seed = 20260304;
        const string Whole = """{"a":{"pwd":"x","b":["\u00e9","{\"token\":\"y\"}",-1.5e3,{}]},"c":null,"d":"\"\\\"z\\\"\"","e":[[]]}""";
        byte[] bytes = Encoding.UTF8.GetBytes(Whole);
        for (int length = 0; length < bytes.Length; length++)
        {
            Assert.Empty(PayloadCapture.Read(bytes.AsSpan(0, length), "p", 2).Tags);
        }

        var random = new Random(Seed);
        byte[] structural = [.. "\"\\{}[],:0 u\xff"u8];
        for (int round = 0; round < 10_000; round++)
        {
            byte[] changed = [.. bytes];
            for (int change = random.Next(1, 4); change > 0; change--)
            {
                changed[random.Next(changed.Length)] = structural[random.Next(structural.Length)];
            }

            // Every outcome but an exception is fine.
            PayloadCapture.Read(changed, "p", random.Next(0, 5));
        }
    }

    /// <summary>What stands at the limit is the value itself, by another parser.</summary>
    [Fact]
    public void Compact_JSON_is_the_same_value()
    {
        Gen<string> text = ArbMap.Default.GeneratorFor<NonNull<string>>()
            // Without what makes a text look like a secret (user:secret@host, password=…), which is not to stay as it is.
            .Select(static s => string.Concat(s.Get.EnumerateRunes().Select(static rune => rune.Value is ':' or '@' or '=' ? "_" : rune.ToString())));
        Gen<JsonNode?> scalar = Gen.OneOf(
            text.Select(static s => (JsonNode?)JsonValue.Create(s)),
            ArbMap.Default.GeneratorFor<int>().Select(static i => (JsonNode?)JsonValue.Create(i)),
            Gen.Elements<JsonNode?>(null, JsonValue.Create(true)));
        Gen<JsonNode?> array = scalar.ListOf().Select(static items => (JsonNode?)new JsonArray([.. items.Select(static item => item?.DeepClone())]));
        Gen<JsonNode?> node = Gen.OneOf(array, scalar).ListOf().Zip(text.ListOf()).Select(static pair =>
        {
            var members = new JsonObject();
            foreach ((JsonNode? value, string name) in pair.Item1.Zip(pair.Item2))
            {
                members[name] = value?.DeepClone();
            }

            return (JsonNode?)members;
        });
        Prop.ForAll(node.ToArbitrary(), value =>
        {
            string json = value!.ToJsonString(new JsonSerializerOptions { WriteIndented = true });
            string captured = Assert.Single(Read(json, 0).Tags).Value;
            return captured.Length >= 4_096 || JsonNode.DeepEquals(value, JsonNode.Parse(captured));
        }).Check(FsCheck.Config.QuickThrowOnFailure.WithMaxTest(300));
    }

    private static CapturedPayload Read(string payload, int depth) => PayloadCapture.Read(Encoding.UTF8.GetBytes(payload), "p", depth);
}
