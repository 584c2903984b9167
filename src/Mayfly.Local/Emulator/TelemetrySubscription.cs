using System.Text.Json;

namespace Mayfly.Local.Emulator;

/// <summary>The categories of telemetry events.</summary>
[Flags]
internal enum TelemetryTypes
{
    None = 0,
    Platform = 1,
    Function = 2,
    Extension = 4,
}

/// <summary>A valid subscription (docs/spec/01-lambda-lifecycle.md#14-telemetry-api).</summary>
/// <param name="Types">What is wanted.</param>
/// <param name="TypeNames">The same, as written.</param>
/// <param name="Port">Where on 127.0.0.1.</param>
/// <param name="IsTcp">Lines over TCP instead of POSTs.</param>
/// <param name="MaxItems">A batch is full with so many events …</param>
/// <param name="MaxBytes">… or with so many bytes …</param>
/// <param name="Timeout">… or is due so long after its first event.</param>
internal sealed record TelemetrySubscription(
    TelemetryTypes Types, IReadOnlyList<string> TypeNames, int Port, bool IsTcp, int MaxItems, int MaxBytes, TimeSpan Timeout)
{
    private static readonly string[] SchemaVersions = ["2022-07-01", "2022-12-13", "2025-01-29"];
    private static readonly string[] ManagedSchemaVersions = ["2025-01-29"];

    /// <summary>Reads a subscription; null with a message for the ValidationError answer.</summary>
    public static TelemetrySubscription? TryParse(ReadOnlyMemory<byte> body, bool isManaged, out string message)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            return TryParse(document.RootElement, isManaged ? ManagedSchemaVersions : SchemaVersions, out message);
        }
        catch (JsonException e)
        {
            message = "failed to parse JSON: " + e.Message;
            return null;
        }
    }

    private static TelemetrySubscription? TryParse(JsonElement root, string[] versions, out string message)
    {
        message = "";
        if (root.ValueKind != JsonValueKind.Object)
        {
            message = "schema validation error: an object is expected";
        }
        else if (!versions.Contains(Text(root, "schemaVersion")))
        {
            message = "schema validation error: schemaVersion has to be one of " + string.Join(", ", versions);
        }

        if (message.Length > 0)
        {
            return null;
        }

        TelemetryTypes types = ParseTypes(root, out List<string> names);
        if (types == TelemetryTypes.None)
        {
            message = "schema validation error: types has to list platform, function, extension or some of them";
            return null;
        }

        if (!TryDestination(root, out int port, out bool isTcp, out message))
        {
            return null;
        }

        bool hasBuffering = root.TryGetProperty("buffering", out JsonElement buffering) && buffering.ValueKind != JsonValueKind.Null;
        if (!TryNumber(buffering, hasBuffering, "maxItems", 1000, 10_000, 10_000, out int maxItems, ref message)
            || !TryNumber(buffering, hasBuffering, "maxBytes", 262_144, 1_048_576, 262_144, out int maxBytes, ref message)
            || !TryNumber(buffering, hasBuffering, "timeoutMs", 25, 30_000, 1000, out int timeoutMs, ref message))
        {
            return null;
        }

        return new TelemetrySubscription(types, names, port, isTcp, maxItems, maxBytes, TimeSpan.FromMilliseconds(timeoutMs));
    }

    private static TelemetryTypes ParseTypes(JsonElement root, out List<string> names)
    {
        names = [];
        TelemetryTypes types = TelemetryTypes.None;
        if (!root.TryGetProperty("types", out JsonElement list) || list.ValueKind != JsonValueKind.Array)
        {
            return types;
        }

        foreach (JsonElement item in list.EnumerateArray())
        {
            TelemetryTypes type = item.ValueKind != JsonValueKind.String ? TelemetryTypes.None : item.GetString() switch
            {
                "platform" => TelemetryTypes.Platform,
                "function" => TelemetryTypes.Function,
                "extension" => TelemetryTypes.Extension,
                _ => TelemetryTypes.None,
            };
            if (type == TelemetryTypes.None)
            {
                return TelemetryTypes.None;
            }

            types |= type;
            names.Add(item.GetString()!);
        }

        return types;
    }

    private static bool TryDestination(JsonElement root, out int port, out bool isTcp, out string message)
    {
        port = 0;
        isTcp = false;
        message = "";
        if (!root.TryGetProperty("destination", out JsonElement destination) || destination.ValueKind != JsonValueKind.Object)
        {
            message = "schema validation error: destination is missing";
            return false;
        }

        switch (Text(destination, "protocol"))
        {
            case "HTTP":
                if (!Uri.TryCreate(Text(destination, "URI"), UriKind.Absolute, out Uri? uri) || uri.Host is not ("sandbox" or "sandbox.localdomain"))
                {
                    message = "Invalid destination: destination.URI host must be sandbox.localdomain";
                    return false;
                }

                port = uri.Port;
                return true;
            case "TCP":
                isTcp = true;
                if (!destination.TryGetProperty("port", out JsonElement number) || !number.TryGetInt32Safe(out port) || port is < 1 or > 65535)
                {
                    message = "Invalid destination: destination.port has to be 1 to 65535";
                    return false;
                }

                return true;
            default:
                message = "schema validation error: destination.protocol has to be HTTP or TCP";
                return false;
        }
    }

    private static bool TryNumber(
        JsonElement buffering, bool hasBuffering, string name, int min, int max, int absent, out int value, ref string message)
    {
        value = absent;
        if (!hasBuffering)
        {
            return true;
        }

        if (buffering.ValueKind == JsonValueKind.Object && !buffering.TryGetProperty(name, out _))
        {
            return true;
        }

        if (buffering.ValueKind == JsonValueKind.Object && buffering.GetProperty(name).TryGetInt32Safe(out value) && value >= min && value <= max)
        {
            return true;
        }

        message = $"schema validation error: buffering.{name} has to be {min} to {max}";
        return false;
    }

    private static string? Text(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}

/// <summary>Reading of JSON values whose kind is not known.</summary>
internal static class JsonElementReading
{
    /// <summary>False for anything that is not a whole number of 32 bits.</summary>
    public static bool TryGetInt32Safe(this JsonElement element, out int value)
    {
        value = 0;
        return element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out value);
    }
}
