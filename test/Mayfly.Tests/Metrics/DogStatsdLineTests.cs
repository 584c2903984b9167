using System.Globalization;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Mayfly.Metrics;
using Xunit;

namespace Mayfly.Tests.Metrics;

public class DogStatsdLineTests
{
    private static readonly string[] TypeTexts = ["c", "g", "d", "h", "ms", "s"];

    [Fact]
    public void What_is_printed_is_parsed_back()
    {
        Gen<string> text = Gen.Elements("abcXYZ019._-/ é🎉".EnumerateRunes().Select(static rune => rune.ToString()).ToArray())
            .NonEmptyListOf().Select(static runes => string.Concat(runes));
        Gen<Sample> sample =
            from name in text
            from type in Gen.Choose(0, 5)
            from values in ArbMap.Default.GeneratorFor<NormalFloat>().NonEmptyListOf()
            from tags in text.ListOf()
            from rate in Gen.Elements(1.0, 0.5, 0.001, 0.3333)
            from seconds in Gen.Choose(0, int.MaxValue)
            select new Sample(name, (MetricType)type, [.. values.Select(static value => value.Item)], string.Join(',', tags), rate, seconds);

        Prop.ForAll(sample.ToArbitrary(), static expected =>
        {
            ReadOnlySpan<byte> packet = Encoding.UTF8.GetBytes(Print(expected));
            Assert.True(DogStatsdLine.TryTake(ref packet, out _, out DogStatsdLine line, out DogStatsdStatus status));
            Assert.Equal(DogStatsdStatus.Ok, status);
            Assert.True(packet.IsEmpty);
            Assert.Equal(expected.Name, Encoding.UTF8.GetString(line.Name));
            Assert.Equal(expected.Type, line.Type);
            Assert.Equal(expected.Tags, Encoding.UTF8.GetString(line.Tags));
            Assert.Equal(expected.Rate, line.SampleRate);
            Assert.Equal(expected.Seconds, line.UnixSeconds);
            if (expected.Type != MetricType.Set)
            {
                Assert.Equal(expected.Values, ValuesOf(line));
                Assert.Equal(expected.Values.Length, line.ValueCount);
                Assert.Equal(expected.Values.Max(Math.Abs), line.Largest);
            }
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Every_cut_of_a_packet_gives_statuses_and_never_reads_past_the_end()
    {
        byte[] packet = Encoding.UTF8.GetBytes("page.views:1:2.5e3|d|@0.5|#env:prod,é:1|T1656581400|c:in-1\r\nu:a|s\n_e{1,1}:a|b\n_sc|x|0\nz:-1|ms");
        for (int start = 0; start < packet.Length; start++)
        {
            for (int end = start; end <= packet.Length; end++)
            {
                // An array of exactly that size: reading past its end would throw.
                Drain(packet[start..end]);
            }
        }
    }

    [Fact]
    public void Lines_are_the_same_however_the_packet_is_split_between_them()
    {
        string[] lines = ["a:1|c", "b:2|g|#x", "c:3:4|d\r", "u:m|s", "bad", "t:5|ms"];
        string[] expected = Drain(Encoding.UTF8.GetBytes(string.Join('\n', lines)));
        Assert.Equal(6, expected.Length);
        for (int cut = 1; cut < lines.Length; cut++)
        {
            string[] joined = Drain(Encoding.UTF8.GetBytes(string.Join('\n', lines[..cut])));
            joined = [.. joined, .. Drain(Encoding.UTF8.GetBytes(string.Join('\n', lines[cut..])))];
            Assert.Equal(expected, joined);
        }
    }

    [Fact]
    public void A_million_mutated_lines_never_throw_and_counters_add_up()
    {
        byte[][] seeds =
        [
            .. new[]
            {
                "page.views:1:2:3|c|@0.1|#env:prod,service:web|T1656581400|c:in-1", "t:1.5e-3:2|ms|#a,b\nu:alice|s\ng:-7|g", "x:1|d|@0.3333333|#é:ü\r\ny:9|h",
                "_e{5,4}:title|text\n_sc|svc|0\nbig:1e308:1e308|c\nw:1|d|@1e-12", "_e{2,5}:é|a\\nb|d:1|h:h|k:k|p:low|s:s|t:error|#a,b|c:in-1",
                "_sc|n|2|d:1|h:h|#a,b|m:x m\\: y", "a:1|c\nb:2|g\nc:3|d\nd:4|h\ne:5|ms\nf:6|s",
            }.Select(Encoding.UTF8.GetBytes),
        ];
        const int Seed = 20260801;
        var random = new System.Random(Seed);
        byte[] alphabet = Encoding.ASCII.GetBytes(":|@#T,\n\r.-+eE019cgdhms_{}\0\u007f");
        using var rig = new MetricRig(new MetricSettings { MaxContexts = 200, BufferBytes = 256 * 1024 });
        long lines = 0;
        for (int i = 0; lines < 1_000_000; i++)
        {
            byte[] packet = (byte[])seeds[random.Next(seeds.Length)].Clone();
            for (int changes = random.Next(1, 6); changes > 0; changes--)
            {
                packet[random.Next(packet.Length)] = random.Next(4) == 0 ? (byte)random.Next(256) : alphabet[random.Next(alphabet.Length)];
            }

            ReadOnlySpan<byte> sent = packet.AsSpan(0, random.Next(packet.Length / 2, packet.Length + 1));
            lines += sent.Count((byte)'\n') + 1;
            rig.Aggregator.AcceptPacket(sent);
            if (i % 20_000 == 19_999)
            {
                Decoded decoded = rig.Take();
                Assert.All(decoded.Series, static series => Assert.True(double.IsFinite(series.Points[0].Value)));
                Assert.All(
                    decoded.Sketches.Select(static sketch => sketch.Dogsketches[0]),
                    static dog => Assert.True(double.IsFinite(dog.Sum) && double.IsFinite(dog.Avg)));
            }
        }
    }

    [Theory]
    [InlineData("0", 0d)]
    [InlineData("-0", 0d)]
    [InlineData("5.", 5d)]
    [InlineData(".5", 0.5)]
    [InlineData("+.5", 0.5)]
    [InlineData("-12.75", -12.75)]
    [InlineData("1e3", 1000d)]
    [InlineData("1E-3", 0.001)]
    [InlineData("1.5e+2", 150d)]
    [InlineData("999999999999999", 999999999999999d)]
    [InlineData("0.123456789012345", 0.123456789012345)]
    [InlineData("12345678901234567890", 12345678901234567890d)]
    [InlineData("0.1234567890123456789", 0.1234567890123456789)]
    [InlineData("1e308", 1e308)]
    [InlineData("", null)]
    [InlineData("+", null)]
    [InlineData(".", null)]
    [InlineData("-.", null)]
    [InlineData("1e", null)]
    [InlineData("e3", null)]
    [InlineData("1.2.3", null)]
    [InlineData("--1", null)]
    [InlineData(" 1", null)]
    [InlineData("1 ", null)]
    [InlineData("1\0", null)]
    [InlineData("0x10", null)]
    [InlineData("1,000", null)]
    [InlineData("nan", null)]
    [InlineData("NaN", null)]
    [InlineData("inf", null)]
    [InlineData("-Infinity", null)]
    [InlineData("1e309", null)]
    public void Numbers(string text, double? expected)
    {
        bool isNumber = DecimalNumber.TryParse(Encoding.UTF8.GetBytes(text), out double value);
        Assert.Equal(expected.HasValue, isNumber);
        if (expected.HasValue)
        {
            Assert.Equal(expected.Value, value);
        }
    }

    [Fact]
    public void Numbers_are_those_of_the_framework()
    {
        var random = new System.Random(7);
        for (int i = 0; i < 20_000; i++)
        {
            string text = (random.NextDouble() * Math.Pow(10, random.Next(-8, 9))).ToString(i % 2 == 0 ? "R" : "0.#####", CultureInfo.InvariantCulture);
            Assert.True(DecimalNumber.TryParse(Encoding.UTF8.GetBytes(text), out double value), text);
            Assert.Equal(double.Parse(text, CultureInfo.InvariantCulture), value);
        }
    }

    private static string Print(Sample sample)
    {
        var text = new StringBuilder($"{sample.Name}:");
        text.AppendJoin(':', sample.Values.Select(static value => value.ToString("R", CultureInfo.InvariantCulture)));
        text.Append('|').Append(TypeTexts[(int)sample.Type]);
        text.Append(CultureInfo.InvariantCulture, $"|@{sample.Rate:R}");
        text.Append(sample.Tags.Length > 0 ? $"|#{sample.Tags}" : "");
        text.Append(sample.Seconds > 0 ? $"|T{sample.Seconds}" : "");
        return text.ToString();
    }

    private static double[] ValuesOf(DogStatsdLine line)
    {
        var values = new List<double>();
        foreach (double value in line)
        {
            values.Add(value);
        }

        return [.. values];
    }

    private static string[] Drain(byte[] bytes)
    {
        var lines = new List<string>();
        ReadOnlySpan<byte> packet = bytes;
        while (DogStatsdLine.TryTake(ref packet, out _, out DogStatsdLine line, out DogStatsdStatus status))
        {
            lines.Add($"{status} {Encoding.UTF8.GetString(line.Name)} {line.Type} {string.Join(' ', status == DogStatsdStatus.Ok ? ValuesOf(line) : [])}");
        }

        return [.. lines];
    }

    private sealed record Sample(string Name, MetricType Type, double[] Values, string Tags, double Rate, int Seconds);
}
