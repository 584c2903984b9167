using Mayfly.Http;
using Mayfly.Wire;

namespace Mayfly.Platforms.Lambda.RuntimeProxy;

/// <summary>What became of the copy of a relayed body. The stream itself goes on whatever it is.</summary>
public enum CopyStatus
{
    Complete,

    /// <summary>The body is larger than the limit: there is no copy.</summary>
    TooLarge,

    /// <summary>All copies and request bodies together filled their memory: there is no copy.</summary>
    NoRoom,
}

/// <summary>The head, content and trailers of a message that is passing through, within limits. Whoever makes it disposes it.</summary>
internal sealed class MessageCopy(BodyBudget budget, int limitBytes) : IDisposable
{
    /// <summary>Like the limit for heads: an error's body travels in a trailer.</summary>
    private const int TrailersLimitBytes = 1024 * 1024;

    private readonly PooledBuffer _head = PooledBuffer.Rent();
    private PooledBuffer? _body;
    private PooledBuffer? _trailers;
    private long _taken;
    private bool _isDropped;

    public CopyStatus Status { get; private set; }

    public HeaderLines Headers => new(_head.Written[HttpHeadParser.HeadersStart(_head.WrittenSpan)..]);

    public HeaderLines Trailers => new(_trailers?.Written ?? default);

    public ReadOnlyMemory<byte> Body => _body?.Written ?? default;

    /// <summary>True: the message's framing was broken, and there is nothing to show.</summary>
    public bool IsDropped => _isDropped;

    public void SetHead(ReadOnlySpan<byte> head)
    {
        _head.Clear();
        _head.Write(head);
    }

    public void AddBody(ReadOnlySpan<byte> bytes)
    {
        if (Status != CopyStatus.Complete || bytes.IsEmpty)
        {
            return;
        }

        if (_taken + bytes.Length > limitBytes)
        {
            GiveUp(CopyStatus.TooLarge);
        }
        else if (!budget.TryTake(bytes.Length))
        {
            GiveUp(CopyStatus.NoRoom);
        }
        else
        {
            _taken += bytes.Length;
            _body ??= PooledBuffer.Rent(bytes.Length);
            _body.Write(bytes);
        }
    }

    /// <summary>Trailers over the limit are left out from there on.</summary>
    public void AddTrailer(ReadOnlySpan<byte> bytes)
    {
        _trailers ??= PooledBuffer.Rent();
        if (_trailers.Length + bytes.Length <= TrailersLimitBytes)
        {
            _trailers.Write(bytes);
        }
    }

    public void Drop()
    {
        _isDropped = true;
        ReleaseBody();
    }

    public void Dispose()
    {
        ReleaseBody();
        _head.Dispose();
        _trailers?.Dispose();
        _trailers = null;
    }

    private void GiveUp(CopyStatus status)
    {
        Status = status;
        ReleaseBody();
    }

    private void ReleaseBody()
    {
        budget.Release(_taken);
        _taken = 0;
        _body?.Dispose();
        _body = null;
    }
}
