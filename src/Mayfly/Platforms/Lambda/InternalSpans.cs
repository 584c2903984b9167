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

    private readonly byte[][] _urls;

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

        _urls = [.. hosts.Distinct().Select(static host => Encoding.UTF8.GetBytes("http://" + host))];
    }

    public bool Contains(Span span) =>
        span.Name.SequenceEqual("dns.lookup"u8)
        || span.Resource.SequenceEqual("127.0.0.1"u8)
        || span.Resource.SequenceEqual("0.0.0.0"u8)
        || (span.Meta.TryFind("http.url"u8, out Utf8Slice url) && IsInternalUrl(url.Span))
        || (span.Meta.TryFind("dns.address"u8, out Utf8Slice address) && StartsWithAny(LocalAddresses, address.Span))
        || IsInternalConnection(span);

    private bool IsInternalConnection(Span span)
    {
        if (!span.Meta.TryFind("tcp.remote.host"u8, out Utf8Slice host) || !span.Meta.TryFind("tcp.remote.port"u8, out Utf8Slice port))
        {
            return false;
        }

        int length = "http://".Length + host.Length + 1 + port.Length;
        if (length > 256)
        {
            return false;
        }

        Span<byte> url = stackalloc byte[length];
        "http://"u8.CopyTo(url);
        host.Span.CopyTo(url["http://".Length..]);
        url["http://".Length + host.Length] = (byte)':';
        port.Span.CopyTo(url[^port.Length..]);
        return IsInternalUrl(url);
    }

    /// <summary>A prefix counts only up to a non-digit: port 81240 is not port 8124.</summary>
    private bool IsInternalUrl(ReadOnlySpan<byte> url)
    {
        foreach (byte[] prefix in _urls)
        {
            if (url.StartsWith(prefix) && (url.Length == prefix.Length || url[prefix.Length] is < (byte)'0' or > (byte)'9'))
            {
                return true;
            }
        }

        return false;
    }

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
