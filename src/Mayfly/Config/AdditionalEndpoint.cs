using System.Text;
using System.Text.Json;

namespace Mayfly.Config;

/// <summary>Another intake that gets a copy of all payloads of a kind, under a key of its own.</summary>
/// <remarks>docs/spec/05-config.md#3-parsers (metric endpoints map): a JSON object of addresses, each with a list of keys.</remarks>
public sealed record AdditionalEndpoint(Uri Url, string ApiKey)
{
    /// <summary>One endpoint per address and key; an address that is none costs itself, and so does a key that is no text.</summary>
    internal static IReadOnlyList<AdditionalEndpoint> Read(EnvReader env, string key, string path) =>
        Read(env, key, (address, apiKey) => IntakeUrls.TryParse(address, path, out Uri? url) ? new AdditionalEndpoint(url, apiKey) : null);

    /// <summary>The same for addresses that are more than the beginnings of URLs: <paramref name="read"/> makes an endpoint of address and key.</summary>
    internal static IReadOnlyList<T> Read<T>(EnvReader env, string key, Func<string, string, T?> read)
        where T : class
    {
        return env.First<IReadOnlyList<T>>([key], TryRead, """a JSON object such as {"https://trace.agent.datadoghq.eu":["key"]}; nothing is sent twice""", []);

        bool TryRead(SettingValue value, out IReadOnlyList<T> endpoints)
        {
            var found = new List<T>();
            endpoints = found;
            if (!TryReadKeys(value.Text, out List<(string Address, string ApiKey)> pairs))
            {
                return false;
            }

            foreach ((string address, string apiKey) in pairs)
            {
                if (read(address, apiKey) is { } endpoint)
                {
                    found.Add(endpoint);
                }
                else
                {
                    env.Warn(value, address, "an http or https URL, or a host; nothing is sent there");
                }
            }

            return true;
        }
    }

    private static bool TryReadKeys(string json, out List<(string Address, string ApiKey)> pairs)
    {
        pairs = [];
        try
        {
            var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(json));
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                return false;
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                string address = reader.GetString()!;
                reader.Read();
                if (reader.TokenType != JsonTokenType.StartArray)
                {
                    reader.Skip();
                    continue;
                }

                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    if (reader.TokenType == JsonTokenType.String && reader.GetString()!.Trim() is { Length: > 0 } apiKey)
                    {
                        pairs.Add((address, apiKey));
                    }
                    else
                    {
                        reader.Skip();
                    }
                }
            }

            return !reader.Read();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            pairs.Clear();
            return false;
        }
    }
}
