using System.Globalization;
using System.Text;

namespace Mayfly.Tests.Http;

/// <summary>A request as it came over the wire. The characters of texts are bytes; a header that came several times is joined by <c>, </c>.</summary>
internal sealed record WireRequest(string Method, string Target, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    public string Path => Target.Split('?')[0];

    public string Query => Target.Contains('?', StringComparison.Ordinal) ? Target[(Target.IndexOf('?', StringComparison.Ordinal) + 1)..] : "";

    public string Text => Encoding.UTF8.GetString(Body);

    /// <summary>The next request of a connection, byte by byte up to its body, so that nothing of the one behind it is taken; null: the client has left.</summary>
    public static async Task<WireRequest?> ReadAsync(Stream stream, CancellationToken cancellation)
    {
        var head = new StringBuilder();
        byte[] one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            if (await stream.ReadAsync(one, cancellation) == 0)
            {
                return null;
            }

            head.Append((char)one[0]);
        }

        string[] lines = head.ToString().Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (string[] header in lines.Skip(1).Select(static line => line.Split(": ", 2)))
        {
            headers[header[0]] = headers.TryGetValue(header[0], out string? before) ? $"{before}, {header[1]}" : header[1];
        }

        byte[] body = new byte[int.Parse(headers.GetValueOrDefault("Content-Length", "0"), CultureInfo.InvariantCulture)];
        await stream.ReadExactlyAsync(body, cancellation);
        string[] start = lines[0].Split(' ');
        return new WireRequest(start[0], start[1], headers, body);
    }
}
