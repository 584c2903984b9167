using System.Text.Json;

namespace Mayfly.Testing;

/// <summary>Requests as real clients sent them (docs/spec/07-observed-clients.md), embedded from <c>Corpus/*.bin</c> and <c>*.meta.json</c>.</summary>
public static class Corpus
{
    /// <summary>All recordings, in the order of their names.</summary>
    public static IReadOnlyList<RecordedRequest> All { get; } = Load();

    /// <summary>Those to a traces endpoint.</summary>
    public static IReadOnlyList<RecordedRequest> Traces { get; } = [.. All.Where(static request => request.Path.EndsWith("/traces", StringComparison.Ordinal))];

    public static RecordedRequest Named(string name) => All.Single(request => request.Name == name);

    private static RecordedRequest[] Load()
    {
        const string Prefix = "Mayfly.Testing.Corpus.";
        const string Body = ".bin";
        return
        [
            .. typeof(Corpus).Assembly.GetManifestResourceNames()
                .Where(static name => name.StartsWith(Prefix, StringComparison.Ordinal) && name.EndsWith(Body, StringComparison.Ordinal))
                .Order(StringComparer.Ordinal)
                .Select(static name => Load(name[Prefix.Length..^Body.Length], name, name[..^Body.Length] + ".meta.json")),
        ];
    }

    private static RecordedRequest Load(string name, string bodyResource, string metaResource)
    {
        using JsonDocument meta = JsonDocument.Parse(Read(metaResource));
        var headers = meta.RootElement.GetProperty("headers").EnumerateArray()
            .ToDictionary(static pair => pair[0].GetString()!, static pair => pair[1].GetString()!, StringComparer.OrdinalIgnoreCase);
        return new RecordedRequest(name, meta.RootElement.GetProperty("path").GetString()!, headers, Read(bodyResource));
    }

    private static byte[] Read(string resource)
    {
        using Stream stream = typeof(Corpus).Assembly.GetManifestResourceStream(resource)!;
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        return copy.ToArray();
    }
}

/// <summary>One recorded request.</summary>
public sealed record RecordedRequest(string Name, string Path, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    public override string ToString() => Name;
}
