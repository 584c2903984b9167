using Mayfly.Diagnostics;
using Mayfly.Wire;

namespace Mayfly.Platforms.Lambda.RuntimeProxy;

/// <summary>
/// One connection of a client and the connection to the platform that serves it: request by request, both directions at once, every byte as it came except
/// for the hop-by-hop headers. What is not understood is relayed all the same.
/// </summary>
/// <remarks>
/// An end of stream is passed on as an end of stream and a reset as a reset: to the platform the client looks as it would without a proxy. There is no
/// timeout; an idle connection lives as long as the client keeps it, and the platform's side is replaced when it was closed meanwhile.
/// </remarks>
internal sealed partial class ProxyConnection(
    SocketInput client, RuntimeUpstream platform, InvocationWatch watch, RuntimeProxyCounters counters, TimeProvider time, Log log)
{
    /// <summary>Error causes travel in headers and have no bound of their own.</summary>
    private const int HeadLimitBytes = 1024 * 1024;

    private readonly PooledBuffer _requestOut = PooledBuffer.Rent();
    private readonly PooledBuffer _responseOut = PooledBuffer.Rent();
    private readonly MessageBody _requestBody = new();
    private readonly MessageBody _responseBody = new();

    private SocketInput? _upstream;
    private Task<RelayEnd> _sending = Task.FromResult(RelayEnd.Complete);
    private Task _clientWatch = Task.CompletedTask;
    private volatile bool _awaitsAnswer;

    /// <summary>Serves the client until one side ends the connection. Throws nothing.</summary>
    public async Task RunAsync()
    {
        counters.Opened();
        try
        {
            bool goesOn = true;
            while (goesOn)
            {
                goesOn = await ServeAsync();
            }
        }
        catch (Exception e)
        {
            log.Once("runtime proxy connection", LogLevel.Error, $"runtime API proxy: a connection failed inside the agent: {e}");
        }
        finally
        {
            await CloseAsync();
            counters.Closed();
        }
    }

    /// <summary>Cuts both connections; <see cref="RunAsync"/> ends.</summary>
    public void Abort()
    {
        client.Abort();
        _upstream?.Abort();
    }

    private async ValueTask<bool> ServeAsync()
    {
        int headLength = await ReadHeadAsync(client);
        if (headLength == 0 && (client.HasFailed || client.Buffered.IsEmpty))
        {
            return false;
        }

        if (headLength <= 0 || !HttpHeadParser.TryParseRequest(client.Buffered.Span[..headLength], out RequestHead request) || request.IsConnect)
        {
            await OpenTunnelAsync();
            return false;
        }

        counters.Exchanged();
        ReadOnlyMemory<byte> head = client.Buffered[..headLength];
        RuntimeRoute route = RuntimeRoute.Of(head.Span[request.Method], head.Span[request.Target]);
        using MessageCopy? copy = route.Kind is RuntimeRouteKind.Response or RuntimeRouteKind.Error ? watch.BeginCopy(head.Span) : null;
        _requestOut.Clear();
        HopByHopHeaders.CopyWithout(head.Span, _requestOut);
        bool isRepeatable = request.Framing == BodyFraming.None && (request.IsHead || head.Span[request.Method].SequenceEqual("GET"u8));
        client.Consume(headLength);
        _requestBody.Begin(request.Framing, request.ContentLength, copy);
        try
        {
            return await ExchangeAsync(request, route, copy, isRepeatable);
        }
        finally
        {
            if (copy is not null && !_sending.IsCompleted)
            {
                // It writes into the copy.
                Abort();
                await _sending;
            }
        }
    }

    private async ValueTask<bool> ExchangeAsync(RequestHead request, RuntimeRoute route, MessageCopy? copy, bool isRepeatable)
    {
        bool isReused = _upstream is not null && _upstream.IsUsable();
        if (!isReused && await ConnectAsync() is { } failure)
        {
            await RefuseAsync(failure);
            return false;
        }

        (ResponseEnd end, ResponseHead response) = await SendAndReceiveAsync(request, route, copy);
        if (end == ResponseEnd.Nothing && isReused && isRepeatable && !client.IsEnded)
        {
            // The platform closed the connection at the same moment as it was used again; a question may be asked twice.
            if (await ConnectAsync() is { } again)
            {
                await RefuseAsync(again);
                return false;
            }

            (end, response) = await SendAndReceiveAsync(request, route, copy);
        }

        switch (end)
        {
            case ResponseEnd.Complete:
                return await FinishAsync(request, response);
            case ResponseEnd.Nothing:
                _upstream!.Abort();
                await RefuseAsync(platform.NoAnswer);
                return false;
            case ResponseEnd.NotUnderstood:
                await TunnelAsync();
                return false;
            case ResponseEnd.Reset:
                client.Abort();
                return false;
            case ResponseEnd.ClientGone:
                _upstream!.Abort();
                return false;
            default:
                await LingerAsync();
                return false;
        }
    }

    private async ValueTask<(ResponseEnd End, ResponseHead Head)> SendAndReceiveAsync(RequestHead request, RuntimeRoute route, MessageCopy? copy)
    {
        _awaitsAnswer = true;
        _sending = SendRequestAsync(_upstream!, route, copy);
        (ResponseEnd, ResponseHead) result = await ReceiveResponseAsync(_upstream!, request.IsHead, route);
        _awaitsAnswer = false;
        return result;
    }

    /// <summary>After a complete response: whether the connection can serve another request.</summary>
    private async ValueTask<bool> FinishAsync(RequestHead request, ResponseHead response)
    {
        if (!_sending.IsCompleted)
        {
            // Answered before it had read the request. Either it goes on reading, or it is about to close.
            Task<int> closing = _upstream!.Watch();
            await Task.WhenAny(_sending, closing);
            if (!_sending.IsCompleted)
            {
                if (await closing > 0)
                {
                    await TunnelAsync();
                }
                else
                {
                    _upstream.Abort();
                    await LingerAsync();
                }

                return false;
            }
        }

        bool isSent = await _sending == RelayEnd.Complete;
        if (!isSent || request.Closes || response.Framing == BodyFraming.UntilClose || _requestBody.IsBroken || _responseBody.IsBroken)
        {
            await LingerAsync();
            return false;
        }

        if (response.Closes || !_upstream!.Buffered.IsEmpty)
        {
            DropUpstream();
        }

        return true;
    }

    private async Task<RelayEnd> SendRequestAsync(SocketInput upstream, RuntimeRoute route, MessageCopy? copy)
    {
        RelayEnd end = await RelayAsync(client, upstream, _requestOut, _requestBody, route, copy);
        switch (end)
        {
            case RelayEnd.Complete when !client.IsEnded:
                if (client.Buffered.IsEmpty)
                {
                    _clientWatch = WatchClientAsync(upstream);
                }

                break;
            case RelayEnd.SourceFailed:
                upstream.Abort();
                break;
            case RelayEnd.Complete or RelayEnd.SourceEnded:
                upstream.EndSending();
                break;
        }

        return end;
    }

    /// <summary>Notices a client that goes away while the answer is awaited, which may take for ever.</summary>
    private async Task WatchClientAsync(SocketInput upstream)
    {
        int received = await client.Watch();
        if (received > 0 || !_awaitsAnswer)
        {
            return;
        }

        if (received == 0)
        {
            upstream.EndSending();
        }
        else
        {
            upstream.Abort();
        }
    }

    /// <summary>Replaces the platform's side by a new connection; a sentence when that fails.</summary>
    private async ValueTask<string?> ConnectAsync()
    {
        DropUpstream();
        (_upstream, string? failure) = await platform.ConnectAsync();
        return failure;
    }

    private void DropUpstream()
    {
        _upstream?.Dispose();
        _upstream = null;
    }

    private async ValueTask CloseAsync()
    {
        client.Close();
        _upstream?.Close();
        await _sending;
        await _clientWatch;
        client.Dispose();
        DropUpstream();
        _requestOut.Dispose();
        _responseOut.Dispose();
    }
}
