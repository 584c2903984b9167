namespace Mayfly.Platforms.Lambda.RuntimeProxy;

/// <summary>How the end of a message's body is found (RFC 9112, section 6).</summary>
internal enum BodyFraming
{
    None,
    Length,
    Chunked,

    /// <summary>The body ends with the connection.</summary>
    UntilClose,
}

/// <summary>What the relay has to know of a request's head.</summary>
/// <param name="Closes">The client wants the connection closed after the answer.</param>
internal readonly record struct RequestHead(Range Method, Range Target, BodyFraming Framing, long ContentLength, bool Closes, bool IsHead, bool IsConnect);

/// <summary>What the relay has to know of a response's head.</summary>
/// <param name="Closes">The server will close the connection after the body.</param>
internal readonly record struct ResponseHead(int Status, BodyFraming Framing, long ContentLength, bool Closes);
