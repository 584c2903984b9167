namespace Mayfly.Platforms.Lambda.RuntimeProxy;

/// <summary>
/// Goes through header lines <c>name: value</c>, ended by CR LF or LF, up to the empty line or the end of the bytes. A line that begins with white space
/// continues the one before it and is given out as a line without a name.
/// </summary>
internal ref struct HeaderLineReader(ReadOnlySpan<byte> lines)
{
    private ReadOnlySpan<byte> _rest = lines;

    /// <summary>The whole line, its end included.</summary>
    public ReadOnlySpan<byte> Line { get; private set; }

    /// <summary>Empty for a continuation and for a line without a colon.</summary>
    public ReadOnlySpan<byte> Name { get; private set; }

    /// <summary>Without the white space around it.</summary>
    public ReadOnlySpan<byte> Value { get; private set; }

    public bool IsContinuation { get; private set; }

    public bool MoveNext()
    {
        int end = _rest.IndexOf((byte)'\n');
        Line = end < 0 ? _rest : _rest[..(end + 1)];
        _rest = _rest[Line.Length..];
        ReadOnlySpan<byte> text = WithoutEnd(Line);
        if (text.IsEmpty)
        {
            return false;
        }

        IsContinuation = text[0] is (byte)' ' or (byte)'\t';
        int colon = IsContinuation ? -1 : text.IndexOf((byte)':');
        Name = colon < 0 ? default : text[..colon];
        Value = (colon < 0 ? text : text[(colon + 1)..]).Trim(" \t"u8);
        return true;
    }

    /// <summary>A line without the one LF or CR LF that ends it. Another CR before that is part of the text: peers disagree about what it means.</summary>
    public static ReadOnlySpan<byte> WithoutEnd(ReadOnlySpan<byte> line)
    {
        line = line is [.., (byte)'\n'] ? line[..^1] : line;
        return line is [.., (byte)'\r'] ? line[..^1] : line;
    }
}
