using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Mayfly.Config;

/// <summary>Another intake that gets a copy of all payloads of a kind, under a key of its own.</summary>
/// <remarks>docs/spec/05-config.md#3-parsers (metric endpoints map): a JSON object of addresses, each with a list of keys, or with one.</remarks>
public sealed record AdditionalEndpoint(Uri Url, KeySetting ApiKey)
{
    private const string KeysForm = """a key or a list of keys, as texts: {"https://trace.agent.datadoghq.eu":["key"]}; it is skipped""";

    /// <summary>One endpoint per address and key; an address that is none costs itself, and so does a key that is no text.</summary>
    internal static IReadOnlyList<AdditionalEndpoint> Read(EnvReader env, string key, string path) =>
        Read(env, key, (address, apiKey) => IntakeUrls.TryParseBesideKeys(address, path, out Uri? url) ? new AdditionalEndpoint(url, apiKey) : null);

    /// <summary>The same for addresses that are more than the beginnings of URLs: <paramref name="read"/> makes an endpoint of address and key.</summary>
    internal static IReadOnlyList<T> Read<T>(EnvReader env, string key, Func<string, KeySetting, T?> read)
        where T : class
    {
        return env.First<IReadOnlyList<T>>(
            [key], TryRead, """a JSON object such as {"https://trace.agent.datadoghq.eu":["key"]}; nothing is sent twice""", [], isError: true);

        bool TryRead(SettingValue value, out IReadOnlyList<T> endpoints)
        {
            var found = new List<T>();
            endpoints = found;
            var wrong = new List<string>();
            if (!TryReadKeys(value.Text, wrong, out List<(string Address, string ApiKey)> pairs))
            {
                return false;
            }

            wrong.ForEach(part => env.Fail(value, part, KeysForm));
            foreach ((string address, string apiKey) in pairs)
            {
                if (EnvReader.IsHandle(apiKey))
                {
                    env.Fail(value, $"the key of {MaskedEndpoints.Address(address)}", $"the key itself, it is {EnvReader.HandleForm}; nothing is sent there");
                }
                else if (read(address, new KeySetting(apiKey, value.Title)) is { } endpoint)
                {
                    found.Add(endpoint);
                }
                else
                {
                    env.Fail(value, MaskedEndpoints.Address(address), "an http or https URL, or a host; nothing is sent there");
                }
            }

            return true;
        }
    }

    /// <param name="json">The value.</param>
    /// <param name="wrong">Gets the places, without their values, where something else than a key stands.</param>
    /// <param name="pairs">Every address with every key.</param>
    private static bool TryReadKeys(string json, List<string> wrong, out List<(string Address, string ApiKey)> pairs)
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
                    Take(ref reader, address, $"the value of {MaskedEndpoints.Address(address)}", wrong, pairs);
                    continue;
                }

                for (int i = 1; reader.Read() && reader.TokenType != JsonTokenType.EndArray; i++)
                {
                    string place = string.Create(CultureInfo.InvariantCulture, $"element {i} of {MaskedEndpoints.Address(address)}");
                    Take(ref reader, address, place, wrong, pairs);
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

    private static void Take(ref Utf8JsonReader reader, string address, string place, List<string> wrong, List<(string Address, string ApiKey)> pairs)
    {
        if (reader.TokenType == JsonTokenType.String && reader.GetString()!.Trim() is { Length: > 0 } apiKey)
        {
            pairs.Add((address, apiKey));
            return;
        }

        wrong.Add(place);
        reader.Skip();
    }
}
