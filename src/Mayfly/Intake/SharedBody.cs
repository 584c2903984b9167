using Mayfly.Compression;
using Mayfly.Config;
using Mayfly.Wire;

namespace Mayfly.Intake;

/// <summary>A body that goes back to the pool when its last payload is disposed. Thread-safe.</summary>
internal sealed class SharedBody(PooledBuffer buffer, ContentCoding coding = ContentCoding.Identity)
{
    private const int MostCapacityPerLength = 2;
    private const int SmallestWorthFitting = 1024;

    private readonly Lock _gate = new();
    private volatile PooledBuffer _buffer = buffer;
    private volatile ContentCoding _coding = coding;
    private int _payloads = 1;

    public PooledBuffer Buffer => _buffer;

    public ContentCoding Coding => _coding;

    public void Share() => Interlocked.Increment(ref _payloads);

    public void Release()
    {
        if (Interlocked.Decrement(ref _payloads) == 0)
        {
            _buffer.Dispose();
        }
    }

    /// <summary>Appends the body as it was before it was compressed. False: that is not known here.</summary>
    public bool TryCopyPlainTo(PooledBuffer target)
    {
        lock (_gate)
        {
            return Codecs.TryDecompress(_buffer, _coding, target);
        }
    }

    /// <summary>Nothing happens where it is compressed.</summary>
    public void Compress(BodyCompression how)
    {
        lock (_gate)
        {
            if (_coding != ContentCoding.Identity || how.Coding == ContentCoding.Identity)
            {
                return;
            }

            PooledBuffer compressed = Fitting(Codecs.Compress(_buffer.WrittenSpan, how, out ContentCoding coding));
            _buffer.Dispose();
            _buffer = compressed;
            _coding = coding;
        }
    }

    /// <summary>What shrank much lies in a buffer that expected less: it may have to wait, and is counted by its length.</summary>
    private static PooledBuffer Fitting(PooledBuffer compressed)
    {
        if (compressed.Capacity <= MostCapacityPerLength * Math.Max(compressed.Length, SmallestWorthFitting))
        {
            return compressed;
        }

        PooledBuffer fitting = PooledBuffer.Rent(compressed.Length);
        fitting.Write(compressed.WrittenSpan);
        compressed.Dispose();
        return fitting;
    }
}
