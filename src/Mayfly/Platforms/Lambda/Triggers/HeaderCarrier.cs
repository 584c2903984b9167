using System.Text;
using Mayfly.Platforms.Lambda.Propagation;
using Mayfly.Platforms.Lambda.Triggers.Json;

namespace Mayfly.Platforms.Lambda.Triggers;

/// <summary>
/// Headers of a request inside an event: an object of texts, or of arrays of which the first text counts. Only those are kept that a trace context or a tag
/// comes from, at most <see cref="Limit"/>; names become lower case, and of headers with one name the last counts.
/// </summary>
internal static class HeaderCarrier
{
    /// <summary>No request has more of them.</summary>
    public const int Limit = 128;

    /// <summary>Empty if <paramref name="headers"/> is no object.</summary>
    public static Carrier Read(JsonView headers)
    {
        var carrier = new Carrier();
        if (headers.IsObject)
        {
            AddTo(carrier, headers);
        }

        return carrier;
    }

    /// <summary>Null if <paramref name="headers"/> is no object, or has nothing that a trace context or a tag comes from.</summary>
    public static TriggerContext? ContextOf(JsonView headers) => headers.IsObject ? TriggerContext.Of(Read(headers)) : null;

    /// <summary>True when the caller of an HTTP source asked for an asynchronous invocation.</summary>
    public static bool IsAsync(Carrier headers) => headers.Find("x-amz-invocation-type") == "Event";

    private static void AddTo(Carrier carrier, JsonView headers)
    {
        foreach (JsonMember header in headers.Members)
        {
            if (!IsRelevant(header.RawName))
            {
                continue;
            }

            string? value = header.Value.IsArray ? header.Value.First.Text : header.Value.Text;
            if (value is not null && header.LowerName is { } name)
            {
                carrier.SetWithin(Limit, name, value);
            }
        }
    }

    /// <summary>A name with escapes is kept, whatever it stands for.</summary>
    private static bool IsRelevant(ReadOnlySpan<byte> rawName) =>
        rawName.Contains((byte)'\\')
        || PropagationHeader.IsRelevant(rawName)
        || Ascii.EqualsIgnoreCase(rawName, "user-agent"u8) || Ascii.EqualsIgnoreCase(rawName, "referer"u8) || Ascii.EqualsIgnoreCase(rawName, "host"u8)
        || Ascii.EqualsIgnoreCase(rawName, "x-amz-invocation-type"u8);
}
