using Mayfly.Platforms.Lambda.Propagation;
using Mayfly.Platforms.Lambda.Triggers.Json;

namespace Mayfly.Platforms.Lambda.Triggers;

/// <summary>
/// Headers of a request inside an event: an object of texts, or of arrays of which the first text counts. Names become lower case; other values are skipped.
/// </summary>
internal static class HeaderCarrier
{
    /// <summary>Empty if <paramref name="headers"/> is no object.</summary>
    public static Carrier Read(JsonView headers)
    {
        var carrier = new Carrier();
        if (headers.IsObject)
        {
            foreach (JsonMember header in headers.Members)
            {
                string? value = header.Value.IsArray ? header.Value.First.Text : header.Value.Text;
                if (value is not null && header.LowerName is { } name)
                {
                    carrier.Add(name, value);
                }
            }
        }

        return carrier;
    }

    /// <summary>True when the caller of an HTTP source asked for an asynchronous invocation.</summary>
    public static bool IsAsync(Carrier headers) => headers.Find("x-amz-invocation-type") == "Event";
}
