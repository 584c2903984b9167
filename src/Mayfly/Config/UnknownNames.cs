using Mayfly.Config.Files;

namespace Mayfly.Config;

/// <summary>
/// Names of variables, and keys of the file, that nobody reads. Only what is almost the name of a setting is called a mistake: tracers and libraries have names
/// with the same prefix, and a file is often written for another agent (docs/spec/05-config.md#15-unsupported-keys).
/// </summary>
public sealed class UnknownNames
{
    /// <summary>From this length on two letters may be wrong, else one.</summary>
    private const int LongName = 14;

    private const string Alias = "DATADOG_";
    private static readonly string[] Prefixes = ["DD_", Alias, "MAYFLY_"];

    private readonly EnvReader _reader;

    internal UnknownNames(EnvReader reader) => _reader = reader;

    /// <summary>One sentence for each name that is almost that of a setting.</summary>
    public IReadOnlyList<string> Misspelt() =>
    [
        .. All().Where(static one => one.Nearest is not null)
            .Select(static one => $"{one.Title} is set, but there is no such setting, and it is ignored. Did you mean {one.Nearest}?"),
    ];

    /// <summary>Variables, and keys of the file, that other agents read and this one has no use for.</summary>
    public IReadOnlyList<string> WithoutEffect() =>
    [
        .. Variables().Where(static name => KnownNames.HasNoEffect(Canonical(name))),
        .. (_reader.File?.Entries ?? []).Where(IsWithoutEffect).Select(static entry => entry.Title),
    ];

    /// <summary>All that are not read here, nor known to be somebody else's.</summary>
    internal IReadOnlyList<Name> All() => [.. OfVariables(), .. OfFile()];

    /// <summary>The name of a setting that differs in a letter or two, of <paramref name="known"/>; null: there is none.</summary>
    internal static string? Nearest(string name, IEnumerable<string> known)
    {
        string upper = name.ToUpperInvariant();
        int limit = upper.Length < LongName || KnownNames.IsOfForeignFamily(upper) ? 1 : 2;
        string? nearest = null;
        foreach (string candidate in known)
        {
            int distance = EditDistance.Of(upper, candidate, limit);
            if (distance <= limit)
            {
                nearest = candidate;
                limit = distance - 1;
            }
        }

        return nearest;
    }

    private static string Canonical(string name)
    {
        string upper = name.ToUpperInvariant();
        return upper.StartsWith(Alias, StringComparison.Ordinal) ? "DD_" + upper[Alias.Length..] : upper;
    }

    private static bool IsKnown(string name) => KnownNames.Read.Contains(name) || KnownNames.HasNoEffect(name) || KnownNames.IsForeign(name);

    /// <summary>A path may stand for several names: one that is read is enough. Of a family what is in a map is named, not the map.</summary>
    private static bool IsWithoutEffect(ConfigFile.Entry entry)
    {
        string[] names = [.. FileKeys.VariablesOf(entry.Path)];
        bool isIt = Array.Exists(names, entry.Node.Members is null ? KnownNames.HasNoEffect : KnownNames.HasNoEffectItself);
        return isIt && !Array.Exists(names, KnownNames.Read.Contains);
    }

    private IEnumerable<string> Variables() => _reader.Names
        .Where(static name => Array.Exists(Prefixes, prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)))
        .Order(StringComparer.Ordinal);

    private IEnumerable<Name> OfVariables() =>
        from name in Variables()
        let canonical = Canonical(name)
        let isOfWrongCase = KnownNames.Read.Contains(canonical) && !IsWrittenRight(name)
        where isOfWrongCase || !IsKnown(canonical)
        select new Name(name, Nearest(canonical, KnownNames.Read));

    /// <summary>Lower case is another variable wherever there are two.</summary>
    private static bool IsWrittenRight(string name) => name == name.ToUpperInvariant() || OperatingSystem.IsWindows();

    private IEnumerable<Name> OfFile() =>
        from entry in _reader.File?.Entries ?? []
        where entry.Node.Members is null && !IsInsideOfKnown(entry.Path)
        let variables = FileKeys.VariablesOf(entry.Path)
        select new Name(entry.Title, variables.Select(static one => Nearest(one, KnownNames.Read)).FirstOrDefault(static one => one is not null));

    /// <summary>It, or a map that it is in, is the value of a key that is known.</summary>
    private static bool IsInsideOfKnown(string path)
    {
        for (int end = path.Length; end > 0; end = path.LastIndexOf('.', end - 1))
        {
            if (FileKeys.VariablesOf(path[..end]).Any(IsKnown))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>One that nobody reads.</summary>
    /// <param name="Title">For people: the variable, or the key with its place in the file.</param>
    /// <param name="Nearest">The setting that may be meant; null: nothing is like it.</param>
    internal readonly record struct Name(string Title, string? Nearest);
}
