using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Mayfly.Config.Files;

/// <summary>One value of a configuration file, with what is in it. A text is as it is written: <c>1.10</c> stays <c>1.10</c>.</summary>
internal sealed class ConfigNode
{
    private ConfigNode(int line, long weight)
    {
        Line = line;
        Weight = weight;
    }

    /// <summary>Where it begins, from 1.</summary>
    public int Line { get; }

    /// <summary>Values and characters of keys and texts in it. What an alias stands for counts each time.</summary>
    public long Weight { get; private set; }

    /// <summary>Null: it is a list or a map, or <see cref="IsNothing"/>.</summary>
    public string? Text { get; private init; }

    /// <summary>Null: it is no list.</summary>
    public List<ConfigNode>? Items { get; private init; }

    /// <summary>In order, a key that is there twice included. Null: it is no map.</summary>
    public List<KeyValuePair<string, ConfigNode>>? Members { get; private init; }

    /// <summary><c>null</c>, <c>~</c>, or nothing behind the colon: as if the key were not there.</summary>
    public bool IsNothing => Text is null && Items is null && Members is null;

    public static ConfigNode OfNothing(int line) => new(line, 1);

    public static ConfigNode OfText(string text, int line) => new(line, 1 + text.Length) { Text = text };

    public static ConfigNode OfList(int line) => new(line, 1) { Items = [] };

    public static ConfigNode OfMap(int line) => new(line, 1) { Members = [] };

    /// <summary>Of a list.</summary>
    public void Add(ConfigNode item)
    {
        Items!.Add(item);
        Weight += item.Weight;
    }

    /// <summary>Of a map.</summary>
    public void Add(string key, ConfigNode value)
    {
        Members!.Add(new(key, value));
        Weight += key.Length + value.Weight;
    }

    /// <summary>As JSON in which every text, number and boolean is a text: what an environment variable would hold.</summary>
    public string ToJson()
    {
        var output = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(output))
        {
            Write(writer);
        }

        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    private void Write(Utf8JsonWriter writer)
    {
        if (Items is not null)
        {
            writer.WriteStartArray();
            Items.ForEach(item => item.Write(writer));
            writer.WriteEndArray();
        }
        else if (Members is not null)
        {
            writer.WriteStartObject();
            foreach ((string key, ConfigNode value) in Members)
            {
                writer.WritePropertyName(key);
                value.Write(writer);
            }

            writer.WriteEndObject();
        }
        else
        {
            writer.WriteStringValue(Text);
        }
    }
}
