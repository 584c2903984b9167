using System.Text;
using Mayfly.Traces.Obfuscation;
using Xunit;

namespace Mayfly.Tests.Traces.Obfuscation;

/// <summary>docs/spec/03-traces.md §3.8 Credit cards.</summary>
public class CardNumberTests
{
    /// <summary>Text, a card number, one with a right check digit.</summary>
    public static TheoryData<string, bool, bool> Rows => new()
    {
        // The examples.
        { "4532123456789010", true, false },
        { "4532-1234-5678-9010", true, false },
        { "378282246310005", true, true },
        { "9111111111111111", false, false },
        { "12345678901", false, false },
        { "1700000000000", true, false },

        // Lengths and characters.
        { "400000000000", true, false },
        { "4000 0000 0000", true, false },
        { "4111111111111111", true, true },
        { " 4111-1111 1111--1111 ", true, true },
        { "-4111111111111111", true, true },
        { "41111111111111112", false, false },
        { "411111111111", true, false },
        { "4111111111111111a", false, false },
        { "a4111111111111111", false, false },
        { "4111.1111.1111.1111", false, false },
        { "4111\t1111 1111 1111", false, false },
        { "４１１１１１１１１１１１１１１１", false, false },
        { "            ", false, false },
        { "------------", false, false },
        { "", false, false },
        { "4", false, false },
        { "0411111111111111", false, false },
        { "000001000000", false, false },

        // A row on each side of each border of the prefixes.
        { "1000000000000000", true, false },
        { "3300000000000000", false, false },
        { "3400000000000000", true, true },
        { "3900000000000000", true, false },
        { "5000000000000000", true, false }, // 500000
        { "5100000000000000", true, false },
        { "5500000000000000", true, false },
        { "5900000000000000", false, false },
        { "6200000000000000", true, false },
        { "6500000000000000", true, false },
        { "3000000000000000", true, false },
        { "3050000000000000", true, false },
        { "3060000000000000", false, false },
        { "3090000000000000", true, false },
        { "3100000000000000", false, false },
        { "6360000000000000", true, false },
        { "6440000000000000", true, false },
        { "3528000000000000", true, false },
        { "3527000000000000", true, false }, // 35
        { "5019000000000000", true, false },
        { "6011000000000000", true, false },
        { "2221000000000000", true, false }, // 222100
        { "2220999999999999", false, false },
        { "2720990000000000", true, false },
        { "2721000000000000", false, false },
        { "5600000000000000", true, false },
        { "5899990000000000", true, false },
        { "6000000000000000", true, false },
        { "6999990000000000", true, false },
        { "2000000000000000", false, false },
        { "7000000000000000", false, false },
        { "8000000000000000", false, false },

        // Test numbers of the issuers, check digit right.
        { "5555555555554444", true, true },
        { "6011111111111117", true, true },
        { "30569309025904", true, true },
        { "3530111333300000", true, true },
        { "2223003122003222", true, true },
        { "6304000000000000", true, true },
        { "4222222222222", true, true },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public void Row(string text, bool isCard, bool isRight)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        Assert.Equal(isCard, CardNumber.Is(bytes, checksLuhn: false));
        Assert.Equal(isRight, CardNumber.Is(bytes, checksLuhn: true));
        Assert.True(!isCard || CardNumber.MayBe(bytes));
    }

    [Theory]
    [InlineData("card.number", true)]
    [InlineData("anything", true)]
    [InlineData("", true)]
    [InlineData("_dd.origin", false)]
    [InlineData("_", false)]
    [InlineData("account_id", false)]
    [InlineData("sql.query", false)]
    [InlineData("config.spark_databricks_job_parentRunId", false)]
    [InlineData("error.message", true)]
    [InlineData("own", false)]
    public void Tags_that_may_hold_cards(string key, bool mayHold) => Assert.Equal(mayHold, new CardTags(["own"]).MayHold(Encoding.UTF8.GetBytes(key)));
}
