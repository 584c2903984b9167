using Mayfly.Diagnostics;
using Mayfly.Http;
using Mayfly.Wire;
using Microsoft.AspNetCore.Http;

namespace Mayfly.Traces;

/// <summary>The trace agent's endpoints that tracers talk to (docs/spec/03-traces.md#1-receiver). Answered from memory, whatever the intake does.</summary>
/// <param name="traces">Takes the traces.</param>
/// <param name="info">What tracers are told.</param>
/// <param name="bodyLimitBytes">Of a request, after decompression.</param>
/// <param name="log">Told once of traces that are malformed.</param>
/// <param name="ready">Traces that come before this has completed wait for it: the platform's tags are being asked for. Null: they are known.</param>
public sealed class TraceRoutes(TracePipeline traces, AgentInfo info, int bodyLimitBytes, Log log, Task? ready = null)
{
    private const string Json = "application/json";
    private const string RatesVersion = "Datadog-Rates-Payload-Version";

    private static readonly string[] Methods = ["POST", "PUT"];
    private static readonly ReadOnlyMemory<byte> UnchangedRates = "{}"u8.ToArray();
    private static readonly ReadOnlyMemory<byte> Ok = "OK"u8.ToArray();

    /// <summary>What the bodies of an endpoint may be written in.</summary>
    private enum BodyFormat
    {
        MsgPack,
        Json,
        MsgPackOrJson,
    }

    /// <summary>Adds the routes, and the headers of all answers, to <paramref name="table"/>.</summary>
    public void AddTo(RouteTable table)
    {
        table
            .Before(Guard)
            .Map("/v0.1/spans", exchange => ReceiveAsync<TraceV01>(exchange, BodyFormat.Json, AnswerOkAsync), Methods)
            .Map("/v0.2/traces", exchange => ReceiveAsync<TraceV04>(exchange, BodyFormat.Json, AnswerOkAsync), Methods)
            .Map("/v0.3/traces", exchange => ReceiveAsync<TraceV04>(exchange, BodyFormat.MsgPackOrJson, AnswerRatesAsync), Methods)
            .Map("/v0.4/traces", exchange => ReceiveAsync<TraceV04>(exchange, BodyFormat.MsgPackOrJson, AnswerRatesAsync), Methods)
            .Map("/v0.5/traces", exchange => ReceiveAsync<TraceV05>(exchange, BodyFormat.MsgPack, AnswerRatesAsync), Methods)
            .Map("/v0.7/traces", exchange => ReceiveAsync<TraceV07>(exchange, BodyFormat.MsgPack, AnswerRatesAsync), Methods)
            .Map("/v1.0/traces", exchange => ReceiveAsync<TraceV10>(exchange, BodyFormat.MsgPack, AnswerRatesAsync), Methods)
            .Map("/info", AnswerInfoAsync);
        foreach (string version in new[] { "v0.1", "v0.2", "v0.3", "v0.4" })
        {
            table.Map($"/{version}/services", AnswerOkAsync);
        }
    }

    /// <summary>Web pages of other sites may not talk to the agent; all others learn which agent answers.</summary>
    private int Guard(HttpExchange exchange)
    {
        exchange.ResponseHeaders["Datadog-Agent-Version"] = AgentInfo.Version;
        exchange.ResponseHeaders["Datadog-Agent-State"] = info.State;
        return exchange.Header("Sec-Fetch-Site") == "cross-site" ? StatusCodes.Status403Forbidden : 0;
    }

    private async ValueTask ReceiveAsync<TDecoder>(HttpExchange exchange, BodyFormat format, RouteHandler answer)
        where TDecoder : struct, ITraceDecoder
    {
        using RequestBody body = await exchange.ReadBodyAsync(bodyLimitBytes);
        if (body.Status != BodyStatus.Ok)
        {
            await exchange.RespondUnreadableAsync(body.Status);
            return;
        }

        if (ready is { IsCompleted: false })
        {
            await ready;
        }

        string? type = exchange.Header("Content-Type");
        if (format == BodyFormat.Json && IsType(type, "application/msgpack"))
        {
            await exchange.RespondAsync(StatusCodes.Status415UnsupportedMediaType, "this endpoint takes JSON");
            return;
        }

        TraceHeaders headers = TraceHeaders.From(exchange, static (source, name) => source.Header(name));
        if (format == BodyFormat.Json || (format == BodyFormat.MsgPackOrJson && IsJson(type, body.Bytes.Span)))
        {
            await AcceptJsonAsync<TDecoder>(exchange, body, headers, answer);
            return;
        }

        await AnswerAsync(exchange, traces.Accept<TDecoder>(body.Array, body.Length, headers), headers, answer);
    }

