using Mayfly.Http;
using Microsoft.AspNetCore.Http;

namespace Mayfly.Metrics.Transports;

/// <summary>
/// <c>POST /dogstatsd/v2/proxy</c>: DogStatsD lines over HTTP. dd-trace-js sends its runtime metrics here and falls back to UDP only on 404
/// (docs/spec/04-metrics-logs.md#a1-transports).
/// </summary>
public sealed class DogStatsdProxyRoute(MetricAggregator metrics)
{
    private const int BodyLimitBytes = 10 * 1024 * 1024;

    public void AddTo(RouteTable table) => table
        .Map("/dogstatsd/v1/proxy", ReceiveAsync, "POST", "PUT")
        .Map("/dogstatsd/v2/proxy", ReceiveAsync, "POST", "PUT");

    private async ValueTask ReceiveAsync(HttpExchange exchange)
    {
        using RequestBody body = await exchange.ReadBodyAsync(BodyLimitBytes);
        if (body.Status != BodyStatus.Ok)
        {
            await exchange.RespondUnreadableAsync(body.Status);
            return;
        }

        metrics.AcceptPacket(body.Bytes.Span);
        await exchange.RespondAsync(StatusCodes.Status200OK);
    }
}
