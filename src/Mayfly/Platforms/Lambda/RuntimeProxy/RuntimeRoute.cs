using System.Text;

namespace Mayfly.Platforms.Lambda.RuntimeProxy;

/// <summary>The requests of the Runtime API that are observed; all others just pass.</summary>
internal enum RuntimeRouteKind
{
    Other,
    Next,
    Response,
    Error,
}

/// <summary>What a request is about, in any version of the API.</summary>
/// <param name="RequestId">From the path of a response or an error; empty for the others.</param>
internal readonly record struct RuntimeRoute(RuntimeRouteKind Kind, string RequestId)
{
    private const int LongestRequestId = 256;

    /// <summary><c>GET /{v}/runtime/invocation/next</c>, <c>POST /{v}/runtime/invocation/{id}/response</c> or <c>/error</c>; a query does not matter.</summary>
    public static RuntimeRoute Of(ReadOnlySpan<byte> method, ReadOnlySpan<byte> target)
    {
        ReadOnlySpan<byte> path = Path(target);
        if (!TryTakeSegment(ref path, out _)
            || !TryTakeSegment(ref path, out ReadOnlySpan<byte> api) || !api.SequenceEqual("runtime"u8)
            || !TryTakeSegment(ref path, out ReadOnlySpan<byte> resource) || !resource.SequenceEqual("invocation"u8)
            || !TryTakeSegment(ref path, out ReadOnlySpan<byte> id))
        {
            return default;
        }

        if (path.IsEmpty)
        {
            return method.SequenceEqual("GET"u8) && id.SequenceEqual("next"u8) ? new RuntimeRoute(RuntimeRouteKind.Next, "") : default;
        }

        if (!method.SequenceEqual("POST"u8) || id.Length > LongestRequestId || !TryTakeSegment(ref path, out ReadOnlySpan<byte> what) || !path.IsEmpty)
        {
            return default;
        }

        RuntimeRouteKind kind = what.SequenceEqual("response"u8) ? RuntimeRouteKind.Response
            : what.SequenceEqual("error"u8) ? RuntimeRouteKind.Error
            : RuntimeRouteKind.Other;
        return kind == RuntimeRouteKind.Other ? default : new RuntimeRoute(kind, Encoding.Latin1.GetString(id));
    }

    /// <summary>The target's path: without the scheme and host that a client may write for a proxy, and without the query.</summary>
    private static ReadOnlySpan<byte> Path(ReadOnlySpan<byte> target)
    {
        if (target.StartsWith("http://"u8))
        {
            target = target["http://".Length..];
            int slash = target.IndexOf((byte)'/');
            target = slash < 0 ? default : target[slash..];
        }

        int query = target.IndexOf((byte)'?');
        return query < 0 ? target : target[..query];
    }

    private static bool TryTakeSegment(ref ReadOnlySpan<byte> path, out ReadOnlySpan<byte> segment)
    {
        segment = default;
        if (path.IsEmpty || path[0] != '/')
        {
            return false;
        }

        int end = path[1..].IndexOf((byte)'/');
        segment = end < 0 ? path[1..] : path.Slice(1, end);
        path = path[(1 + segment.Length)..];
        return !segment.IsEmpty;
    }
}
