using Mayfly.Config;
using Mayfly.Traces;

namespace Mayfly.Platforms.Compat;

/// <summary>Takes out the spans of calls to the agent itself; whatever else is local may be the customer's.</summary>
/// <remarks>docs/spec/03-traces.md#33-internal-spans-that-are-removed</remarks>
public sealed class OwnTraffic(Settings settings) : ISpanInspector
{
    private readonly OwnUrls _urls = new(
        from host in new[] { "127.0.0.1", "localhost" }
        from port in new[] { settings.Listeners.TracePort, settings.DogStatsd.Port }
        where port != 0
        select $"{host}:{port}");

    public SpanVerdict Inspect(Span span, in TraceHeaders headers) => _urls.AreCalledBy(span) ? SpanVerdict.Drop : SpanVerdict.Keep;
}
