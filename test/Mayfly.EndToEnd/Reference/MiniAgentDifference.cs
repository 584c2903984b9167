using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Mayfly.EndToEnd.Agents;

namespace Mayfly.EndToEnd.Reference;

/// <summary>A deliberate difference, a row of docs/differences-mini-agent.md: the fields that differ because of it.</summary>
internal sealed partial record MiniAgentDifference(string Name, Func<FieldDifference, bool> Explains)
{
    private const string Origin = "lambda";

    private static HashSet<string> FunctionTags { get; } =
    [
        "meta region", "meta account_id", "meta aws_account", "meta functionname", "meta resource", "meta function_arn", "meta init_type",
        "meta memorysize", "meta architecture", "meta dd_extension_version",
    ];

    /// <summary>Those that the mode beside a program does not have.</summary>
    public static IReadOnlyList<string> OfLambdaOnly { get; } = ["base-service", "compute-stats", "duplicate-span", "function-tags", "internal-span", "origin-everywhere"];

    /// <summary>In the order in which they are asked: what concerns a whole request or trace comes first.</summary>
    public static IReadOnlyList<MiniAgentDifference> All { get; } =
    [
        new("accepted-types", static one => one.Of.Ours["status"] == "200" && one.Of.Theirs["status"] == "500"),
        new("refusal", static one => one is { Field: "status", Ours: "400", Theirs: "500" }),
        new("invalid-trace", static one => (IsLost(one) || one.IsOfPayload) && one.TraceSent.Any(HasBadId)),
        new("duplicate-span", static one => IsLost(one) && one.TraceSent.Any(static span => Number(span["span_id"]) == 1)),
        new("internal-span", static one => IsLost(one) && one.TraceSent.Any(IsInternal)),
        new("sampled", static one => IsLost(one) && HasOwnStats(one.Of.Request) && IsUnwanted(one)),
        new("function-tags", static one => one.Theirs is null && (one.Field == "payload tags _dd.tags.function" || FunctionTags.Contains(one.Field))),
        new("compute-stats", static one => one is { Field: "meta _dd.compute_stats", Ours: "1", Theirs: null }),
        new("agent-version", static one => one is { Field: "agent version", Theirs: "" }),
        new("origin-everywhere", static one => one is { Field: "meta _dd.origin" or "meta origin", Ours: Origin }),
        new("origin-kept", static one => one is { Field: "meta _dd.origin" or "meta origin", Theirs: Origin } && one.Ours == one.Input),
        new("decision-maker", static one => one is { Field: "chunk tags _dd.p.dm", Theirs: null }),
        new("payload-fields", static one => one is { Field: "payload env" or "payload app_version" or "payload hostname" or "payload runtime_id", Theirs: "" }),
        new("header-values", static one => one.Field == "metrics _top_level" && HasNoHeader(one.Of.Request)),
        new("base-service", static one => one is { Field: "meta _dd.base_service", Theirs: null }),
        new("service-tags", static one => one.Field is "meta peer.service" or "meta _dd.base_service" && one.Theirs == one.Input),
        new("fallback-service", static one => one.IsChanged && one is { Field: "service", Theirs: "unnamed-service" } && UnnamedService().IsMatch(one.Ours!)),
        new("leading-digits", static one => one.IsChanged && one.Field is "service" or "meta env" or "payload env" && WithoutDigits(one.Ours!) == one.Theirs),
        new("service-borders", static one => one.Field == "metrics _top_level" && EntersService(one.Of.Ours, one) != EntersService(one.Of.Theirs, one)),
        new("letters", static one => one.IsChanged && one.Field == "service" && Letters(one.Ours!) == Letters(one.Theirs!)),
        new("name-runs", static one => one.IsChanged && one.Field == "name" && Normal(one.Theirs!) == one.Ours),
        new("name-runs", static one => one.IsChanged && one.Field == "resource" && one.Sibling("name") == (one.Ours, one.Theirs)),
        new("link-names", static one => one.IsChanged && one.Field.StartsWith("span_links ", StringComparison.Ordinal) && WithLinkNames(one.Theirs!) == one.Ours),
        new("end-overflow", static one => one is { Field: "duration", Ours: "0" } && one.Sibling("start") == ("now", "now")),
        new("float-duration", static one => one is { Field: "duration", Theirs: "0" } && one.Input!.Split('.') is [var whole, _] && whole == one.Ours),
        new("infinity", static one => one is { Ours: null, Theirs: "Infinity" }),
        new("event-types", static one => one.Field.StartsWith("span_events ", StringComparison.Ordinal) && one.Input!.Contains("\"type\":9")),
        new("truncated", static one => one.IsChanged && one.Field == "resource" && IsShorter(one, "5000 bytes of ")),
        new("truncated", static one => one.IsChanged && one.Field.StartsWith("meta ", StringComparison.Ordinal) && IsShorter(one, "25003 bytes of ")),
        new("hidden", static one => one.IsChanged && one.Theirs == one.Input && IsHidden(one)),
        new("hidden", static one => one is { Field: "meta sql.query", Theirs: null } && one.Sibling("resource").Ours == one.Ours),
    ];

    /// <summary>The name of the difference that the field shows; null: it is not known.</summary>
    public static string? Explain(FieldDifference field) => All.FirstOrDefault(difference => difference.Explains(field))?.Name;

