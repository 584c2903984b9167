namespace Mayfly.Platforms.Lambda.RuntimeProxy;

/// <summary>One message of the Runtime API that concerns an invocation. All bytes are valid during the observer's call only.</summary>
/// <param name="RequestId">From the answer's <c>Lambda-Runtime-Aws-Request-Id</c> or from the path.</param>
/// <param name="Headers">As sent, hop-by-hop ones included.</param>
/// <param name="Body">Without chunking; empty when <paramref name="BodyStatus"/> is not <see cref="CopyStatus.Complete"/>.</param>
/// <param name="BodyStatus">Whether the body could be copied.</param>
/// <param name="Trailers">A streaming response that fails half-way says so here: <c>Lambda-Runtime-Function-Error-Type</c> and <c>-Body</c>.</param>
public readonly record struct RuntimeMessage(string RequestId, HeaderLines Headers, ReadOnlyMemory<byte> Body, CopyStatus BodyStatus, HeaderLines Trailers);
