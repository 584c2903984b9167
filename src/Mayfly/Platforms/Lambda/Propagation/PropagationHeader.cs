using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Mayfly.Platforms.Lambda.Propagation;

/// <summary>Tells the few headers that a trace context travels in from all the others, so that only those are copied out of a request or an event.</summary>
public static class PropagationHeader
{
    /// <summary>Longest name that is looked at.</summary>
    private const int MaxNameBytes = 256;

    private const string BaggagePrefix = "ot-baggage-";

    /// <summary>The relevant headers of a request; of a header sent several times the first one counts.</summary>
    public static Carrier CarrierOf(IHeaderDictionary headers)
    {
        var carrier = new Carrier();
        Span<byte> name = stackalloc byte[MaxNameBytes];
        foreach ((string key, StringValues values) in headers)
        {
            if (values.Count > 0 && values[0] is { } value && Encoding.UTF8.TryGetBytes(key, name, out int length) && IsRelevant(name[..length]))
            {
                carrier.Add(key, value);
            }
        }

        return carrier;
    }

    /// <summary>True for the headers of every style, baggage, X-Ray and the client context; any case.</summary>
    internal static bool IsRelevant(ReadOnlySpan<byte> name) =>
        StartsWith(name, "x-datadog-"u8) || StartsWith(name, "x-b3-"u8) || StartsWith(name, "ot-baggage-"u8)
        || Is(name, "traceparent"u8) || Is(name, "tracestate"u8) || Is(name, "b3"u8) || Is(name, "baggage"u8) || Is(name, "lambda-runtime-client-context"u8)
        || Is(name, "x-amzn-trace-id"u8) || Is(name, "AWSTraceHeader"u8);

    /// <summary>The rest of a name that starts with <c>ot-baggage-</c>, in lower case; null for other names and for an empty rest.</summary>
    internal static string? BaggageKey(string name) =>
        name.Length > BaggagePrefix.Length && name.StartsWith(BaggagePrefix, StringComparison.OrdinalIgnoreCase)
            ? name[BaggagePrefix.Length..].ToLowerInvariant()
            : null;

    private static bool StartsWith(ReadOnlySpan<byte> name, ReadOnlySpan<byte> prefix) => name.Length > prefix.Length && Is(name[..prefix.Length], prefix);

    private static bool Is(ReadOnlySpan<byte> name, ReadOnlySpan<byte> other) => Ascii.EqualsIgnoreCase(name, other);
}
