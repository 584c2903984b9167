using System.Globalization;
using Mayfly.Diagnostics;
using Mayfly.Http;
using Mayfly.Wire;
using Microsoft.AspNetCore.Http;

namespace Mayfly.Traces.Stats;

/// <summary><c>/v0.6/stats</c>: the statistics of tracers that compute their own (docs/spec/03-traces.md#15-answers-of-trace-and-stats-endpoints).</summary>
public sealed class StatsRoutes(ClientStats stats, Log log)
{
    /// <summary>Largest body, as sent and after decompression (docs/spec/03-traces.md#13-size-limits-body-checks).</summary>
    public const int BodyLimitBytes = 25 * 1024 * 1024;

    private static readonly ReadOnlyMemory<byte> Accepted = "{}"u8.ToArray();

    /// <summary>Adds the route to <paramref name="table"/>.</summary>
    public void AddTo(RouteTable table) => table.Map("/v0.6/stats", ReceiveAsync, "POST", "PUT");

    private async ValueTask ReceiveAsync(HttpExchange exchange)
    {
        using RequestBody body = await exchange.ReadBodyAsync(BodyLimitBytes);
        if (body.Status != BodyStatus.Ok)
        {
            await exchange.RespondUnreadableAsync(body.Status);
            return;
        }

        bool isObfuscated = int.TryParse(exchange.Header("Datadog-Obfuscation-Version"), CultureInfo.InvariantCulture, out int version) && version >= 1;
        StatsDecodeResult result = stats.Accept(body.Array, body.Length, isObfuscated);
        if (result.IsAccepted)
        {
            await exchange.RespondAsync(StatusCodes.Status202Accepted, Accepted, "application/json");
            return;
        }

        if (result.Reason == MsgPackError.LimitExceeded)
        {
            await exchange.RespondAsync(StatusCodes.Status413PayloadTooLarge, result.Message);
            return;
        }

        log.Once(
            "stats malformed",
            LogLevel.Warn,
            $"Trace statistics of a {exchange.Header("Datadog-Meta-Lang") ?? "nameless"} tracer are answered with 400 and lost: {result.Message}. "
            + "Later ones are not reported again.");
        await exchange.RespondAsync(StatusCodes.Status400BadRequest, result.Message);
    }
}
