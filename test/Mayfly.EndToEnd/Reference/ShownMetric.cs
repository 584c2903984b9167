using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Mayfly.Local.Intake;

namespace Mayfly.EndToEnd.Reference;

/// <summary>A point or a sketch, an event or a service check, as it arrived, in texts that can be compared and printed.</summary>
/// <param name="Name">With the number of its packet: see <see cref="MetricPacket"/>.</param>
/// <param name="Type">The number on the wire, or <c>sketch</c>, <c>event</c>, <c>check</c>.</param>
/// <param name="Interval">Seconds; 0 = none was sent.</param>
/// <param name="Tags">As sent, in that order.</param>
/// <param name="Resources"><c>type:name</c>.</param>
/// <param name="Origin">Product, category, service; empty = none.</param>
/// <param name="Time">Seconds since the Unix epoch, <c>now</c> for a time during the test.</param>
/// <param name="Value">Of a point; of a sketch all its numbers.</param>
internal sealed partial record ShownMetric(
    string Name, string Type, long Interval, string Tags, string Resources, string Origin, string Time, string Value)
{
    /// <summary>The packet that it is of, and whether that was sent as it is: see <see cref="MetricPacket.Named"/>.</summary>
    public string Packet => Numbered().Match(Name).Value;

    /// <summary>A cell of docs/differences-mini-agent.md: a name of a property, or <c>metrics</c> for the name and value of all.</summary>
    public static string? Field(IReadOnlyList<ShownMetric> all, string where)
    {
        if (where == "metrics")
        {
            return all.Count == 0 ? null : string.Join(", ", all.Select(static one => $"{one.ShortName} {one.Value}").Order(StringComparer.Ordinal));
        }

        ShownMetric metric = all.Single();
        string text = where switch
        {
            "type" => metric.Type,
            "interval" => $"{metric.Interval}",
            "tags" => metric.Tags,
            "resources" => metric.Resources,
            "origin" => metric.Origin,
            "time" => metric.Time,
            _ => throw new ArgumentException($"Metrics have no {where}."),
        };
        return text.Length == 0 ? null : text;
    }

    /// <summary>What an intake of ours decoded.</summary>
    /// <param name="intake">Where it arrived.</param>
    /// <param name="started">When the test began.</param>
    public static IEnumerable<ShownMetric> Of(LocalIntake intake, DateTimeOffset started)
    {
        foreach (ReceivedMetric metric in intake.Metrics)
        {
            string tags = string.Join(',', metric.Tags);
            string resources = string.Join(',', metric.Resources);
            string origin = metric.Origin is { } from ? $"{from.Product} {from.Category} {from.Service}" : "";
            string type = metric.Type == MetricType.Sketch ? "sketch" : $"{(int)metric.Type}";
            foreach (ReceivedPoint point in metric.Points)
            {
                string time = At(point.TimestampSeconds, started);
                yield return new ShownMetric(metric.Name, type, metric.IntervalSeconds, tags, resources, origin, time, Text(point.Value));
            }

            foreach (ReceivedSketch sketch in metric.Sketches)
            {
                string value = $"count {sketch.Count} sum {Text(sketch.Sum)} min {Text(sketch.Min)} max {Text(sketch.Max)} avg {Text(sketch.Avg)} bins "
                    + string.Join(' ', sketch.Bins.Select(static bin => $"{bin.Key}:{bin.Count}"));
                yield return new ShownMetric(metric.Name, type, 0, tags, resources, origin, At(sketch.TimestampSeconds, started), value);
            }
        }

        foreach (ReceivedEvent one in intake.Events)
        {
            yield return new ShownMetric(one.Title, "event", 0, string.Join(',', one.Tags), "", "", At(one.TimestampSeconds, started), one.Text);
        }

        foreach (ReceivedServiceCheck check in intake.ServiceChecks)
        {
            yield return new ShownMetric(check.Name, "check", 0, string.Join(',', check.Tags), "", "", At(check.TimestampSeconds, started), $"{check.Status}");
        }
    }

    /// <summary>Series in JSON, as the mini agent writes them (docs/spec/04-metrics-logs.md, B.5).</summary>
    public static IReadOnlyList<ShownMetric> OfJson(byte[] body, DateTimeOffset started)
    {
        using JsonDocument document = JsonDocument.Parse(body);
        var all = new List<ShownMetric>();
        foreach (JsonElement series in document.RootElement.GetProperty("series").EnumerateArray())
        {
            long interval = series.TryGetProperty("interval", out JsonElement seconds) ? seconds.GetInt64() : 0;
            string tags = string.Join(',', series.GetProperty("tags").EnumerateArray());
            string resources = string.Join(',', series.GetProperty("resources").EnumerateArray().Select(NameOf));
            string origin = series.GetProperty("metadata") is { ValueKind: JsonValueKind.Object } metadata ? metadata.ToString() : "";
            foreach (JsonElement point in series.GetProperty("points").EnumerateArray())
            {
                // What is no number in JSON is null there.
                string value = point.GetProperty("value") is { ValueKind: JsonValueKind.Number } number ? Text(number.GetDouble()) : "null";
                all.Add(new ShownMetric(
                    series.GetProperty("metric").GetString()!, series.GetProperty("type").ToString(), interval, tags, resources, origin,
                    At(point.GetProperty("timestamp").GetInt64(), started), value));
            }
        }

        return all;
    }

    public override string ToString() => $"{ShortName} {Value} type={Type}/{Interval} tags={Tags} resources={Resources} origin={Origin} time={Time}";

    private static string NameOf(JsonElement resource) => $"{resource.GetProperty("type")}:{resource.GetProperty("name")}";

    private string ShortName => Numbered().Replace(Name, "x");

    /// <summary>The two zeros are one.</summary>
    private static string Text(double value) => (value + 0.0).ToString("R", CultureInfo.InvariantCulture);

    private static string At(long seconds, DateTimeOffset started) =>
        seconds >= started.ToUnixTimeSeconds() - 10 && seconds <= DateTimeOffset.UtcNow.ToUnixTimeSeconds() ? "now" : $"{seconds}";

    [GeneratedRegex(@"\bx\d+[or]\b")]
    private static partial Regex Numbered();
}
