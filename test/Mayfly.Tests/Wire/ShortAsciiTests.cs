using System.Text;
using Mayfly.Wire;
using Xunit;

namespace Mayfly.Tests.Wire;

public sealed class ShortAsciiTests
{
    /// <summary>Every length, one byte that is not ASCII at every place.</summary>
    [Fact]
    public void Finds_every_byte_that_is_not_ASCII()
    {
        for (int length = 0; length <= ShortAscii.LongestBytes + 2; length++)
        {
            byte[] text = new byte[length];
            Array.Fill(text, (byte)0x7f);
            Assert.Equal(length <= ShortAscii.LongestBytes, ShortAscii.Is(text));
            for (int at = 0; at < length; at++)
            {
                text[at] = 0x80;
                Assert.False(ShortAscii.Is(text), $"{length} bytes, at {at}");
                text[at] = 0x7f;
            }
        }
    }

    [Fact]
    public void Agrees_with_the_framework_on_short_texts()
    {
        var random = new Random(5);
        for (int i = 0; i < 100_000; i++)
        {
            byte[] text = new byte[random.Next(ShortAscii.LongestBytes + 1)];
            for (int at = 0; at < text.Length; at++)
            {
                text[at] = (byte)random.Next(random.Next(10) == 0 ? 256 : 128);
            }

            Assert.Equal(Ascii.IsValid(text), ShortAscii.Is(text));
        }
    }
}
