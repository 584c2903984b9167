using System.Text;
using System.Text.Json.Nodes;
using Mayfly.Platforms.Lambda.Propagation;
using Mayfly.Platforms.Lambda.Triggers;

namespace Mayfly.Tests.Platforms.Lambda.Triggers;

/// <summary>The hand-made events of <c>samples/events/sources</c>, and the fixture of docs/spec/02-triggers.md#4-sources-one-by-one.</summary>
internal static class SourceEvents
{
    public static TriggerSettings Settings { get; } = new()
    {
        Region = "eu-west-1",
        AccountId = "111122223333",
        FunctionName = "orders-fn",
        Service = "orders",
    };

    public static InvocationOutcome Outcome { get; } = new()
    {
        TraceId = 1001,
        UpstreamSpanId = 2002,
        StartNs = 1_700_000_001_000_000_000,
        DurationNs = 250_000_000,
        Error = 0,
        Service = "orders",
    };

    public static string Root { get; } = FindRoot();

    public static string Specification { get; } = File.ReadAllText(Path.Combine(Root, "docs/spec/02-triggers.md"));

    public static IEnumerable<string> Names =>
        Directory.GetFiles(Path.Combine(Root, "samples/events/sources"), "*.json").Select(Path.GetFileNameWithoutExtension).Order(StringComparer.Ordinal)!;

    public static byte[] Bytes(string name) => File.ReadAllBytes(Path.Combine(Root, "samples/events/sources", name + ".json"));

    public static JsonNode Node(string name) => JsonNode.Parse(Bytes(name))!;

    public static Trigger? Read(string json, TriggerSettings? settings = null) => TriggerReader.Read(Encoding.UTF8.GetBytes(json), settings ?? Settings);

    public static Trigger Read(JsonNode json, TriggerSettings? settings = null) => Read(json.ToJsonString(), settings)!;

    public static Trigger ReadFile(string name, TriggerSettings? settings = null) => TriggerReader.Read(Bytes(name), settings ?? Settings)!;

    public static FinishedSpan[] Complete(Trigger trigger, InvocationOutcome? outcome = null, TriggerSettings? settings = null) =>
        InferredSpans.Complete(trigger, outcome ?? Outcome, settings ?? Settings, [11, 12, 13]);

    /// <summary>The value of a tag; null if it is missing.</summary>
    public static string? Tag(this IEnumerable<KeyValuePair<string, string>> tags, string key) => tags.SingleOrDefault(tag => tag.Key == key).Value;

    /// <summary>The entries of the first carrier; none if there is none.</summary>
    public static IEnumerable<KeyValuePair<string, string>> Texts(this IReadOnlyList<TriggerContext> contexts) =>
        contexts.Select(static context => context.Carrier).OfType<Carrier>().FirstOrDefault()?.Entries ?? [];

    private static string FindRoot()
    {
        DirectoryInfo? directory = new(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "Mayfly.slnx")))
        {
            directory = directory.Parent;
        }

        return directory?.FullName ?? throw new InvalidOperationException("Mayfly.slnx is not above the test's folder.");
    }
}
