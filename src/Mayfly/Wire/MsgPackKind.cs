namespace Mayfly.Wire;

/// <summary>The family of a msgpack value, told by its first byte.</summary>
public enum MsgPackKind
{
    /// <summary>There is no next byte.</summary>
    End,
    Nil,
    Boolean,

    /// <summary>An integer or a float, of any width.</summary>
    Number,
    Text,
    Binary,
    Array,
    Map,
    Extension,

    /// <summary>0xc1.</summary>
    Reserved,
}
