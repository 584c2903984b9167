using System.Text;
using Mayfly.Traces;
using Mayfly.Wire;

namespace Mayfly.Platforms;

/// <summary>Recognises spans of calls to the agent itself, or to the platform beside it (docs/spec/03-traces.md#33-internal-spans-that-are-removed).</summary>
/// <param name="hosts"><c>host:port</c> each.</param>
public sealed class OwnUrls(IEnumerable<string> hosts)
{
    private readonly byte[][] _urls = [.. hosts.Distinct().Select(static host => Encoding.UTF8.GetBytes("http://" + host))];

    public bool AreCalledBy(Span span) => (span.Meta.TryFind("http.url"u8, out Utf8Slice url) && Contains(url.Span)) || IsConnection(span);

    private bool IsConnection(Span span)
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
        return Contains(url);
    }

    /// <summary>A prefix counts only up to a non-digit: port 81240 is not port 8124.</summary>
    private bool Contains(ReadOnlySpan<byte> url)
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
}
