using System.Text;
using Mayfly.Config;
using Mayfly.Traces;
using Mayfly.Wire;

namespace Mayfly.Platforms.Lambda;

/// <summary>
/// Spans of the machinery around the function: calls to the Runtime API and to the agent's own ports, name look-ups of local addresses. They are the customer's
/// neither to see nor to pay for (docs/spec/03-traces.md#33-internal-spans-that-are-removed).
/// </summary>
public sealed class InternalSpans
{
    private static readonly byte[][] LocalAddresses = [.. new[] { "0.0.0.0", "127.0.0.1", "169.254.79.129" }.Select(Encoding.UTF8.GetBytes)];

    private readonly OwnUrls _urls;

    public InternalSpans(Settings settings)
    {
        ListenerSettings ports = settings.Listeners;
        var hosts = new List<string> { "127.0.0.1:9000", "127.0.0.1:9001", $"127.0.0.1:{ports.LifecyclePort}", $"127.0.0.1:{settings.DogStatsd.Port}" };
        foreach (string host in new[] { "127.0.0.1", "localhost" })
        {
            hosts.Add($"{host}:{ports.TracePort}");
        }

        if (settings.Lambda.RuntimeApi is { } runtimeApi)
        {
            hosts.Add(runtimeApi);
        }

        _urls = new OwnUrls(hosts);
    }

    public bool Contains(Span span) =>
        span.Name.SequenceEqual("dns.lookup"u8)
        || span.Resource.SequenceEqual("127.0.0.1"u8)
        || span.Resource.SequenceEqual("0.0.0.0"u8)
        || (span.Meta.TryFind("dns.address"u8, out Utf8Slice address) && StartsWithAny(LocalAddresses, address.Span))
        || _urls.AreCalledBy(span);

    private static bool StartsWithAny(byte[][] prefixes, ReadOnlySpan<byte> text)
    {
        foreach (byte[] prefix in prefixes)
        {
            if (text.StartsWith(prefix))
            {
                return true;
            }
        }

        return false;
    }
}
