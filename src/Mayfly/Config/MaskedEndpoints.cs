using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Mayfly.Diagnostics;

namespace Mayfly.Config;

/// <summary>
/// What people may see of a map of addresses with their keys, or of a list of log intakes: addresses and ports. Every other value is masked, in whatever form
/// it was written; what cannot be read is masked as a whole.
/// </summary>
/// <remarks>docs/spec/05-config.md#17-mayfly-config</remarks>
internal static class MaskedEndpoints
{
    public static string Of(string text)
    {
        try
        {
            var output = new ArrayBufferWriter<byte>();
            using (var writer = new Utf8JsonWriter(output, PlainJson.Options))
            {
                Copy(new Utf8JsonReader(Encoding.UTF8.GetBytes(text)), writer);
            }

            return Encoding.UTF8.GetString(output.WrittenSpan);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return SecretNames.Stars;
        }
    }

    /// <summary>An address, without a password in it; what does not look like one may be a key in its place.</summary>
    public static string Address(string text) => text.Trim() is var address && (address == "localhost" || address.AsSpan().ContainsAny('.', ':', ' '))
        ? Scrubber.Scrub(SecretNames.MaskUser(address))
        : SecretNames.Mask(address);

    private static void Copy(Utf8JsonReader reader, Utf8JsonWriter writer)
    {
        string shown = "";
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.StartObject:
                    writer.WriteStartObject();
                    break;
                case JsonTokenType.EndObject:
                    writer.WriteEndObject();
                    break;
                case JsonTokenType.StartArray:
                    writer.WriteStartArray();
                    break;
                case JsonTokenType.EndArray:
                    writer.WriteEndArray();
                    break;
                case JsonTokenType.PropertyName:
                    string name = reader.GetString()!;
                    bool isMember = name.ToLowerInvariant() is "api_key" or "host" or "port" or "is_reliable";
                    writer.WritePropertyName(isMember ? name : Address(name));
                    shown = isMember ? name.ToLowerInvariant() : "";
                    continue;
                case JsonTokenType.String:
                    writer.WriteStringValue(Member(shown, reader.GetString()!));
                    break;
                case JsonTokenType.Number or JsonTokenType.True or JsonTokenType.False when shown is "host" or "port" or "is_reliable":
                    writer.WriteRawValue(reader.ValueSpan);
                    break;
                default:
                    writer.WriteStringValue(SecretNames.Stars);
                    break;
            }

            shown = "";
        }
    }

    /// <summary>In a file every value is a text.</summary>
    private static string Member(string name, string value) => name switch
    {
        "host" => Address(value),
        "port" when ushort.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out ushort _) => value,
        "is_reliable" when bool.TryParse(value, out bool _) => value,
        _ => SecretNames.Mask(value),
    };
}
