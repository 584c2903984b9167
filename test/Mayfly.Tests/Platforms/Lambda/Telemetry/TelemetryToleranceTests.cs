using System.Text;
using Mayfly.Platforms.Lambda.Telemetry;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.Telemetry;

/// <summary>What is not understood costs itself and nothing else (docs/spec/01-lambda-lifecycle.md#14-telemetry-api).</summary>
public class TelemetryToleranceTests
{
    private static readonly string[] Elements =
    [
        TelemetryPath.Element("platform.initStart", """{"initializationType":"on-demand","phase":"init","runtimeVersion":"nodejs:22.v1"}""", "2023-01-07T03:23:40.001Z"),
        TelemetryPath.Element("function", "\"first \\\"quoted\\\" {line}\\n\"", "2023-01-07T03:23:41.001Z"),
        TelemetryPath.Element("platform.start", """{"requestId":"r-1","version":"$LATEST"}""", "2023-01-07T03:23:42.001Z"),
        TelemetryPath.Element("function", """{"timestamp":"t","level":"INFO","message":{"a":[1,2,{"b":"}"}]},"requestId":"r-1"}""", "2023-01-07T03:23:43.001Z"),
        TelemetryPath.Element("extension", "\"MAYFLY | INFO | {\\\"time\\\":1}\"", "2023-01-07T03:23:44.001Z"),
        TelemetryPath.Element("platform.runtimeDone", """{"requestId":"r-1","status":"success","metrics":{"durationMs":2599.0,"producedBytes":8},"spans":[{"name":"responseLatency","start":"2023-01-07T03:23:42.001Z","durationMs":1.5}]}""", "2023-01-07T03:23:45.001Z"),
        TelemetryPath.Element("platform.report", """{"requestId":"r-1","status":"success","metrics":{"durationMs":2599.4,"billedDurationMs":2600,"memorySizeMB":128,"maxMemoryUsedMB":94}}""", "2023-01-07T03:23:46.001Z"),
        TelemetryPath.Element("function", "\"last\"", "2023-01-07T03:23:47.001Z"),
    ];

    private static readonly string Batch = $"[{string.Join(',', Elements)}]";

    [Theory]
    [InlineData("""{"time":"2024-01-01T00:00:00.000Z","type":"platform.fault","record":"x"}""", 1, 0)]
    [InlineData("""{"time":"2024-01-01T00:00:00.000Z","type":"platform.end","record":{"requestId":"r"}}""", 1, 0)]
    [InlineData("""{"time":"2024-01-01T00:00:00.000Z","type":"platform.logsSubscription","record":{"name":"x"}}""", 1, 0)]
    [InlineData("""{"time":"2024-01-01T00:00:00.000Z","type":"","record":{}}""", 1, 0)]
    [InlineData("""{"time":"2024-01-01T00:00:00.000Z","type":5,"record":{}}""", 0, 1)]
    [InlineData("""{"time":"2024-01-01T00:00:00.000Z","record":"x"}""", 0, 1)]
    [InlineData("""{"time":"2024-01-01T00:00:00.000Z","type":"function"}""", 0, 1)]
    [InlineData("""{"type":"platform.start","record":{"version":"1"}}""", 0, 1)]
    [InlineData("""{"type":"platform.start","record":"r"}""", 0, 1)]
    [InlineData("""{"type":"platform.start"}""", 0, 1)]
    [InlineData("""{"type":"platform.runtimeDone","record":{"requestId":null}}""", 0, 1)]
    [InlineData("""{"type":"platform.report","record":[]}""", 0, 1)]
    [InlineData("{}", 0, 1)]
    [InlineData("null", 0, 1)]
    [InlineData("12", 0, 1)]
    [InlineData("\"x\"", 0, 1)]
    [InlineData("""{"type":"function","record":tru}""", 0, 1)]
    [InlineData("""{"type":"function","record":"\x"}""", 0, 1)]
    [InlineData("""{"type":"function","record":"not closed""", 0, 1)]
    [InlineData("""{"type":"function","record":{"a":1}""", 0, 1)]
    [InlineData("""{"type":"function","record":["a":1]}""", 0, 1)]
    [InlineData("}}", 0, 1)]
    [InlineData("\0", 0, 1)]
    public void TV22_a_record_that_is_not_understood_costs_itself(string element, int unknown, int malformed)
    {
        string hi = """{"time":"2024-01-01T00:00:00.000Z","type":"function","record":"hi"}""";
        (List<TelemetryRecord> records, TelemetryReadResult result) = TelemetryPath.Read($"[{hi},{element},{hi}]");
        Assert.Equal(["hi", "hi"], records.Select(static record => record.Text.ToString()));
        Assert.Equal((2, unknown, malformed), (result.Records, result.Unknown, result.Malformed));
        Assert.InRange(result.SkippedBytes, 0, element.Length + 1);
    }

    [Fact]
    public void TV22_the_log_beside_an_unknown_record_is_kept()
    {
        var path = new TelemetryPath(isManagedInstance: true);
        path.Post("""[{"time":"2024-01-01T00:00:00.000Z","type":"platform.fault","record":"x"},{"time":"2024-01-01T00:00:00.000Z","type":"function","record":"hi"}]""");
        Assert.Equal("hi", Mayfly.Tests.Logs.LogEvents.Text(Assert.Single(path.Take())));
    }

    [Theory]
    [InlineData("", 0, 0)]
    [InlineData("  ", 0, 0)]
    [InlineData("[]", 0, 0)]
    [InlineData("[ ]\n", 0, 0)]
    [InlineData("null", 1, 4)]
    [InlineData("hello", 1, 5)]
    [InlineData("{", 1, 1)]
    [InlineData("[{", 1, 1)]
    [InlineData("[\"", 1, 1)]
    public void A_body_without_records_has_none(string body, int malformed, int skippedBytes)
    {
        (List<TelemetryRecord> records, TelemetryReadResult result) = TelemetryPath.Read(body);
        Assert.Empty(records);
        Assert.Equal(new TelemetryReadResult(0, 0, malformed, skippedBytes), result);
    }

