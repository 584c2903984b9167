using System.Buffers;
using System.Buffers.Text;
using Mayfly.Platforms.Lambda.Propagation;
using Mayfly.Platforms.Lambda.Triggers.Json;
using Mayfly.Wire;

namespace Mayfly.Platforms.Lambda.Triggers;

/// <summary>
/// The member or attribute <c>_datadog</c> by which producers pass their trace context on: a JSON object of texts, either in place, as a text, or as base64
/// (docs/spec/02-triggers.md#62-carrier-locations).
/// </summary>
/// <remarks>A context object of Step Functions in its place stands for the ids that follow from it.</remarks>
internal static class DatadogMember
{
    /// <summary>Longest text that is looked into; a context object of Step Functions can bring the execution's input of 256 KiB.</summary>
    private const int LimitBytes = 1024 * 1024;

    private static readonly JsonNames NoNames = new();

    /// <summary>
    /// Numbers and truth values count as their JSON text; other values that are no text are skipped. Null for an object without a usable value.
    /// </summary>
    public static TriggerContext? FromObject(JsonView member)
    {
        if (!member.IsObject)
        {
            return null;
        }

        if (StepFunctionsContext.Read(member) is { } generated)
        {
            return TriggerContext.Of(generated);
        }

        var carrier = new Carrier();
        foreach (JsonMember entry in member.Members)
        {
            if (entry.Value.ScalarText is { } value && JsonText.ToText(entry.RawName) is { } name)
            {
                carrier.Add(name, value);
            }
        }

        return TriggerContext.Of(carrier);
    }

    /// <summary>A JSON object written into a text; null if it is none.</summary>
    public static TriggerContext? FromText(JsonView text)
    {
        if (text.RawText.Length > LimitBytes)
        {
            return null;
        }

        using PooledBuffer json = PooledBuffer.Rent(text.RawText.Length);
        text.CopyTextTo(json);
        return FromJson(json.WrittenSpan);
    }

    /// <summary>The same in base64.</summary>
    public static TriggerContext? FromBase64(JsonView text)
    {
        using PooledBuffer? json = text.RawText.Length > LimitBytes ? null : DecodeBase64(text);
        return json is null ? null : FromJson(json.WrittenSpan);
    }

    /// <summary>The bytes behind a text in base64, whose padding may be missing; null if it is none.</summary>
    public static PooledBuffer? DecodeBase64(JsonView text)
    {
        PooledBuffer buffer = PooledBuffer.Rent(text.RawText.Length + 2);
        if (TryDecodeBase64(text, buffer))
        {
            return buffer;
        }

        buffer.Dispose();
        return null;
    }

    /// <summary>The same into an empty <paramref name="buffer"/>.</summary>
    public static bool TryDecodeBase64(JsonView text, PooledBuffer buffer)
    {
        text.CopyTextTo(buffer);
        while (buffer.Length % 4 is 2 or 3)
        {
            buffer.WriteByte((byte)'=');
        }

        bool isDone = Base64.DecodeFromUtf8InPlace(buffer.Slice(0, buffer.Length), out int count) == OperationStatus.Done;
        buffer.Truncate(isDone ? count : 0);
        return isDone;
    }

    private static TriggerContext? FromJson(ReadOnlySpan<byte> json) =>
        JsonFields.TryReadEmbedded(json, NoNames, out _) ? FromObject(new JsonView(json.Trim(" \t\r\n"u8))) : null;
}
