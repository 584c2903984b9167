using System.Text;

namespace Mayfly.Wire;

/// <summary>
/// UTF-8 text as a range of somebody else's array: 16 bytes, no allocation. Bytes stay bytes until somebody keeps them.
/// </summary>
/// <remarks><c>default</c> is the empty text. Valid as long as the array's owner keeps it (a request body until decoding ends).</remarks>
public readonly struct Utf8Slice(byte[] array, int offset, int length) : IEquatable<Utf8Slice>
{
    private readonly byte[]? _array = array;

    /// <summary>First byte within the array.</summary>
    public int Offset { get; } = offset;

    /// <summary>Length in bytes.</summary>
    public int Length { get; } = length;

    public bool IsEmpty => Length == 0;

    /// <summary>The text's bytes.</summary>
    public ReadOnlySpan<byte> Span => new(_array, Offset, Length);

    /// <summary>A slice over the whole of <paramref name="text"/>, encoded anew: for text that is made once and kept, such as tags.</summary>
    public static Utf8Slice From(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        return new Utf8Slice(bytes, 0, bytes.Length);
    }

    /// <summary>A slice over a private copy of <paramref name="bytes"/>.</summary>
    public static Utf8Slice Copy(ReadOnlySpan<byte> bytes) => new(bytes.ToArray(), 0, bytes.Length);

    /// <summary>A part of the text.</summary>
    public Utf8Slice Slice(int start, int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)start + (ulong)(uint)length, (uint)Length);
        return new Utf8Slice(_array ?? [], Offset + start, length);
    }

    public bool Equals(Utf8Slice other) => Span.SequenceEqual(other.Span);

    public bool SequenceEqual(ReadOnlySpan<byte> other) => Span.SequenceEqual(other);

    public override bool Equals(object? obj) => obj is Utf8Slice other && Equals(other);

    public override int GetHashCode()
    {
        HashCode hash = default;
        hash.AddBytes(Span);
        return hash.ToHashCode();
    }

    /// <summary>The text as a string; invalid sequences become U+FFFD.</summary>
    public override string ToString() => Encoding.UTF8.GetString(Span);

    public static bool operator ==(Utf8Slice left, Utf8Slice right) => left.Equals(right);

    public static bool operator !=(Utf8Slice left, Utf8Slice right) => !left.Equals(right);
}
