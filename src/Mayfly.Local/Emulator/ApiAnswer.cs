using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;

namespace Mayfly.Local.Emulator;

/// <summary>The answers of the three APIs: status, content type and bodies as AWS's code writes them.</summary>
internal static class ApiAnswer
{
    public const string InvalidStateTransition = "InvalidStateTransition";

    private const string JsonType = "application/json";
    private static readonly byte[] StatusOk = """{"status":"OK"}"""u8.ToArray();

    public static Task WriteAsync(HttpContext http, int status, string contentType, ReadOnlyMemory<byte> body)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = contentType;
        http.Response.ContentLength = body.Length;
        return http.Response.Body.WriteAsync(body).AsTask();
    }

    public static Task JsonAsync(HttpContext http, int status, Action<Utf8JsonWriter> write) => WriteAsync(http, status, JsonType, Json(write));

    public static Task AcceptedAsync(HttpContext http) => WriteAsync(http, StatusCodes.Status202Accepted, JsonType, StatusOk);

    public static Task ErrorAsync(HttpContext http, int status, string errorType, string message) => JsonAsync(http, status, writer =>
    {
        writer.WriteString("errorMessage", message);
        writer.WriteString("errorType", errorType);
    });

    public static Task ForbiddenAsync(HttpContext http, string errorType, string message) =>
        ErrorAsync(http, StatusCodes.Status403Forbidden, errorType, message);

    public static Task TransitionAsync(HttpContext http, string errorType, string from, string to, string whom) =>
        ForbiddenAsync(http, errorType, $"State transition from {from} to {to} failed for {whom}. Error: State transition is not allowed");

    public static Task TextAsync(HttpContext http, int status, string text) =>
        WriteAsync(http, status, "text/plain; charset=utf-8", Encoding.UTF8.GetBytes(text));

    /// <summary>An object with what <paramref name="write"/> puts into it.</summary>
    public static byte[] Json(Action<Utf8JsonWriter> write)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, PlatformRecords.Json))
        {
            writer.WriteStartObject();
            write(writer);
            writer.WriteEndObject();
        }

        return buffer.ToArray();
    }

    /// <summary>Reads a request's body; null if it is larger than the limit: then all of it is read all the same, so that the client gets its answer.</summary>
    public static async Task<byte[]?> ReadBodyAsync(HttpContext http, int limit)
    {
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = null;
        }

        using var body = new MemoryStream();
        byte[] buffer = new byte[16 * 1024];
        bool isTooLarge = false;
        int read;
        while ((read = await http.Request.Body.ReadAsync(buffer, http.RequestAborted)) > 0)
        {
            isTooLarge |= body.Length + read > limit;
            if (!isTooLarge)
            {
                body.Write(buffer, 0, read);
            }
        }

        return isTooLarge ? null : body.ToArray();
    }
}
