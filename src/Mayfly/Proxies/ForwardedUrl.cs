using System.Diagnostics.CodeAnalysis;

namespace Mayfly.Proxies;

/// <summary>URLs of which a part is the client's, kept as it wrote it: no escape is resolved, no dots are.</summary>
internal static class ForwardedUrl
{
    /// <summary>An intake's URL with a client's path, empty or beginning with a slash, and query behind it.</summary>
    public static Uri Of(Uri intake, string path, string query) =>
        TryCreate($"{intake.Scheme}://{intake.Authority}", intake.AbsolutePath.TrimEnd('/') + path, query, out Uri? url)
            ? url
            : throw new InvalidOperationException($"No path of a client makes {intake.Authority} another host.");

    /// <summary>False: <paramref name="address"/>, scheme and host, is none.</summary>
    public static bool TryCreate(string address, string path, string query, [NotNullWhen(true)] out Uri? url) =>
        Uri.TryCreate(
            $"{address}{(path.Length == 0 ? "/" : path)}{query}",
            new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true },
            out url);
}
