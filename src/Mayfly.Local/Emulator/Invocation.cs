namespace Mayfly.Local.Emulator;

/// <summary>All state of one invocation; with managed instances several live side by side.</summary>
internal sealed class Invocation
{
    private readonly TaskCompletionSource<InvocationResponse> _response = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _runtimeReturned = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public required string RequestId { get; init; }

    public required ReadOnlyMemory<byte> Payload { get; init; }

    public required string FunctionArn { get; init; }

    public string? TraceHeader { get; init; }

    public string? ClientContext { get; init; }

    /// <summary>Unix time.</summary>
    public required long DeadlineMs { get; init; }

    /// <summary>Monotonic start of the INVOKE phase.</summary>
    public required long StartedAt { get; init; }

    /// <summary>Monotonic time at which the runtime was given the event; 0 = never.</summary>
    public long ReleasedAt { get; set; }

    /// <summary>Monotonic time at which the runtime called next again; 0 = never.</summary>
    public long RuntimeReturnedAt { get; private set; }

    public Task<InvocationResponse> Response => _response.Task;

    public Task RuntimeReturned => _runtimeReturned.Task;

    public void SetResponse(InvocationResponse response) => _response.TrySetResult(response);

    public void SetRuntimeReturned(long at)
    {
        RuntimeReturnedAt = at;
        _runtimeReturned.TrySetResult();
    }
}

/// <summary>What the runtime posted.</summary>
/// <param name="Body">Response or error document.</param>
/// <param name="ErrorType">Null = a response.</param>
/// <param name="StartedAt">Monotonic time of the first byte.</param>
/// <param name="EndedAt">Monotonic time of the last byte.</param>
internal sealed record InvocationResponse(byte[] Body, string? ErrorType, long StartedAt, long EndedAt);
