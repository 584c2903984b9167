using Mayfly.Diagnostics;
using Mayfly.Http;
using Microsoft.AspNetCore.Http;

namespace Mayfly.Traces;

/// <summary>The trace agent's endpoints that tracers talk to (docs/spec/03-traces.md#1-receiver). Answered from memory, whatever the intake does.</summary>
public sealed class TraceRoutes(TracePipeline traces, AgentInfo info, int bodyLimitBytes, Log log)
{
    private const string Json = "application/json";
    private static readonly string[] Methods = ["POST", "PUT"];

    /// <summary>Adds the routes to <paramref name="table"/>.</summary>
    public void AddTo(RouteTable table)
    {
        table
            .Map("/v0.3/traces", ReceiveAsync<TraceV04>, Methods)
            .Map("/v0.4/traces", ReceiveAsync<TraceV04>, Methods)
            .Map("/v0.5/traces", ReceiveAsync<TraceV05>, Methods)
            .Map("/info", AnswerInfoAsync);
    }

    private async ValueTask ReceiveAsync<TDecoder>(HttpExchange exchange)
        where TDecoder : struct, ITraceDecoder
    {
        using RequestBody body = await exchange.ReadBodyAsync(bodyLimitBytes);
        if (body.Status != BodyStatus.Ok)
        {
            await exchange.RespondUnreadableAsync(body.Status);
            return;
        }

        TraceHeaders headers = TraceHeaders.From(exchange, static (source, name) => source.Header(name));
        TraceDecodeResult result = traces.Accept<TDecoder>(body.Array, body.Length, headers);
        switch (result.Outcome)
        {
            case TraceOutcome.Accepted:
                await exchange.RespondAsync(StatusCodes.Status200OK, AgentInfo.TracesAccepted, Json);
                break;
            case TraceOutcome.TooLarge:
                await exchange.RespondAsync(StatusCodes.Status413PayloadTooLarge, result.Message);
                break;
            default:
                log.Once(
                    "trace malformed",
                    LogLevel.Warn,
                    $"A request of a {headers.Language ?? "nameless"} tracer is answered with 400, its traces are lost: {result.Message}. "
                    + "Later ones are not reported again.");
                await exchange.RespondAsync(StatusCodes.Status400BadRequest, result.Message);
                break;
        }
    }

    private ValueTask AnswerInfoAsync(HttpExchange exchange) => exchange.RespondAsync(StatusCodes.Status200OK, info.Body, Json);
}
