namespace Mayfly.Traces;

/// <summary>All that one request needs while it is processed; reused, so that a request allocates nothing.</summary>
internal sealed class TraceWorkspace(TraceSettings settings) : IDisposable
{
    public DecodeScratch Scratch { get; } = new();

    public SpanBatch Batch { get; } = new();

    public SpanIndex Index { get; } = new();

    public TracerPayloadWriter Payloads { get; } = new(settings);

    /// <summary>Lets go of the request, and of what an unusually large one has left behind.</summary>
    public void Trim()
    {
        Scratch.Clear();
        Batch.Trim();
        Payloads.Trim();
    }

    public void Dispose()
    {
        Scratch.Clear();
        Payloads.Dispose();
    }
}

/// <summary>The workspaces that wait for a request: as many as were in use at once, up to <see cref="MostKept"/>.</summary>
internal sealed class TraceWorkspacePool(TraceSettings settings)
{
    private const int MostKept = 4;

    private readonly Lock _gate = new();
    private readonly Stack<TraceWorkspace> _waiting = new(MostKept);

    public TraceWorkspace Rent()
    {
        lock (_gate)
        {
            if (_waiting.TryPop(out TraceWorkspace? workspace))
            {
                return workspace;
            }
        }

        return new TraceWorkspace(settings);
    }

    public void Return(TraceWorkspace workspace)
    {
        workspace.Trim();
        lock (_gate)
        {
            if (_waiting.Count < MostKept)
            {
                _waiting.Push(workspace);
                return;
            }
        }

        workspace.Dispose();
    }
}
