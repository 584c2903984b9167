using Mayfly.Diagnostics;
using Mayfly.Wire;

namespace Mayfly.Intake;

/// <summary>One request body for an intake, encoded and not yet compressed. Owned by the flush that took it until it is delivered or dropped.</summary>
public sealed class IntakePayload(Signal signal, IntakeKind kind, PooledBuffer body, long units) : IDisposable
{
    public Signal Signal { get; } = signal;

    public IntakeKind Kind { get; } = kind;

    /// <summary>The encoded body.</summary>
    public PooledBuffer Body { get; } = body;

    /// <summary>How many accepted units (spans, samples, log events) the body stands for.</summary>
    public long Units { get; } = units;

    public void Dispose() => Body.Dispose();
}

/// <summary>The intake endpoint that a payload is for; <c>IntakeEndpoints</c> knows its address, content type and headers.</summary>
public enum IntakeKind
{
    /// <summary>AgentPayload protobuf, <c>/api/v0.2/traces</c>.</summary>
    Traces,

    /// <summary>MetricPayload protobuf, <c>/api/v2/series</c>.</summary>
    Series,

    /// <summary>SketchPayload protobuf, <c>/api/beta/sketches</c>.</summary>
    Sketches,

    /// <summary>JSON array of log events, <c>/api/v2/logs</c>.</summary>
    Logs,
}