    [Theory]
    [InlineData("\n")]
    [InlineData(" , ")]
    [InlineData("\r\n\t")]
    public void Elements_may_be_parted_by_anything_blank(string separator)
    {
        (List<TelemetryRecord> records, TelemetryReadResult result) = TelemetryPath.Read(string.Join(separator, Elements));
        Assert.Equal(Expected(Elements), records.Select(Describe));
        Assert.Equal(new TelemetryReadResult(Elements.Length, 0, 0, 0), result);
    }

    [Fact]
    public void A_body_cut_at_any_byte_keeps_every_whole_record()
    {
        for (int length = 0; length <= Batch.Length; length++)
        {
            int whole = 0;
            int end = 1;
            while (whole < Elements.Length && end + Elements[whole].Length <= length)
            {
                end += Elements[whole++].Length + 1;
            }

            (List<TelemetryRecord> records, TelemetryReadResult result) = TelemetryPath.Read(Batch[..length]);
            Assert.Equal(Expected(Elements[..whole]), records.Select(Describe));
            bool isCutInside = whole < Elements.Length && length > end;
            Assert.Equal((isCutInside ? 1 : 0, isCutInside ? length - end : 0), (result.Malformed, result.SkippedBytes));
        }
    }

    [Fact]
    public void A_body_without_any_one_byte_keeps_the_other_records()
    {
        for (int at = 0; at < Batch.Length; at++)
        {
            AssertNeighboursKept(Encoding.UTF8.GetBytes(Batch.Remove(at, 1)), at, $"byte {at} removed");
        }
    }

    [Fact]
    public void A_body_with_any_one_byte_changed_keeps_the_other_records()
    {
        const int Seed = 20260101;
        var random = new Random(Seed);
        byte[] structural = [.. "\"\\{}[],:0 \0\n\xff"u8];
        for (int round = 0; round < 4_000; round++)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(Batch);
            int at = random.Next(bytes.Length);
            bytes[at] = round % 2 == 0 ? structural[random.Next(structural.Length)] : (byte)random.Next(256);
            AssertNeighboursKept(bytes, at, $"seed {Seed}, round {round}, byte {at} = {bytes[at]}");
        }
    }

    [Fact]
    public void A_body_changed_in_many_places_never_throws_and_gives_encodable_logs()
    {
        const int Seed = 20260102;
        var random = new Random(Seed);
        for (int round = 0; round < 1_000; round++)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(Batch);
            for (int change = random.Next(1, 12); change > 0; change--)
            {
                int from = random.Next(bytes.Length);
                int to = random.Next(bytes.Length);
                int length = Math.Min(random.Next(1, 60), bytes.Length - Math.Max(from, to));
                bytes.AsSpan(from, length).CopyTo(bytes.AsSpan(to));
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            var path = new TelemetryPath(isManagedInstance: round % 2 == 0);
            TelemetryReadResult result = path.Post(bytes);
            path.Logs.ReleaseAll();
            Assert.True(path.Take().Count <= result.Records, $"seed {Seed}, round {round}");
        }
    }

    [Fact]
    public void A_body_of_nothing_but_broken_starts_is_given_up()
    {
        string body = string.Concat(Enumerable.Repeat("""{"time":""", 250_000));
        (List<TelemetryRecord> records, TelemetryReadResult result) = TelemetryPath.Read(body);
        Assert.Empty(records);
        Assert.Equal(body.Length, result.SkippedBytes);
        Assert.InRange(result.Malformed, 1, 1000);
    }

    [Fact]
    public void A_record_nested_beyond_the_limit_costs_itself()
    {
        string deep = TelemetryPath.Element("function", new string('[', 100_000) + new string(']', 100_000));
        string allowed = TelemetryPath.Element("function", new string('[', 500) + new string(']', 500));
        (List<TelemetryRecord> records, TelemetryReadResult result) = TelemetryPath.Read($"[{Elements[1]},{deep},{allowed},{Elements[7]}]");
        Assert.Equal((3, 1), (records.Count, result.Malformed));
    }

    /// <summary>All elements but the one that holds <paramref name="at"/> (both neighbours of a separator) must have been read as they were.</summary>
    private static void AssertNeighboursKept(byte[] body, int at, string what)
    {
        var untouched = new List<string>();
        int start = 1;
        foreach (string element in Elements)
        {
            if (at < start || at >= start + element.Length)
            {
                untouched.Add(element);
            }

            start += element.Length + 1;
        }

        var records = new List<TelemetryRecord>();
        TelemetryReader.Read(body, body.Length, TelemetryPath.ReceivedNs, records);
        HashSet<string> read = [.. records.Select(Describe)];
        string[] lost = [.. Expected([.. untouched]).Where(record => !read.Contains(record))];
        Assert.True(lost.Length == 0, $"{what}: lost {string.Join(" and ", lost)} of {Encoding.UTF8.GetString(body)}");
    }

    /// <summary>What the elements are when nothing is broken, read one by one.</summary>
    private static IEnumerable<string> Expected(string[] elements) =>
        elements.Select(static element => Describe(Assert.Single(TelemetryPath.Read(element).Records)));

    private static string Describe(TelemetryRecord record) =>
        $"{record.Kind} {record.TimeNs} {record.Text} {record.RequestId} {record.Platform.RequestId} {record.Platform.DurationMs} " +
        $"{record.Platform.Spans.Count} {record.Platform.RuntimeVersion} {record.Platform.MaxMemoryUsedMB}";
}
