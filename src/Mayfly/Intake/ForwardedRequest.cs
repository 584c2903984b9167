using Mayfly.Config;

namespace Mayfly.Intake;

/// <summary>A client's request on its way to an intake: all of it but the body and the agent's key.</summary>
/// <param name="Service">What it is called in messages: <c>profiling</c>. One of few.</param>
/// <param name="Method">The client's.</param>
/// <param name="Url">With the path and the query that the intake is to see.</param>
/// <param name="Headers">
/// What the intake is to see, a header of several values as several. The characters of a value are the bytes on the wire (Latin-1). Not among them: the key and
/// what belongs to one connection only.
/// </param>
public sealed record ForwardedRequest(string Service, string Method, Uri Url, IReadOnlyList<KeyValuePair<string, string>> Headers)
{
    /// <summary>The key that this intake wants; null = the agent's.</summary>
    public KeySetting? ApiKey { get; init; }

    /// <summary>The key goes into <c>Authorization: Bearer</c> instead of <c>DD-API-KEY</c>.</summary>
    public bool TakesBearer { get; init; }

    /// <summary>Where copies go.</summary>
    public IReadOnlyList<IntakeDestination> Copies { get; init; } = [];
}

/// <summary>An intake's answer to a request that was passed on, or why there is none.</summary>
/// <param name="Response">Its body is still to be read; null: there is no answer.</param>
/// <param name="TimedOut">There is none because of the time.</param>
/// <param name="Detail">What happened, for a person.</param>
public readonly record struct ForwardedAnswer(HttpResponseMessage? Response, bool TimedOut, string Detail) : IDisposable
{
    public void Dispose() => Response?.Dispose();
}
