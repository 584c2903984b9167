using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Mayfly.Platforms.Lambda.Triggers.Json;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.Triggers.Json;

/// <summary>Compared with the framework's own document, on the samples and on generated values.</summary>
public class JsonViewTests
{
    private const string Damage = " {}[],:\"\\0-.eatnf";
    private static readonly JsonNames NoNames = new();
    private static readonly JsonNames Members = new("a", "b");

    public static TheoryData<string> Names => [.. SourceEvents.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Samples_read_like_a_document(string name)
    {
        using JsonDocument document = JsonDocument.Parse(SourceEvents.Bytes(name));
        string compact = JsonSerializer.Serialize(document.RootElement);

        Compare(SourceEvents.Bytes(name).AsSpan().TrimEnd((byte)'\n'), document.RootElement);
        using JsonDocument compactDocument = JsonDocument.Parse(compact);
        Compare(Encoding.UTF8.GetBytes(compact), compactDocument.RootElement);
    }

    [Fact]
    public void Generated_values_read_like_a_document()
    {
        Prop.ForAll(Values().ToArbitrary(), static json =>
        {
            byte[] bytes = Encoding.UTF8.GetBytes($$"""{"a" : {{json}} }""");
            using JsonDocument document = JsonDocument.Parse(bytes);
            Assert.True(JsonFields.TryRead(bytes, NoNames, out _));
            Compare(bytes, document.RootElement);
        }).Check(FsCheck.Config.QuickThrowOnFailure.WithMaxTest(500));
    }

    /// <summary>Whatever becomes of a text, both ways of reading it say the same.</summary>
    [Fact]
    public void Embedded_texts_read_like_events()
    {
        Prop.ForAll(Values().ToArbitrary(), Gen.Choose(0, int.MaxValue - 1).ToArbitrary(), static (json, seed) =>
        {
            byte[] bytes = Encoding.UTF8.GetBytes($$"""  {"a" : {{json}} , "b":[{"c":"\n"}] } """);
            var random = new Random(seed);
            if (random.Next(3) > 0)
            {
                bytes[random.Next(bytes.Length)] = (byte)Damage[random.Next(Damage.Length)];
            }

            bool isEvent = JsonFields.TryRead(bytes, Members, out JsonFields expected);
            Assert.Equal(isEvent, JsonFields.TryReadEmbedded(bytes, Members, out JsonFields fields));
            Assert.Equal(expected["a"u8].Raw, fields["a"u8].Raw);
            Assert.Equal(expected["b"u8].Raw, fields["b"u8].Raw);
        }).Check(FsCheck.Config.QuickThrowOnFailure.WithMaxTest(2000));
    }

    [Fact]
    public void Of_members_with_one_name_the_last_counts()
    {
        byte[] json = """{"a":1,"b":2,"\u0061":3}"""u8.ToArray();

        Assert.True(JsonFields.TryRead(json, new JsonNames("a", "c"), out JsonFields fields));
        Assert.Equal("3"u8, fields["a"u8].Raw);
        Assert.False(fields["c"u8].IsPresent);
        Assert.Equal("3"u8, new JsonView(json).Get("a"u8).Raw);
        Assert.Equal("3"u8, new JsonView(json).Fields(new JsonNames("a"))["a"u8].Raw);
    }

    [Fact]
    public void A_name_that_was_not_looked_for_is_the_programs_mistake()
    {
        JsonFields.TryRead("{}"u8, new JsonNames("a"), out JsonFields fields);
        string? message = null;
        try
        {
            _ = fields["b"u8].IsPresent;
        }
        catch (ArgumentException e)
        {
            message = e.Message;
        }

        Assert.Contains("'b'", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("{}x")]
    [InlineData("""{"a":1,}""")]
    [InlineData("""{"a":01}""")]
    [InlineData("""{"a":tru}""")]
    [InlineData("""{'a':1}""")]
    [InlineData("""{"a":"\x"}""")]
    [InlineData("""{"a":"\u12"}""")]
    [InlineData("{\"a\":\"\n\"}")]
    [InlineData("""{"a":1/**/}""")]
    [InlineData("\ufeff{}")]
    public void Only_well_formed_objects_are_read(string json) => Assert.False(JsonFields.TryRead(Encoding.UTF8.GetBytes(json), NoNames, out _));

    [Fact]
    public void What_is_not_there_has_nothing()
    {
        JsonView missing = default;

        Assert.False(missing.IsPresent);
        Assert.Null(missing.Text);
        Assert.Null(missing.ScalarText);
        Assert.Null(missing.IntegerText);
        Assert.False(missing.First.IsPresent);
        Assert.False(missing.Get("a"u8).Get("b"u8).IsPresent);
        Assert.False(missing.Fields(new JsonNames("a"))["a"u8].IsPresent);
        Assert.False(missing.TextIs(""u8));
        Assert.False(missing.Members.MoveNext());
    }

    private static void Compare(ReadOnlySpan<byte> json, JsonElement expected)
    {
        var view = new JsonView(json);
        switch (expected.ValueKind)
        {
            case JsonValueKind.Object:
                Assert.True(view.IsObject);
                JsonElement.ObjectEnumerator members = expected.EnumerateObject();
                foreach (JsonMember member in view.Members)
                {
                    Assert.True(members.MoveNext());
                    string name = members.Current.Name;
                    Assert.True(member.Is(Encoding.UTF8.GetBytes(name)));
                    Assert.Equal(name.ToLowerInvariant(), member.LowerName);
                    Compare(member.Value.Raw, members.Current.Value);
                    Assert.Equal(Encoding.UTF8.GetBytes(expected.GetProperty(name).GetRawText()), view.Get(Encoding.UTF8.GetBytes(name)).Raw);
                }

                Assert.False(members.MoveNext());
                break;
            case JsonValueKind.Array:
                Assert.True(view.IsArray);
                JsonElement.ArrayEnumerator elements = expected.EnumerateArray();
                foreach (JsonMember element in view.Members)
                {
                    Assert.True(elements.MoveNext());
                    Compare(element.Value.Raw, elements.Current);
                }

                Assert.False(elements.MoveNext());
                break;
            case JsonValueKind.String:
                Assert.Equal(expected.GetString(), view.Text);
                Assert.Equal(expected.GetString(), view.ScalarText);
                Assert.True(view.TextIs(Encoding.UTF8.GetBytes(expected.GetString()!)));
                break;
            case JsonValueKind.Number:
                Assert.True(view.IsNumber);
                Assert.Equal(expected.GetRawText(), view.ScalarText);
                Assert.Equal(expected.TryGetInt64(out long number), view.TryGetInt64(out long read));
                Assert.Equal(number, read);
                break;
            case JsonValueKind.Null:
                Assert.True(view.IsNull);
                Assert.True(view.IsPresent);
                break;
            default:
                Assert.Equal(expected.GetRawText(), view.ScalarText);
                Assert.Null(view.Text);
                break;
        }
    }

    /// <summary>JSON values with all kinds of blanks, escapes and nesting.</summary>
    private static Gen<string> Values() => Gen.Sized(static size => ValueOf(Math.Min(size, 4)));

    private static Gen<string> ValueOf(int depth)
    {
        Gen<string> blank = Gen.Elements("", " ", "\n\t", "\r");
        Gen<string> text = Gen.Elements("\"\"", "\"a\"", "\"\\\"\"", "\"\\\\\"", "\"\\u00e4\\ud83d\\ude00\"", "\"{[,:]}\"", "\"ä😀\"", "\"\\n\\/\"");
        Gen<string> scalar = Gen.OneOf(text, Gen.Elements("0", "-1", "1.5e-3", "12345678901234567890", "true", "false", "null"));
        if (depth == 0)
        {
            return scalar;
        }

        Gen<string> inner = ValueOf(depth - 1);
        Gen<string> spaced = from before in blank from value in inner from after in blank select before + value + after;
        Gen<string> array = from values in Gen.ListOf(spaced) select "[" + string.Join(',', values.Take(5)) + "]";
        Gen<string> member = from index in Gen.Choose(0, 999_999) from name in text from value in spaced select $"\"{index}{name[1..]} :{value}";
        Gen<string> obj = from members in Gen.ListOf(member) from after in blank select "{" + after + string.Join(',', members.Take(5)) + "}";
        return Gen.OneOf(scalar, array, obj);
    }
}
