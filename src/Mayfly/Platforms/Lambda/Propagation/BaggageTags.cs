using Mayfly.Config;
using Mayfly.Diagnostics;

namespace Mayfly.Platforms.Lambda.Propagation;

/// <summary>
/// Baggage that travels beside a context and becomes tags: OpenTracing's <c>ot-baggage-key</c> headers, and the configured keys of W3C's <c>baggage</c> as
/// <c>baggage.key</c> (docs/spec/02-triggers.md#63-configuration-and-composition).
/// </summary>
internal sealed class BaggageTags(PropagationSettings settings, Counters? counters)
{
    public const string Header = "baggage";

    private const string TagPrefix = "baggage.";

    /// <summary>More baggage than that is ignored: each item is a tag on a span.</summary>
    private const int MaxItems = 64;

    /// <summary>The limit of W3C for all baggage of a request.</summary>
    private const int MaxCharacters = 8192;

    private readonly bool _isW3C = settings.ExtractStyles.Contains(PropagationStyle.Baggage);

    /// <summary>Never replaces a tag that propagation itself relies on.</summary>
    public void AddTo(ContextTags tags, Carrier carrier)
    {
        var room = new Room { Items = MaxItems, Characters = MaxCharacters };
        if (settings.HttpBaggage)
        {
            foreach ((string name, string value) in carrier.Entries)
            {
                if (PropagationHeader.BaggageKey(name) is { } key)
                {
                    Add(tags, key, value, ref room);
                }
            }
        }

        if (_isW3C && carrier.Find(Header) is { } header)
        {
            AddW3C(tags, header, ref room);
        }
    }

    /// <summary><c>key=value;property,key=value</c>, percent-encoded. One malformed member discards the whole, as it does for tracers.</summary>
    private void AddW3C(ContextTags tags, string header, ref Room room)
    {
        if (header.Length > MaxCharacters)
        {
            counters?.Omit(Omission.BaggageItem, 1);
            return;
        }

        var members = new List<(string Key, string Value)>();
        foreach (string member in header.Split(','))
        {
            string[] pair = member.Split(';')[0].Split('=', 2, StringSplitOptions.TrimEntries);
            if (pair is not [{ Length: > 0 }, { Length: > 0 }])
            {
                return;
            }

            members.Add((Uri.UnescapeDataString(pair[0]), Uri.UnescapeDataString(pair[1])));
        }

        foreach ((string key, string value) in members)
        {
            if (settings.BaggageTagKeys.Contains(key) || settings.BaggageTagKeys.Contains("*"))
            {
                Add(tags, TagPrefix + key, value, ref room);
            }
        }
    }

    private void Add(ContextTags tags, string key, string value, ref Room room)
    {
        if (room.Items == 0 || key.Length + value.Length > room.Characters)
        {
            counters?.Omit(Omission.BaggageItem, 1);
        }
        else if (tags.TryAdd(key, value))
        {
            room.Items--;
            room.Characters -= key.Length + value.Length;
        }
    }

    private struct Room
    {
        public int Items;
        public int Characters;
    }
}
