using System.Diagnostics;
using System.Security.Cryptography;

namespace FunctionCSharp;

/// <summary>
/// The trace of one invocation: the placeholder that the agent turns into the <c>aws.lambda</c> span, and the spans below it.
/// </summary>
internal sealed class TraceContext
{
    public const string Placeholder = "dd-tracer-serverless-span";

    private readonly string _service;
    private readonly Stack<Span> _open = new();
    private readonly List<Span> _spans = [];
    private readonly long _anchorNs = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() * 1_000_000;
    private readonly long _anchorTimestamp = Stopwatch.GetTimestamp();

    public TraceContext(string service, string requestId, ulong? traceId, ulong parentId, int priority, bool agentKnows)
    {
        _service = service;
        TraceId = traceId ?? NewId();
        Priority = priority;
        AgentKnows = agentKnows;
        Root = Open(Placeholder, Placeholder, Placeholder, parentId, "serverless");
        Root.Meta["request_id"] = requestId;
        Root.Metrics["_sampling_priority_v1"] = priority;
    }

    public ulong TraceId { get; }

    public int Priority { get; }

    /// <summary>The agent answered start-invocation; without that a tracer sends no placeholder and no end-invocation.</summary>
    public bool AgentKnows { get; }

    public Span Root { get; }

    public IReadOnlyList<Span> Spans => _spans;

    /// <summary>Runs <paramref name="work"/> inside a child span; an exception marks the span and goes on.</summary>
    public async Task SpanAsync(string name, string resource, string type, Func<Span, Task> work)
    {
        Span span = Open(name, resource, _service, _open.Peek().SpanId, type);
        try
        {
            await work(span);
        }
        catch (Exception e)
        {
            span.Error = 1;
            span.Meta["error.type"] = e.GetType().FullName ?? e.GetType().Name;
            span.Meta["error.msg"] = e.Message;
            throw;
        }
        finally
        {
            Close();
        }
    }

    /// <summary>Ends the placeholder.</summary>
    public void Finish()
    {
        while (_open.Count > 0)
        {
            Close();
        }
    }

    private Span Open(string name, string resource, string service, ulong parentId, string type)
    {
        var span = new Span
        {
            Service = service,
            Name = name,
            Resource = resource,
            Type = type,
            TraceId = TraceId,
            SpanId = NewId(),
            ParentId = parentId,
            StartNs = NowNs(),
        };
        span.Meta["language"] = "dotnet";
        _spans.Add(span);
        _open.Push(span);
        return span;
    }

    private void Close()
    {
        Span span = _open.Pop();
        span.DurationNs = NowNs() - span.StartNs;
    }

    private long NowNs() => _anchorNs + (long)Stopwatch.GetElapsedTime(_anchorTimestamp).TotalNanoseconds;

    private static ulong NewId() => (BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8)) >> 1) | 1;
}
