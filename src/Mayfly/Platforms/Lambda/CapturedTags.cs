using System.Buffers.Text;
using System.Text;
using Mayfly.Wire;

namespace Mayfly.Platforms.Lambda;

/// <summary>Collects a payload's tags within its limits, and keeps the key of the value that is being looked at: <c>root.name.0.name</c>.</summary>
internal sealed class CapturedTags : IDisposable
{
    private readonly List<KeyValuePair<string, string>> _tags = [];
    private readonly PooledBuffer _key = PooledBuffer.Rent();
    private int _bytes;
    private int _omitted;
    private int _texts;

    public CapturedTags(string rootKey) => _key.Write(Encoding.UTF8.GetBytes(rootKey));

    /// <summary>Enough values were looked at: what follows is only counted.</summary>
    public bool IsFull => _tags.Count + _omitted + _texts >= PayloadCapture.MaxTags;

    /// <summary>Length of the key in bytes, to come back to with <see cref="Leave"/>.</summary>
    public int KeyLength => _key.Length;

    /// <summary>Appends the name of a member, given as the inside of a JSON string.</summary>
    /// <returns>The name as text; valid until the key changes.</returns>
    public ReadOnlySpan<byte> Enter(ReadOnlySpan<byte> rawName, bool isEscaped)
    {
        _key.WriteByte((byte)'.');
        int start = _key.Length;
        JsonToken.AppendText(rawName, isEscaped, _key);
        return _key.WrittenSpan[start..];
    }

    /// <summary>Appends the index of an element.</summary>
    public void Enter(int index)
    {
        _key.WriteByte((byte)'.');
        Utf8Formatter.TryFormat(index, _key.GetSpan(11), out int written);
        _key.Advance(written);
    }

    public void Leave(int keyLength) => _key.Truncate(keyLength);

    /// <summary>Gives the current key this value, if it fits.</summary>
    public void Add(ReadOnlySpan<byte> value)
    {
        int size = _key.Length + value.Length;
        if (IsFull || size > PayloadCapture.MaxBytes - _bytes)
        {
            Omit();
            return;
        }

        _bytes += size;
        _tags.Add(new(Encoding.UTF8.GetString(_key.WrittenSpan), Encoding.UTF8.GetString(value)));
    }

    /// <summary>A text turned out to be JSON: work, whether or not there are values in it.</summary>
    public void CountText() => _texts++;

    /// <summary>Counts a value that is not kept.</summary>
    public void Omit() => _omitted++;

    public CapturedPayload ToPayload() => _tags.Count == 0 && _omitted == 0 ? CapturedPayload.Empty : new CapturedPayload(_tags, _omitted);

    public void Dispose() => _key.Dispose();
}