    private async ValueTask AcceptJsonAsync<TDecoder>(HttpExchange exchange, RequestBody body, TraceHeaders headers, RouteHandler answer)
        where TDecoder : struct, ITraceDecoder
    {
        if (body.Length > JsonTraces.LimitBytes)
        {
            await exchange.RespondUnreadableAsync(BodyStatus.TooLarge);
            return;
        }

        long sizeBytes = JsonTraces.MostBytes(body.Length);
        if (!exchange.Budget.TryTake(sizeBytes))
        {
            await exchange.RespondUnreadableAsync(BodyStatus.NoRoom);
            return;
        }

        try
        {
            await AnswerAsync(exchange, AcceptJson<TDecoder>(body, headers), headers, answer);
        }
        finally
        {
            exchange.Budget.Release(sizeBytes);
        }
    }

    private TraceDecodeResult AcceptJson<TDecoder>(RequestBody body, TraceHeaders headers)
        where TDecoder : struct, ITraceDecoder
    {
        ReadOnlySpan<byte> json = body.Bytes.Span;
        using PooledBuffer msgPack = PooledBuffer.Rent(json.Length);
        if (!JsonTraces.TryConvert(json, msgPack, out int offset))
        {
            return TraceDecodeResult.Rejected(MsgPackError.InvalidJson, offset);
        }

        TraceDecodeResult result = traces.Accept<TDecoder>(msgPack, headers);
        return result.Outcome == TraceOutcome.Accepted ? result : result with { Offset = JsonTraces.OffsetOf(json, result.Offset) };
    }

    private async ValueTask AnswerAsync(HttpExchange exchange, TraceDecodeResult result, TraceHeaders headers, RouteHandler answer)
    {
        switch (result.Outcome)
        {
            case TraceOutcome.Accepted:
                await answer(exchange);
                break;
            case TraceOutcome.TooLarge:
                await exchange.RespondAsync(StatusCodes.Status413PayloadTooLarge, result.Message);
                break;
            default:
                log.Once(
                    "trace malformed",
                    LogLevel.Warn,
                    $"A request of a {headers.Language ?? "nameless"} tracer is answered with 400, its traces "
                    + $"({exchange.Header("X-Datadog-Trace-Count") ?? "?"}) are lost: {result.Message}. Later ones are not reported again.");
                await exchange.RespondAsync(StatusCodes.Status400BadRequest, result.Message);
                break;
        }
    }

    /// <summary>The sampling rates, or nothing for a client that has them already.</summary>
    private static ValueTask AnswerRatesAsync(HttpExchange exchange)
    {
        if (exchange.Header(RatesVersion) is not { } known)
        {
            return exchange.RespondAsync(StatusCodes.Status200OK, AgentInfo.TracesAccepted, Json);
        }

        exchange.ResponseHeaders[RatesVersion] = AgentInfo.RatesVersion;
        return exchange.RespondAsync(StatusCodes.Status200OK, known == AgentInfo.RatesVersion ? UnchangedRates : AgentInfo.TracesAccepted, Json);
    }

    private static ValueTask AnswerOkAsync(HttpExchange exchange) => exchange.RespondAsync(StatusCodes.Status200OK, Ok, "text/plain");

    private ValueTask AnswerInfoAsync(HttpExchange exchange) => exchange.RespondAsync(StatusCodes.Status200OK, info.Body, Json);

    private static bool IsJson(string? type, ReadOnlySpan<byte> body) =>
        type is null ? JsonTraces.IsJson(body) : IsType(type, Json) || IsType(type, "text/json");

    /// <summary>Compares a media type; its parameters do not count.</summary>
    private static bool IsType(string? header, string type)
    {
        ReadOnlySpan<char> name = header;
        int parameters = name.IndexOf(';');
        return (parameters < 0 ? name : name[..parameters]).Trim().Equals(type, StringComparison.OrdinalIgnoreCase);
    }
}
