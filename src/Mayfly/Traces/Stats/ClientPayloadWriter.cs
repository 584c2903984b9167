using Mayfly.Wire;

namespace Mayfly.Traces.Stats;

/// <summary>
/// Writes ClientStatsPayload messages group by group: one, or several with the same fields where one would be too large for a body of the intake
/// (docs/spec/03-traces.md#45-sending). Payloads and buckets without groups do not appear.
/// </summary>
/// <remarks>Not thread-safe. Containers have 32-bit heads, as those of the JavaScript tracer.</remarks>
internal sealed class ClientPayloadWriter : IDisposable
{
    /// <summary>The most groups in a body of the intake.</summary>
    public const int MaxGroups = 4000;

    /// <summary>The largest body of the intake before compression; one group that is larger goes alone.</summary>
    public const int MaxBytes = 3 * 1024 * 1024;

    private readonly PooledBuffer _output = PooledBuffer.Rent(4096);
    private int _start;
    private int _buckets;
    private int _bucketsMark;
    private int _bucketGroups;
    private int _bucketMark;
    private int _groups;
    private long _units;
    private bool _isSplit;

    /// <summary>The fields of the payload; filled before its first group.</summary>
    public EncodedMap Payload { get; } = new();

    /// <summary>The fields of the bucket; filled before its first group.</summary>
    public EncodedMap Bucket { get; } = new();

    /// <summary>The group; filled before <see cref="EndGroup"/>, which does not clear it.</summary>
    public EncodedMap Group { get; } = new();

    /// <summary>The finished messages, as ranges of <see cref="Output"/>.</summary>
    public List<EncodedStats> Finished { get; } = [];

    public ReadOnlySpan<byte> Output => _output.WrittenSpan;

    /// <summary>Appends <see cref="Group"/>, which stands for <paramref name="units"/> hits.</summary>
    public void EndGroup(long units)
    {
        int sizeBytes = _output.Length - _start + Group.Bytes.Length + Payload.Tail.Length + Bucket.Tail.Length;
        if (_groups == MaxGroups || (_groups > 0 && sizeBytes > MaxBytes))
        {
            _isSplit = true;
            Close();
        }

        var encoder = new MsgPackEncoder(_output);
        if (_groups == 0)
        {
            _start = _output.Length;
            encoder.BeginMap(Payload.Count + 1);
            _output.Write(Payload.Head);
            encoder.Text("Stats"u8);
            _bucketsMark = encoder.BeginArray();
        }

        if (_bucketGroups == 0)
        {
            encoder.BeginMap(Bucket.Count + 1);
            _output.Write(Bucket.Head);
            encoder.Text("Stats"u8);
            _bucketMark = encoder.BeginArray();
            _buckets++;
        }

        encoder.BeginMap(Group.Count);
        _output.Write(Group.Bytes.WrittenSpan);
        _bucketGroups++;
        _groups++;
        _units += units;
    }

    /// <summary>Ends the bucket.</summary>
    public void EndBucket()
    {
        if (_bucketGroups > 0)
        {
            new MsgPackEncoder(_output).SetCount(_bucketMark, _bucketGroups);
            _output.Write(Bucket.Tail);
            _bucketGroups = 0;
        }
    }

    /// <summary>Ends the payload, and its last bucket.</summary>
    public void EndPayload()
    {
        Close();
        _isSplit = false;
    }

    /// <summary>Forgets what was finished.</summary>
    public void Clear()
    {
        _output.Clear();
        Finished.Clear();
    }

    public void Dispose()
    {
        _output.Dispose();
        Payload.Dispose();
        Bucket.Dispose();
        Group.Dispose();
    }

    private void Close()
    {
        EndBucket();
        if (_groups > 0)
        {
            new MsgPackEncoder(_output).SetCount(_bucketsMark, _buckets);
            _output.Write(Payload.Tail);
            Finished.Add(new EncodedStats(_start, _output.Length - _start, _groups, _units, _isSplit));
        }

        _buckets = _groups = 0;
        _units = 0;
    }
}

/// <summary>One ClientStatsPayload within a <see cref="ClientPayloadWriter"/>'s output.</summary>
/// <param name="IsPart">Other parts of the same payload are messages of their own.</param>
internal readonly record struct EncodedStats(int Start, int SizeBytes, int Groups, long Units, bool IsPart);
