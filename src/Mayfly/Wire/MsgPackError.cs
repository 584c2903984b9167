namespace Mayfly.Wire;

/// <summary>Why msgpack bytes were rejected. Stands, with the byte offset, in the answer to the client.</summary>
public enum MsgPackError
{
    None,

    /// <summary>The bytes end inside a value, or a declared length is larger than what is left.</summary>
    Truncated,

    /// <summary>0xc1, which msgpack never uses.</summary>
    ReservedByte,

    /// <summary>A well-formed value of a type that its place does not take.</summary>
    WrongType,

    /// <summary>An integer outside the range of its field.</summary>
    NumberOutOfRange,

    /// <summary>Arrays and maps nested deeper than <see cref="MsgPackReader.MaxDepth"/>.</summary>
    TooDeep,

    /// <summary>A fixed-size array with another number of elements.</summary>
    WrongElementCount,

    /// <summary>A reference to an entry that the string table does not have.</summary>
    IndexOutOfRange,

    /// <summary>Not msgpack at all: the JSON that stands in its place is malformed there.</summary>
    InvalidJson,

    /// <summary>More elements, or more text to convert, than one request may carry.</summary>
    LimitExceeded,
}
