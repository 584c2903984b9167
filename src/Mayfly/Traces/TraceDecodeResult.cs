using Mayfly.Wire;

namespace Mayfly.Traces;

/// <summary>What became of a traces request.</summary>
/// <param name="Outcome">Decides the status of the answer.</param>
/// <param name="SpanCount">Spans accepted; 0 unless <see cref="TraceOutcome.Accepted"/>.</param>
/// <param name="Reason">Why the body was rejected.</param>
/// <param name="Offset">Where in the body, in bytes.</param>
public readonly record struct TraceDecodeResult(TraceOutcome Outcome, int SpanCount, MsgPackError Reason, int Offset)
{
    /// <summary>The text of the answer to a rejected request: reason and byte offset.</summary>
    public string Message => $"cannot decode traces: {NameOf(Reason)} at byte {Offset}";

    internal static TraceDecodeResult Accepted(int spans) => new(TraceOutcome.Accepted, spans, MsgPackError.None, 0);

    internal static TraceDecodeResult Rejected(MsgPackError reason, int offset) =>
        new(reason == MsgPackError.LimitExceeded ? TraceOutcome.TooLarge : TraceOutcome.Malformed, 0, reason, offset);

    internal static string NameOf(MsgPackError reason) => reason switch
    {
        MsgPackError.None => "no error",
        MsgPackError.Truncated => "unexpected end of the body",
        MsgPackError.ReservedByte => "reserved byte 0xc1",
        MsgPackError.WrongType => "value of an unexpected type",
        MsgPackError.NumberOutOfRange => "number out of range",
        MsgPackError.TooDeep => "nested too deeply",
        MsgPackError.WrongElementCount => "array of an unexpected size",
        MsgPackError.InvalidJson => "invalid JSON",
        MsgPackError.IndexOutOfRange => "string index out of range",
        _ => "limit exceeded",
    };
}

/// <summary>How a traces request is answered.</summary>
public enum TraceOutcome
{
    /// <summary>200 with <see cref="AgentInfo.TracesAccepted"/>.</summary>
    Accepted,

    /// <summary>400 with <see cref="TraceDecodeResult.Message"/>; nothing of the request was kept.</summary>
    Malformed,

    /// <summary>413; nothing of the request was kept.</summary>
    TooLarge,
}