    /// <summary>The mini agent has something of a span or trace, we have none of it.</summary>
    private static bool IsLost(FieldDifference one) =>
        one.Field switch
        {
            "spans" => true,
            _ when one.IsOfPayload => !one.Of.Ours.ContainsKey("agent env"),
            _ => one.Ours is null && one.Sibling(one.IsOfSpan ? "service" : "chunk priority").Ours is null,
        };

    private static bool HasBadId(JsonObject span) =>
        new[] { "trace_id", "span_id" }.Any(id => span.TryGetPropertyValue(id, out JsonNode? value) && (value is null || Number(value) is 0 or 999));

    private static bool HasNoHeader(TraceRequest request) =>
        request.Headers.GetValueOrDefault("Datadog-Client-Computed-Top-Level") is "" or "false";

    private static bool HasOwnStats(TraceRequest request) =>
        request.Headers.GetValueOrDefault("Datadog-Client-Computed-Stats") is not (null or "" or "false");

    /// <summary>A trace, that of the field if it has one, was not to be kept.</summary>
    private static bool IsUnwanted(FieldDifference one) => one.Of.Theirs.Any(field =>
        field.Key.EndsWith("chunk priority", StringComparison.Ordinal) && field.Value is "0" or "-1" && !one.Of.Ours.ContainsKey(field.Key)
        && (one.IsOfRequest || field.Key == one.PriorityPath));

    private static bool IsInternal(JsonObject span) =>
        span["name"]?.ToString() == "dns.lookup" || span["resource"]?.ToString() is "127.0.0.1" or "dd-tracer-serverless-span";

    private static long? Number(JsonNode? value) => long.TryParse(value?.ToString(), CultureInfo.InvariantCulture, out long number) ? number : null;

    /// <summary>The span's service is not its parent's, which is in the same trace.</summary>
    private static bool EntersService(IReadOnlyDictionary<string, string> fields, FieldDifference one)
    {
        string parent = fields[one.PathOf("parent_id")];
        string? id = one.PathsInTrace("span_id").FirstOrDefault(path => fields.GetValueOrDefault(path) == parent);
        return id is null || fields[id.Replace("span_id", "service")] != fields[one.PathOf("service")];
    }

    private static bool IsShorter(FieldDifference one, string length) => one.Ours!.StartsWith(length, StringComparison.Ordinal)
        && one.Theirs!.Contains(" bytes of ");

    /// <summary>A value is hidden, or all is left out but commands.</summary>
    private static bool IsHidden(FieldDifference one) => one.Field switch
    {
        "resource" => one.Ours!.Contains('?') || one.Sibling("type").Ours is "redis" or "valkey",
        "meta memcached.command" => one.Ours == "",
        _ => one.Ours!.Contains('?'),
    };

    private static string WithoutDigits(string text)
    {
        Rune[] runes = [.. text.EnumerateRunes().SkipWhile(static rune => Rune.IsDigit(rune) || rune.Value is '.' or '/' or '-')];
        return string.Concat(runes);
    }

    /// <summary>What letters are to everybody.</summary>
    private static string Letters(string text) => OtherLetters().Replace(text.Replace('İ', 'i'), "");

    private static string WithLinkNames(string links) => LinkName().Replace(links, static name => Normal(name.Value));

    /// <summary>docs/spec/03-traces.md#34-normalization, normalize-name.</summary>
    private static string Normal(string name) => Runs().Replace(name, "_").Replace("_.", ".").Replace("._", ".").TrimEnd('_');

    [GeneratedRegex("^unnamed-.+-service$")]
    private static partial Regex UnnamedService();

    [GeneratedRegex("(?<=link.name=)[^ ]+")]
    private static partial Regex LinkName();

    [GeneratedRegex("[^a-z]+")]
    private static partial Regex OtherLetters();

    [GeneratedRegex("[^A-Za-z0-9.]+")]
    private static partial Regex Runs();
}

/// <summary>A row of docs/differences-mini-agent.md.</summary>
/// <param name="Name">Of the difference.</param>
/// <param name="Where">The path of the field.</param>
/// <param name="Request">That shows it.</param>
/// <param name="Ours">Null: Mayfly has no such field.</param>
/// <param name="Theirs">Null: the mini agent has no such field.</param>
/// <param name="Why">With a section of the specification.</param>
internal sealed record MiniAgentRow(string Name, string Where, TraceRequest Request, string? Ours, string? Theirs, string Why)
{
    public static IReadOnlyList<MiniAgentRow> ReadAll() =>
    [
        .. File.ReadLines(Path.Combine(AgentUnderTest.Root, "docs", "differences-mini-agent.md"))
            .TakeWhile(static line => line != MetricRow.Title)
            .Where(static line => line.StartsWith("| `", StringComparison.Ordinal))
            .Select(static line => Read([.. line.Trim('|').Split(" | ").Select(static cell => cell.Trim())])),
    ];

    private static MiniAgentRow Read(string[] cells) =>
        new(cells[0].Trim('`'), cells[1].Trim('`'), TraceRequest.Parse(cells[2].Trim('`')), Text(cells[3]), Text(cells[4]), cells[5]);

    private static string? Text(string cell) => cell switch
    {
        "–" => null,
        "empty" => "",
        _ => cell.Trim('`'),
    };
}
