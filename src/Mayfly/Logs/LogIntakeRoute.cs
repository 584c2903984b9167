using System.Text;
using Mayfly.Http;
using Microsoft.AspNetCore.Http;

namespace Mayfly.Logs;

/// <summary>
/// <c>POST /v1/input</c>: log events over HTTP, for platforms that hand in no logs themselves. A JSON array of entries, or one entry; all of them or none.
/// </summary>
/// <remarks>docs/spec/04-metrics-logs.md#c12-log-agent-of-the-compat-layer-azuregcplambda-lite</remarks>
/// <param name="buffer">Takes the events; its rules are applied.</param>
/// <param name="defaultTags"><c>k:v,k:v</c> for entries without tags of their own; may be empty.</param>
public sealed class LogIntakeRoute(LogBuffer buffer, string defaultTags)
{
    /// <summary>Before and after decompression.</summary>
    public const int BodyLimitBytes = 4 * 1024 * 1024;

    private static readonly byte[] Ok = "ok"u8.ToArray();

    private readonly byte[] _defaultTags = Encoding.UTF8.GetBytes(defaultTags);

    /// <summary>A listener of its own: what is wrong with a request is looked for in the order method, path, body.</summary>
    public RouteTable Table() => new RouteTable().MapAny(ReceiveAsync);

    private async ValueTask ReceiveAsync(HttpExchange exchange)
    {
        if (!HttpMethods.IsPost(exchange.Method))
        {
            await exchange.RespondAsync(StatusCodes.Status405MethodNotAllowed, "method not allowed");
            return;
        }

        if (exchange.Path != "/v1/input")
        {
            await exchange.RespondAsync(StatusCodes.Status404NotFound, "not found");
            return;
        }

        using RequestBody body = await exchange.ReadBodyAsync(BodyLimitBytes);
        if (body.Status == BodyStatus.Incomplete)
        {
            await exchange.RespondAsync(StatusCodes.Status400BadRequest, "failed to read body");
        }
        else if (body.Status != BodyStatus.Ok)
        {
            await exchange.RespondUnreadableAsync(body.Status);
        }
        else if (LogEntries.TryAdd(body.Bytes.Span, _defaultTags, buffer, out string? error))
        {
            await exchange.RespondAsync(StatusCodes.Status200OK, Ok, "text/plain");
        }
        else
        {
            await exchange.RespondAsync(StatusCodes.Status400BadRequest, $"invalid JSON: {error}");
        }
    }
}
