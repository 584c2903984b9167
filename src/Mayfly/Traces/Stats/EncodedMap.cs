using Mayfly.Wire;

namespace Mayfly.Traces.Stats;

/// <summary>The encoded entries of a map; where it also has a <c>Stats</c> array, those before it and those after it. Reused.</summary>
internal sealed class EncodedMap : IDisposable
{
    private int _split = -1;

    /// <summary>All entries; whoever writes one here counts it.</summary>
    public PooledBuffer Bytes { get; } = PooledBuffer.Rent();

    /// <summary>Number of entries, the array not counted.</summary>
    public int Count { get; set; }

    /// <summary>Entries before the array.</summary>
    public ReadOnlySpan<byte> Head => _split < 0 ? Bytes.WrittenSpan : Bytes.WrittenSpan[.._split];

    /// <summary>Entries after the array.</summary>
    public ReadOnlySpan<byte> Tail => _split < 0 ? default : Bytes.WrittenSpan[_split..];

    /// <summary>Writes the key of an entry and counts it; the caller writes its value to the result.</summary>
    public MsgPackEncoder Add(ReadOnlySpan<byte> key)
    {
        var encoder = new MsgPackEncoder(Bytes);
        encoder.Text(key);
        Count++;
        return encoder;
    }

    public void AddText(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) => Add(key).Text(value);

    /// <summary>Takes out the entry that lies there; nothing, if the range is empty.</summary>
    public void Remove(Range entry)
    {
        (int start, int length) = entry.GetOffsetAndLength(Bytes.Length);
        if (length > 0)
        {
            int behind = Bytes.Length - start - length;
            Bytes.Slice(start + length, behind).CopyTo(Bytes.Slice(start, behind));
            Bytes.Truncate(start + behind);
            Count--;
        }
    }

    /// <summary>The array comes here.</summary>
    public void Split() => _split = Bytes.Length;

    public void Clear()
    {
        Bytes.Clear();
        _split = -1;
        Count = 0;
    }

    public void Dispose() => Bytes.Dispose();
}
