using System.Text;
using Mayfly.Local.Emulator;
using Xunit;

namespace Mayfly.Tests.Local.Emulator;

public class LineReaderTests
{
    [Theory]
    [InlineData("", new string[0])]
    [InlineData("\n", new[] { "" })]
    [InlineData("one\n", new[] { "one" })]
    [InlineData("one\n\ntwo\n", new[] { "one", "", "two" })]
    [InlineData("no end", new[] { "no end" })]
    [InlineData("a\rb\nc\r\n", new[] { "a\rb", "c\r" })]
    [InlineData("é€😀\nö", new[] { "é€😀", "ö" })]
    public async Task Lines_are_the_same_wherever_the_reads_end(string text, string[] expected)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        for (int size = 1; size <= bytes.Length + 1; size++)
        {
            List<string> lines = [];
            await new LineReader(new PiecemealStream(bytes, size), lines.Add).RunAsync();
            Assert.Equal(expected, lines);
        }
    }

    [Fact]
    public async Task A_line_without_end_is_handed_on_in_pieces()
    {
        List<string> lines = [];
        byte[] bytes = Encoding.ASCII.GetBytes(new string('x', 3 * LineReader.MaxLineBytes));
        await new LineReader(new MemoryStream(bytes), lines.Add).RunAsync();
        Assert.True(lines.Count >= 3);
        Assert.Equal(bytes.Length, lines.Sum(line => line.Length));
        Assert.All(lines, line => Assert.True(line.Length <= LineReader.MaxLineBytes + 16 * 1024));
    }

    private sealed class PiecemealStream(byte[] bytes, int size) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(size, buffer.Length)], cancellationToken);
    }
}
