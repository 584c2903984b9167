using Mayfly.Wire;

namespace Mayfly.Http;

/// <summary>How reading a request's body went.</summary>
public enum BodyStatus
{
    Ok,

    /// <summary>More bytes than this endpoint takes, as sent or after decompression.</summary>
    TooLarge,

    /// <summary>All requests together hold as much as they may; the client should come back later.</summary>
    NoRoom,

    /// <summary>The connection broke, or the body ended early.</summary>
    Incomplete,

    /// <summary>The body is not what its Content-Encoding says, or that encoding is not supported.</summary>
    BadEncoding,
}

/// <summary>A request's whole body. The handler that read it disposes it, which gives its bytes back to the budget.</summary>
public readonly struct RequestBody : IDisposable
{
    private readonly PooledBuffer? _buffer;
    private readonly BodyBudget? _budget;
    private readonly long _takenBytes;

    internal RequestBody(BodyStatus status) => Status = status;

    internal RequestBody(PooledBuffer buffer, BodyBudget budget, long takenBytes)
    {
        _buffer = buffer;
        _budget = budget;
        _takenBytes = takenBytes;
    }

    public BodyStatus Status { get; }

    /// <summary>The bytes; empty unless <see cref="Status"/> is <see cref="BodyStatus.Ok"/>.</summary>
    public ReadOnlyMemory<byte> Bytes => _buffer?.Written ?? default;

    /// <summary>The array that <see cref="Bytes"/> starts at index 0 of, for decoders that keep slices while they work.</summary>
    public byte[] Array => _buffer?.Array ?? [];

    public int Length => _buffer?.Length ?? 0;

    /// <summary>Hands the bytes over to a new owner, who bounds and disposes them; this body is not disposed then.</summary>
    /// <exception cref="InvalidOperationException"><see cref="Status"/> is not <see cref="BodyStatus.Ok"/>.</exception>
    public PooledBuffer Detach()
    {
        _budget?.Release(_takenBytes);
        return _buffer ?? throw new InvalidOperationException("There is no body.");
    }

    public void Dispose()
    {
        _buffer?.Dispose();
        _budget?.Release(_takenBytes);
    }
}
