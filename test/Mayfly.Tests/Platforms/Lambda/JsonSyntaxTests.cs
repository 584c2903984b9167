using System.Text;
using System.Text.Json;
using Mayfly.Platforms.Lambda;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda;

/// <summary>What is accepted must be what the framework's reader accepts: reading it must never throw.</summary>
public class JsonSyntaxTests
{
    private const string Whole = """ { "a" : [ 1 , -0.5e+10 , 1E-2, "x\u00e9\"\\\/\b\f\n\r\t" , true , false , null , [ ] , { } , [[{"b":{}}]] ] , "" : 0 } """;

    public static TheoryData<string, bool> Rows => new()
    {
        { Whole, true },
        { "{}", true }, { "[]", true }, { "\"\"", true }, { "0", true }, { "-0", true }, { "true", true },
        { "false", true }, { "null", true }, { " \t\r\n1 ", true },
        { "", false }, { " ", false }, { "{", false }, { "[", false }, { "}", false }, { "]", false },
        { "{]", false }, { "[}", false }, { ",", false }, { ":", false },
        { "{} {}", false }, { "1 2", false }, { "[1 2]", false }, { "[1,]", false }, { "[,1]", false }, { "[1,,2]", false },
        { "{\"a\"}", false }, { "{\"a\":}", false }, { "{\"a\":1,}", false }, { "{a:1}", false },
        { "{1:1}", false }, { "{\"a\":1 \"b\":2}", false }, { "{\"a\" 1}", false }, { "{,}", false },
        { "[\"a\":1]", false }, { "\"", false }, { "\"\\\"", false }, { "\"\\x\"", false },
        { "\"\\u12\"", false }, { "\"\\u12g4\"", false }, { "\"\\ud800\"", true }, { "\"\n\"", false },
        { "\"\u0000\"", false }, { "\"\u007f\"", true }, { "'a'", false }, { "tru", false },
        { "truee", false }, { "TRUE", false }, { "nul", false }, { "NaN", false },
        { "01", false }, { "-01", false }, { "00", false }, { "-", false }, { "+1", false }, { "1.", false },
        { ".1", false }, { "1e", false }, { "1e+", false }, { "1e+-1", false },
        { "1.5e5.5", false }, { "0x1", false }, { "1/**/", false }, { "//x\n1", false }, { "\uFEFF1", false },
        { new string('[', 128) + new string(']', 128), true }, { new string('[', 129) + new string(']', 129), false }, { new string('[', 100_000), false },
        { string.Concat(Enumerable.Repeat("{\"a\":[", 64)) + string.Concat(Enumerable.Repeat("]}", 64)), true },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public void Bytes_are_JSON_or_not(string text, bool expected)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        Assert.Equal((text, expected), (text, JsonSyntax.IsValid(bytes)));
        Assert.Equal((text, expected), (text, IsReadable(bytes)));
    }

    [Fact]
    public void Text_cut_anywhere_is_judged_as_the_reader_does()
    {
        byte[] bytes = Encoding.UTF8.GetBytes(Whole);
        for (int length = 0; length <= bytes.Length; length++)
        {
            Assert.Equal((length, IsReadable(bytes.AsSpan(0, length))), (length, JsonSyntax.IsValid(bytes.AsSpan(0, length))));
        }
    }

    [Fact]
    public void Text_changed_in_any_way_is_judged_as_the_reader_does()
    {
        const int Seed = 20260302;
        var random = new Random(Seed);
        byte[] alphabet = [.. "\"\\{}[],: \t\n0123456789+-.eEutrfalsn/'#\0\u001f\x7f"u8, 0xff];
        byte[] whole = Encoding.UTF8.GetBytes(Whole);
        int accepted = 0;
        for (int round = 0; round < 20_000; round++)
        {
            byte[] bytes = [.. whole];
            for (int change = random.Next(1, 3); change > 0; change--)
            {
                bytes[random.Next(bytes.Length)] = alphabet[random.Next(alphabet.Length)];
            }

            bool isValid = JsonSyntax.IsValid(bytes);
            accepted += isValid ? 1 : 0;
            Assert.True(isValid == IsReadable(bytes), $"seed {Seed}, round {round}: {Encoding.Latin1.GetString(bytes)}");
        }

        Assert.InRange(accepted, 1_000, 19_000);
    }

    [Fact]
    public void Short_random_text_is_judged_as_the_reader_does()
    {
        const int Seed = 20260303;
        var random = new Random(Seed);
        byte[] alphabet = [.. "\"\\{}[],: 01-.eu"u8];
        for (int round = 0; round < 20_000; round++)
        {
            byte[] bytes = [.. Enumerable.Range(0, random.Next(1, 9)).Select(_ => alphabet[random.Next(alphabet.Length)])];
            Assert.True(JsonSyntax.IsValid(bytes) == IsReadable(bytes), $"seed {Seed}, round {round}: {Encoding.Latin1.GetString(bytes)}");
        }
    }

    private static bool IsReadable(ReadOnlySpan<byte> bytes)
    {
        try
        {
            var reader = new Utf8JsonReader(bytes, new JsonReaderOptions { MaxDepth = 128 });
            while (reader.Read())
            {
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
