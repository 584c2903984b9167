using Mayfly.Config;
using Mayfly.Diagnostics;
using Mayfly.Intake;
using Mayfly.Wire;

namespace Mayfly.Metrics;

/// <summary>
/// Collects encoded items (elements of a repeated protobuf field, which need no framing) into payloads within the limits. An item that is too large by
/// itself goes alone.
/// </summary>
/// <remarks>
/// A payload that another follows is compressed at once: a flush of thousands of contexts would hold megabytes of bodies, and the process keep them.
/// </remarks>
internal sealed class PayloadBatch(IntakeKind kind, PayloadLimits limits, BodyCompression compression, List<IntakePayload> payloads)
{
    private const int FirstSizeBytes = 4096;

    private PooledBuffer? _body;
    private int _itemCount;
    private int _itemStart;
    private long _units;

    /// <summary>Starts an item; what is written to the result until <see cref="EndItem"/> belongs to it.</summary>
    public ProtobufWriter BeginItem()
    {
        if (_itemCount == limits.MaxItems)
        {
            Close();
            payloads[^1].Compress(compression);
        }

        _body ??= PooledBuffer.Rent(FirstSizeBytes);
        _itemStart = _body.Length;
        return new ProtobufWriter(_body);
    }

    /// <summary>Ends the item, which stands for <paramref name="units"/> samples.</summary>
    public void EndItem(long units)
    {
        PooledBuffer body = _body ?? throw new InvalidOperationException("No item was begun.");
        if (_itemCount > 0 && body.Length > limits.MaxBytes)
        {
            PooledBuffer next = PooledBuffer.Rent(Math.Max(FirstSizeBytes, body.Length - _itemStart));
            next.Write(body.WrittenSpan[_itemStart..]);
            body.Truncate(_itemStart);
            Close();
            payloads[^1].Compress(compression);
            _body = next;
        }

        _itemCount++;
        _units += units;
    }

    /// <summary>Hands over the last payload.</summary>
    public void Close()
    {
        if (_body is not null && _itemCount > 0)
        {
            payloads.Add(new IntakePayload(Signal.Metrics, kind, _body, _units));
        }
        else
        {
            _body?.Dispose();
        }

        _body = null;
        _itemCount = 0;
        _units = 0;
    }
}
