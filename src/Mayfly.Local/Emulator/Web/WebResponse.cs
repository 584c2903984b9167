using System.Text;
using System.Text.Unicode;

namespace Mayfly.Local.Emulator.Web;

/// <summary>A web application's answer as the response object of a proxy integration.</summary>
internal static class WebResponse
{
    private const string SetCookie = "set-cookie";
    private static readonly string[] OfTheConnection = ["connection", "keep-alive", "transfer-encoding"];

    /// <summary>
    /// <c>statusCode</c>, <c>headers</c> (values joined), <c>multiValueHeaders</c>, <c>body</c>, <c>isBase64Encoded</c>, <c>cookies</c>. The body stays text
    /// if its type is one of text, it is not compressed, and it is valid UTF-8.
    /// </summary>
    public static async Task<byte[]> WriteAsync(HttpResponseMessage answer, CancellationToken ct)
    {
        byte[] body = await answer.Content.ReadAsByteArrayAsync(ct);
        KeyValuePair<string, string[]>[] headers =
        [
            .. answer.Headers.Concat(answer.Content.Headers)
                .Select(header => KeyValuePair.Create(header.Key.ToLowerInvariant(), header.Value.ToArray()))
                .Where(header => !OfTheConnection.Contains(header.Key)),
        ];
        string[] cookies = headers.FirstOrDefault(header => header.Key == SetCookie).Value ?? [];
        bool isText = IsText(answer) && Utf8.IsValid(body);
        return ApiAnswer.Json(writer =>
        {
            writer.WriteNumber("statusCode", (int)answer.StatusCode);
            writer.WriteStartObject("headers");
            foreach ((string name, string[] values) in headers.Where(header => header.Key != SetCookie))
            {
                writer.WriteString(name, string.Join(", ", values));
            }

            writer.WriteEndObject();
            writer.WriteStartObject("multiValueHeaders");
            foreach ((string name, string[] values) in headers)
            {
                writer.WriteStartArray(name);
                Array.ForEach(values, writer.WriteStringValue);
                writer.WriteEndArray();
            }

            writer.WriteEndObject();
            writer.WriteString("body", isText ? Encoding.UTF8.GetString(body) : Convert.ToBase64String(body));
            writer.WriteBoolean("isBase64Encoded", !isText);
            writer.WriteStartArray("cookies");
            Array.ForEach(cookies, writer.WriteStringValue);
            writer.WriteEndArray();
        });
    }

    private static bool IsText(HttpResponseMessage answer)
    {
        string type = answer.Content.Headers.ContentType?.MediaType ?? "text/plain";
        return answer.Content.Headers.ContentEncoding.Count == 0
            && (type.StartsWith("text/", StringComparison.OrdinalIgnoreCase)
                || type.EndsWith("json", StringComparison.OrdinalIgnoreCase)
                || type.EndsWith("xml", StringComparison.OrdinalIgnoreCase)
                || type.EndsWith("javascript", StringComparison.OrdinalIgnoreCase));
    }
}
