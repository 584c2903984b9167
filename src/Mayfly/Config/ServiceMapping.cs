namespace Mayfly.Config;

/// <summary>
/// <c>DD_SERVICE_MAPPING</c>: <c>key:name,key:name</c>. An entry has exactly two parts, neither empty after trimming, and they differ; others are left out
/// (docs/spec/02-triggers.md#32-service-name). Keys are case-sensitive; of entries with one key the last counts.
/// </summary>
public sealed class ServiceMapping
{
    private readonly Dictionary<string, string> _names = new(StringComparer.Ordinal);
    private readonly List<string> _rejected = [];

    private ServiceMapping()
    {
    }

    /// <summary>Nothing is mapped.</summary>
    public static ServiceMapping Empty { get; } = new();

    /// <summary>Entries that were not understood.</summary>
    public IReadOnlyList<string> Rejected => _rejected;

    public static ServiceMapping Parse(string? text)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return Empty;
        }

        var mapping = new ServiceMapping();
        foreach (string entry in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = entry.Split(':', StringSplitOptions.TrimEntries);
            if (parts is [{ Length: > 0 } key, { Length: > 0 } name] && key != name)
            {
                mapping._names[key] = name;
            }
            else
            {
                mapping._rejected.Add(entry);
            }
        }

        return mapping;
    }

    internal static ServiceMapping Read(EnvReader env)
    {
        if (env.Any(Keys.ServiceMapping) is not { } value)
        {
            return Empty;
        }

        var wrong = new List<string>();
        ServiceMapping mapping = Parse(value.PairItems(wrong) is { } items ? string.Join(',', items) : value.Text);
        foreach (string entry in mapping.Rejected.Concat(wrong))
        {
            env.Warn(value, entry, "entries of the form key:name, this one is skipped");
        }

        return mapping;
    }

    /// <summary>Null when the key is not mapped.</summary>
    public string? Find(string? key) => key is null ? null : _names.GetValueOrDefault(key);

    /// <summary>The entries that count, as they are written.</summary>
    public override string ToString() => string.Join(',', _names.Select(static entry => $"{entry.Key}:{entry.Value}"));
}
