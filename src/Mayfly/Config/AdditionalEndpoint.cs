using System.Text;
using System.Text.Json;

namespace Mayfly.Config;

/// <summary>Another intake that gets a copy of all payloads of a kind, under a key of its own.</summary>
/// <remarks>docs/spec/05-config.md#3-parsers (metric endpoints map): a JSON object of addresses, each with a list of keys.</remarks>
public sealed record AdditionalEndpoint(Uri Url, string ApiKey)
{
    /// <summary>One endpoint per address and key; an address that is none costs itself, and so does a key that is no text.</summary>
    internal static IReadOnlyList<AdditionalEndpoint> Read(EnvReader env, string key, string path)
    {
        string? text = env.Text(key);
        if (text is null)
        {
            return [];
        }

        var endpoints = new List<AdditionalEndpoint>();
        if (!TryReadKeys(text, out List<(string Address, string ApiKey)> pairs))
        {
            env.Warn(key, text, """a JSON object such as {"https://trace.agent.datadoghq.eu":["key"]}; nothing is sent twice""");
        }

        foreach ((string address, string apiKey) in pairs)
        {
            if (IntakeUrls.TryParse(address, path, out Uri? url))
            {
                endpoints.Add(new AdditionalEndpoint(url, apiKey));
            }
            else
            {
                env.Warn(key, address, "an http or https URL; nothing is sent there");
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
