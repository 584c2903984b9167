namespace Mayfly.Platforms.Lambda.RuntimeProxy;

/// <summary>Sees the invocations that pass through the Runtime API proxy (docs/spec/01-lambda-lifecycle.md#9-runtime-api-proxy).</summary>
/// <remarks>
/// Called once a message is complete and before its receiver has the last byte of it: the start of an invocation is seen before the function can act on the
/// event, and its end before the platform can report it. The function waits meanwhile, so calls return quickly; what they throw is logged and otherwise
/// ignored. Called from several threads at once for different connections. A message that was cut off is not shown.
/// </remarks>
public interface IRuntimeProxyObserver
{
    /// <summary>The platform gave the runtime an event: the answer of <c>GET …/invocation/next</c>, status 200.</summary>
    void NextAnswered(in RuntimeMessage answer);

    /// <summary>The runtime posted the function's response.</summary>
    void ResponsePosted(in RuntimeMessage response);

    /// <summary>The runtime posted an error instead of a response.</summary>
    void ErrorPosted(in RuntimeMessage error);
}
