using System.Net.Http.Headers;
using Mayfly.Diagnostics;
using Mayfly.Http;
using Mayfly.Intake;
using Mayfly.Lifecycle;
using Mayfly.Secrets;
using Microsoft.AspNetCore.Http;

namespace Mayfly.Proxies;

/// <summary>Passes requests on whose clients read the answer: sends at once, and gives back what the intake says.</summary>
/// <remarks>
/// docs/spec/03-traces.md#17-proxied-endpoints, Answer and delivery. The intake has <see cref="LongestWait"/> for all of it, since the time may be billed:
/// after that the client gets 504, where the intake cannot be reached 502. One attempt; the client knows what became of it and may try again.
/// </remarks>
public sealed class ProxyForwarder(IntakeClient intake, ApiKeyProvider apiKey, SignalCounters counters, TimeProvider time, Log log)
{
    /// <summary>From the client's last byte to the intake's last.</summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(5);

    /// <summary>Sends a request and answers; takes the payload over.</summary>
    public async ValueTask ForwardAsync(HttpExchange exchange, IntakePayload payload, TimeSpan wait)
    {
        counters.Accept(payload.Units);
        using CancellationTokenSource over = Deadline.In(time, wait < LongestWait ? wait : LongestWait).ToCancellation();
        using (payload)
        {
            if (payload.OwnKey is not { } key)
            {
                (ApiKeyState state, string? agents) = await apiKey.GetAsync(over.Token);
                if (agents is null)
                {
                    counters.Drop(DropReason.NoApiKey, payload.Units);
                    int status = state == ApiKeyState.Awaited ? StatusCodes.Status504GatewayTimeout : StatusCodes.Status502BadGateway;
                    await exchange.RespondAsync(status, "the agent has no API key to pass this on with");
                    return;
                }

                key = agents;
            }

            using ForwardedAnswer answer = await intake.ForwardAsync(payload, key, over.Token);
            if (answer.Response is { } response)
            {
                await AnswerAsync(exchange, payload, response, over.Token);
            }
            else
            {
                await FailAsync(exchange, payload, answer);
            }
        }
    }

    private async ValueTask AnswerAsync(HttpExchange exchange, IntakePayload payload, HttpResponseMessage response, CancellationToken cancellation)
    {
        switch (IntakeClient.Judge(response.StatusCode))
        {
            case SendOutcome.Delivered:
                counters.Deliver(payload.Units);
                break;
            case SendOutcome.Rejected:
                counters.Drop(DropReason.Rejected, payload.Units);
                break;
            default:
                counters.Drop(DropReason.Unreachable, payload.Units);
                break;
        }

        foreach ((string name, HeaderStringValues values) in response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated))
        {
            string[] sendable = [.. values.Where(value => ForwardedHeaders.MayAnswer(name, value))];
            if (sendable.Length > 0)
            {
                exchange.ResponseHeaders[name] = sendable;
            }
        }

        int status = (int)response.StatusCode;
        bool hasBody = status is not (StatusCodes.Status204NoContent or StatusCodes.Status304NotModified) && !HttpMethods.IsHead(exchange.Method);
        Stream body = hasBody ? await response.Content.ReadAsStreamAsync(cancellation) : Stream.Null;
        await exchange.RespondFromAsync(status, body, hasBody ? response.Content.Headers.ContentLength : null, cancellation);
    }

    private async ValueTask FailAsync(HttpExchange exchange, IntakePayload payload, ForwardedAnswer answer)
    {
        string service = payload.Forward!.Service;
        counters.Drop(DropReason.Unreachable, payload.Units);
        log.Once(
            $"unanswered {service}",
            LogLevel.Warn,
            $"A client's {service} request is answered with an error: {answer.Detail}. The client may try again. Later ones are not reported again.");
        await exchange.RespondAsync(answer.TimedOut ? StatusCodes.Status504GatewayTimeout : StatusCodes.Status502BadGateway, answer.Detail);
    }
}
