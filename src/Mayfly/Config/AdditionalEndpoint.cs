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
        string? text = env.Text(key);
        if (text is null)
        {
            return [];
        }

        var endpoints = new List<T>();
        if (!TryReadKeys(text, out List<(string Address, string ApiKey)> pairs))
        {
            env.Warn(key, text, """a JSON object such as {"https://trace.agent.datadoghq.eu":["key"]}; nothing is sent twice""");
        }

        foreach ((string address, string apiKey) in pairs)
        {
            if (read(address, apiKey) is { } endpoint)
            {
                endpoints.Add(endpoint);
            }
            else
            {
                env.Warn(key, address, "an http or https URL, or a host; nothing is sent there");
            }
        }

        return endpoints;
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
