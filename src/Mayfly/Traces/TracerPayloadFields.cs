using System.Text;
using Mayfly.Wire;

namespace Mayfly.Traces;

/// <summary>The fields of a TracerPayload that come from its spans: from a root where one has them, else from the first span that has.</summary>
/// <remarks>docs/spec/03-traces.md#35-root-chunk-fields-top-level-measured</remarks>
internal sealed class TracerPayloadFields(string defaultEnv)
{
    private readonly byte[] _defaultEnv = Encoding.UTF8.GetBytes(defaultEnv);
    private Candidate _env;
    private Candidate _version;
    private Candidate _hostname;
    private Candidate _runtimeId;

    public ReadOnlySpan<byte> Env => _env.Value.IsEmpty ? _defaultEnv : _env.Value.Span;

    public ReadOnlySpan<byte> AppVersion => _version.Value.Span;

    public ReadOnlySpan<byte> Hostname => _hostname.Value.Span;

    public ReadOnlySpan<byte> RuntimeId => _runtimeId.Value.Span;

    /// <summary>Starts a request: what its body says about itself is stronger than its spans.</summary>
    public void Begin(RequestFields request)
    {
        _env = new Candidate(request.Env, !request.Env.IsEmpty);
        _version = new Candidate(request.AppVersion, !request.AppVersion.IsEmpty);
        _hostname = new Candidate(request.Hostname, !request.Hostname.IsEmpty);
        _runtimeId = new Candidate(request.RuntimeId, !request.RuntimeId.IsEmpty);
    }

    public void Clear() => _env = _version = _hostname = _runtimeId = default;

    public void Gather(in TraceChunk chunk)
    {
        Gather(ref _env, "env"u8, chunk);
        Gather(ref _version, "version"u8, chunk);
        Gather(ref _hostname, "_dd.hostname"u8, chunk);
        Gather(ref _runtimeId, "runtime-id"u8, chunk);
    }

    private static void Gather(ref Candidate candidate, ReadOnlySpan<byte> key, in TraceChunk chunk)
    {
        if (candidate.IsFinal)
        {
            return;
        }

        if (chunk.Root.Meta.TryFind(key, out Utf8Slice value) && !value.IsEmpty)
        {
            candidate = new Candidate(value, isFinal: true);
            return;
        }

        for (int i = 0; candidate.Value.IsEmpty && i < chunk.Spans.Length; i++)
        {
            if (chunk.Spans[i].Meta.TryFind(key, out value))
            {
                candidate = new Candidate(value, isFinal: false);
            }
        }
    }

    private readonly struct Candidate(Utf8Slice value, bool isFinal)
    {
        public Utf8Slice Value { get; } = value;

        public bool IsFinal { get; } = isFinal;
    }
}
