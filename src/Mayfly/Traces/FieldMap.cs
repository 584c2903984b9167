using Mayfly.Wire;

namespace Mayfly.Traces;

/// <summary>The fields that one kind of msgpack map has, by their names.</summary>
internal interface IFields
{
    /// <summary>Reads the value of the field <paramref name="key"/> to where it belongs, or steps over it; false: the reader says why.</summary>
    static abstract bool TryRead(ref MsgPackReader reader, DecodeScratch scratch, ReadOnlySpan<byte> key);
}

/// <summary>A msgpack map whose keys are names of fields, in any order.</summary>
internal static class FieldMap
{
    public static bool TryRead<TFields>(ref MsgPackReader reader, DecodeScratch scratch)
        where TFields : struct, IFields
    {
        if (!reader.TryReadMapHeader(out int fields))
        {
            return false;
        }

        for (; fields > 0; fields--)
        {
            if (!reader.TryReadBytes(out Utf8Slice key) || !TFields.TryRead(ref reader, scratch, key.Span))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The same; nil is the map without fields.</summary>
    public static bool TryReadOrNil<TFields>(ref MsgPackReader reader, DecodeScratch scratch)
        where TFields : struct, IFields => reader.TryTakeNil() || TryRead<TFields>(ref reader, scratch);
}
