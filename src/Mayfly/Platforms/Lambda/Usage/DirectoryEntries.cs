using System.Buffers.Binary;

namespace Mayfly.Platforms.Lambda.Usage;

/// <summary>
/// Walks entries as <c>getdents64</c> writes them: inode (8 bytes), offset (8), length of the entry (2, little-endian), type (1), name up to a 0.
/// A length that cannot be ends the walk.
/// </summary>
internal ref struct DirectoryEntries(ReadOnlySpan<byte> entries)
{
    private const int LengthAt = 16;
    private const int NameAt = 19;

    private ReadOnlySpan<byte> _rest = entries;

    /// <summary>Takes the next entry's name.</summary>
    public bool TryTake(out ReadOnlySpan<byte> name)
    {
        name = default;
        if (_rest.Length <= NameAt)
        {
            return false;
        }

        int length = BinaryPrimitives.ReadUInt16LittleEndian(_rest[LengthAt..]);
        if (length <= NameAt || length > _rest.Length)
        {
            return false;
        }

        name = _rest[NameAt..length];
        int end = name.IndexOf((byte)0);
        name = end < 0 ? name : name[..end];
        _rest = _rest[length..];
        return true;
    }
}
