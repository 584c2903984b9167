using Mayfly.Wire;

namespace Mayfly.Platforms.Lambda;

/// <summary>
/// Turns an event or a response into tags, one per value: <c>function.request.headers.host</c>. What looks like a secret by its name is left out
/// (docs/spec/01-lambda-lifecycle.md#49-payload-capture).
/// </summary>
/// <remarks>
/// <para>Two passes over the bytes, no tree. Bounded by <see cref="MaxTags"/>, <see cref="MaxBytes"/> and <see cref="MaxValueCharacters"/>; a value that does
/// not fit is
/// counted in <see cref="CapturedPayload.Omitted"/>, and smaller ones after it may still fit, within the first <see cref="MaxTags"/> values.</para>
/// <para>A payload that is no JSON, or is nested deeper than 128, yields no tags. Of a repeated member both values are listed; the last one wins where tags
/// are set.</para>
/// <para>Everything below a name that looks like a secret counts as one, since <c>"authorization":["…"]</c> is how multi-value headers look.</para>
/// </remarks>
public static class PayloadCapture
{
    public const string RequestKey = "function.request";
    public const string ResponseKey = "function.response";

    /// <summary>
    /// Values that are looked at per payload, texts of JSON included: a large API Gateway event has about 150. The rest is only counted, which bounds
    /// the time as well.
    /// </summary>
    public const int MaxTags = 1024;

    /// <summary>Bytes of all keys and values of a payload, as UTF-8.</summary>
    public const int MaxBytes = 256 * 1024;

    /// <summary>A longer value is cut: Unicode characters.</summary>
    public const int MaxValueCharacters = 4096;

    /// <param name="json">The event or the response.</param>
    /// <param name="key">Name of the whole; it begins every tag's key.</param>
    /// <param name="maxDepth">Values at this depth or deeper are one tag each, as compact JSON. The payload itself is at depth 0.</param>
    public static CapturedPayload Read(ReadOnlySpan<byte> json, string key, int maxDepth)
    {
        if (!JsonSyntax.IsValid(json))
        {
            return CapturedPayload.Empty;
        }

        using var tags = new CapturedTags(key);
        using PooledBuffer scratch = PooledBuffer.Rent();
        new PayloadWalk(tags, scratch, Math.Min(maxDepth, JsonSyntax.MaxDepth)).VisitJson(json, depth: 0, isSecret: false);
        return tags.ToPayload();
    }
}

/// <summary>The tags of one payload.</summary>
/// <param name="Tags">In the payload's order.</param>
/// <param name="Omitted">Values that the limits left no room for.</param>
public sealed record CapturedPayload(IReadOnlyList<KeyValuePair<string, string>> Tags, int Omitted)
{
    public static CapturedPayload Empty { get; } = new([], 0);
}
