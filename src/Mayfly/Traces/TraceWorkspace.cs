using Mayfly.Traces.Normalization;
using Mayfly.Traces.Stats;

namespace Mayfly.Traces;

/// <summary>All that one request needs while it is processed; reused, so that a request allocates nothing.</summary>
internal sealed class TraceWorkspace : IDisposable
{
    private const int MostSinglesKept = 1024;

    public TraceWorkspace(TraceSettings settings, TimeProvider time, Concentrator? concentrator)
    {
        Normalizer = new SpanNormalizer(Scratch.Arena, time);
        Payloads = new TracerPayloadWriter(settings);
        Stats = concentrator?.CreateBatch();
    }

    public DecodeScratch Scratch { get; } = new();

    public SpanNormalizer Normalizer { get; }

    /// <summary>Texts that stand for hidden ones. Apart from what decoding needs, so that much of them cannot make a good request a bad one.</summary>
    public TextArena Obfuscated { get; } = new();

    public SpanIndex Index { get; } = new();

    /// <summary>Room for the spans that are left of a trace.</summary>
    public List<Span> Singles { get; private set; } = [];

    public TracerPayloadWriter Payloads { get; }

    /// <summary>The spans to be counted; null: the agent computes no statistics.</summary>
    public SpanStatsBatch? Stats { get; }

    /// <summary>Lets go of the request, and of what an unusually large one has left behind.</summary>
    public void Trim()
    {
        Scratch.Clear();
        Obfuscated.Clear();
        Payloads.Trim();
        Singles.Clear();
        Singles = Singles.Capacity > MostSinglesKept ? [] : Singles;
        Stats?.Clear();
    }

    public void Dispose()
    {
        Scratch.Clear();
        Obfuscated.Clear();
        Payloads.Dispose();
        Stats?.Dispose();
    }
}

/// <summary>The workspaces that wait for a request: as many as were in use at once, up to <see cref="MostKept"/>.</summary>
internal sealed class TraceWorkspacePool(TraceSettings settings, TimeProvider time, Concentrator? concentrator)
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

        return new TraceWorkspace(settings, time, concentrator);
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
