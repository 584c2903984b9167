using System.Text;
using System.Text.RegularExpressions;

namespace Mayfly.EndToEnd.Reference;

/// <summary>
/// A DogStatsD datagram, written as in docs/differences-mini-agent.md: <c>⏎</c> is a newline, <c>\r</c> a carriage return, <c>\xff</c> a byte that is no
/// UTF-8, <c>101 tags</c> as many different ones; the word <c>x</c> stands for the names of its metrics.
/// </summary>
internal sealed partial record MetricPacket(string Text)
{
    /// <summary>The bytes, with this name.</summary>
    public byte[] ToBytes(string name)
    {
        string text = Name().Replace(Text, name).Replace("_e{1,", $"_e{{{name.Length},").Replace('⏎', '\n').Replace(@"\r", "\r");
        text = text.Replace("101 tags", string.Join(',', Enumerable.Range(100, 101).Select(static i => $"t{i}")));
        return [.. text.Split(@"\xff").Select(Encoding.UTF8.GetBytes).Aggregate(static (before, after) => [.. before, 0xff, .. after])];
    }

    /// <summary>Of the packet of this number as it is, and of what stands for it in the other agent.</summary>
    public static string Named(int number, bool isRewritten) => $"x{number}{(isRewritten ? 'r' : 'o')}";

    [GeneratedRegex(@"\bx\b")]
    private static partial Regex Name();
}
