using System.Text;

namespace Mayfly.Metrics;

/// <summary>
/// Which names of clients' metrics get the namespace, and which are dropped. Names are judged as they are sent; the lists of the user name them as they would
/// arrive, with the namespace.
/// </summary>
/// <remarks>docs/spec/04-metrics-logs.md#a8-namespace, docs/spec/05-config.md#7-go-keys-that-l-and-c-do-not-have (<c>statsd_metric_blocklist</c>).</remarks>
internal sealed class NameRules
{
    private readonly NameList _ignored;
    private readonly NameList _exempt;
    private readonly NameList _blocked;
    private readonly NameList _blockedExempt;
    private readonly bool _filtersNothing;

    public NameRules(MetricSettings settings)
    {
        string prefix = settings.Namespace is { } name ? name + "." : "";
        Prefix = Encoding.UTF8.GetBytes(prefix);
        _ignored = new NameList(settings.IgnoredNames, []);
        _exempt = new NameList([], settings.Namespace is null ? [] : settings.NamespaceExemptions);
        _blockedExempt = new NameList(settings.BlockedNames, settings.BlockedPrefixes);

        // What is left of a name of the list when the namespace is taken off it; a prefix that ends within the namespace blocks all that get it.
        _blocked = new NameList(
            settings.BlockedNames.Where(one => one.StartsWith(prefix, StringComparison.Ordinal)).Select(one => one[prefix.Length..]),
            [
                .. settings.BlockedPrefixes.Where(one => one.StartsWith(prefix, StringComparison.Ordinal)).Select(one => one[prefix.Length..]),
                .. settings.BlockedPrefixes.Any(one => prefix.StartsWith(one, StringComparison.Ordinal)) ? new[] { "" } : [],
            ]);
        _filtersNothing = _ignored.IsEmpty && _blocked.IsEmpty && _blockedExempt.IsEmpty;
    }

    /// <summary>The namespace and a point, or nothing.</summary>
    public byte[] Prefix { get; }

    /// <summary>What goes before <paramref name="name"/>.</summary>
    public ReadOnlySpan<byte> PrefixOf(ReadOnlySpan<byte> name) => Prefix.Length == 0 || _exempt.Contains(name) ? default : Prefix;

    /// <summary><see cref="DogStatsdStatus.Ok"/>, or why samples of that name are not taken.</summary>
    public DogStatsdStatus StatusOf(ReadOnlySpan<byte> name) =>
        _filtersNothing ? DogStatsdStatus.Ok
        : _ignored.Contains(name) ? DogStatsdStatus.IgnoredName
        : (PrefixOf(name).IsEmpty ? _blockedExempt : _blocked).Contains(name) ? DogStatsdStatus.BlockedName
        : DogStatsdStatus.Ok;
}

/// <summary>Names and beginnings of names, found by binary search.</summary>
internal sealed class NameList
{
    private readonly byte[][] _names;
    private readonly byte[][] _prefixes;

    public NameList(IEnumerable<string> names, IEnumerable<string> prefixes)
    {
        _names = Sorted(names);
        byte[][] sorted = Sorted(prefixes);

        // One that begins as another does adds nothing; without them only the nearest one below a name can be its beginning.
        _prefixes = [.. sorted.Where(one => !Array.Exists(sorted, other => other != one && one.AsSpan().StartsWith(other)))];
    }

    public bool IsEmpty => _names.Length == 0 && _prefixes.Length == 0;

    public bool Contains(ReadOnlySpan<byte> name)
    {
        int at = LastNotAbove(_names, name);
        if (at >= 0 && name.SequenceEqual(_names[at]))
        {
            return true;
        }

        at = LastNotAbove(_prefixes, name);
        return at >= 0 && name.StartsWith(_prefixes[at]);
    }

    private static byte[][] Sorted(IEnumerable<string> texts)
    {
        byte[][] sorted = [.. texts.Distinct().Select(Encoding.UTF8.GetBytes)];
        Array.Sort(sorted, static (x, y) => x.AsSpan().SequenceCompareTo(y));
        return sorted;
    }

    private static int LastNotAbove(byte[][] sorted, ReadOnlySpan<byte> name)
    {
        int low = 0;
        int high = sorted.Length;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (name.SequenceCompareTo(sorted[middle]) >= 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low - 1;
    }
}
