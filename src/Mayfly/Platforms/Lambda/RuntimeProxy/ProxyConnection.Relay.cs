using System.Text;
using Mayfly.Wire;

namespace Mayfly.Platforms.Lambda.RuntimeProxy;

/// <content>How bytes get from one side to the other.</content>
internal sealed partial class ProxyConnection
{
    /// <summary>A head and so much of its body leave in one piece: one packet, one waking up on the other side.</summary>
    private const int TogetherLimitBytes = 16 * 1024;

    /// <summary>What a client may still send after its answer, before its connection is reset.</summary>
    private const int LingerLimitBytes = 8 * 1024 * 1024;

    /// <summary>How long a client has to take its last answer: a close with unread bytes would reset the connection under it.</summary>
    private static readonly TimeSpan LongestLinger = TimeSpan.FromSeconds(2);

    /// <summary>How the relaying of one message ended.</summary>
    private enum RelayEnd
    {
        Complete,

        /// <summary>The sender closed its side before the message was complete.</summary>
        SourceEnded,
        SourceFailed,
        TargetFailed,
    }

    private enum ResponseEnd
    {
        Complete,

        /// <summary>The platform's connection ended before any byte of an answer.</summary>
        Nothing,

        /// <summary>The platform closed the connection inside the answer.</summary>
        Cut,

        /// <summary>The platform reset the connection inside the answer.</summary>
        Reset,
        ClientGone,
        NotUnderstood,
    }

    /// <summary>Length of the next head, buffered completely; 0 = the connection ended before; -1 = not HTTP or beyond the limit.</summary>
    private static async ValueTask<int> ReadHeadAsync(SocketInput input)
    {
        if (input.IsWatched && await input.ReceiveAsync() <= 0)
        {
            return 0;
        }

        int scanned = 0;
        while (true)
        {
            int length = HttpHeadParser.FindEnd(input.Buffered.Span, ref scanned);
            if (length != 0 || input.Buffered.Length >= HeadLimitBytes)
            {
                return length > 0 ? length : -1;
            }

            if (await input.ReceiveAsync() <= 0)
            {
                return 0;
            }
        }
    }

    private async ValueTask<(ResponseEnd End, ResponseHead Head)> ReceiveResponseAsync(SocketInput upstream, bool answersHead, RuntimeRoute route)
    {
        while (true)
        {
            int headLength = await ReadHeadAsync(upstream);
            if (headLength == 0 && upstream.Buffered.IsEmpty)
            {
                return (ResponseEnd.Nothing, default);
            }

            ResponseHead head = default;
            if (headLength <= 0 || !HttpHeadParser.TryParseResponse(upstream.Buffered.Span[..headLength], answersHead, out head) || head.Status == 101)
            {
                return (ResponseEnd.NotUnderstood, default);
            }

            _responseOut.Clear();
            ReadOnlyMemory<byte> bytes = upstream.Buffered[..headLength];
            HopByHopHeaders.CopyWithout(bytes.Span, _responseOut);
            using MessageCopy? copy = route.Kind == RuntimeRouteKind.Next && head.Status == 200 ? watch.BeginCopy(bytes.Span) : null;
            upstream.Consume(headLength);
            _responseBody.Begin(head.Framing, head.ContentLength, copy);
            RelayEnd end = await RelayAsync(upstream, client, _responseOut, _responseBody, route, copy);
            if (end == RelayEnd.Complete && head.Status < 200)
            {
                continue;
            }

            return (end switch
            {
                RelayEnd.Complete => ResponseEnd.Complete,
                RelayEnd.SourceEnded => ResponseEnd.Cut,
                RelayEnd.SourceFailed => ResponseEnd.Reset,
                _ => ResponseEnd.ClientGone,
            }, head);
        }
    }

    /// <summary>Sends <paramref name="head"/>, then the body as it comes. The observer sees the message before the last bytes leave.</summary>
    private async ValueTask<RelayEnd> RelayAsync(SocketInput from, SocketInput to, PooledBuffer head, MessageBody body, RuntimeRoute route, MessageCopy? copy)
    {
        int taken = body.Take(from.Buffered.Span);
        ShowIfComplete(body, route, copy);
        bool together = taken <= TogetherLimitBytes;
        if (together)
        {
            head.Write(from.Buffered.Span[..taken]);
        }

        if (!await to.SendAsync(head.Written) || (!together && !await to.SendAsync(from.Buffered[..taken])))
        {
            return RelayEnd.TargetFailed;
        }

        from.Consume(taken);
        while (!body.IsComplete)
        {
            int received = await from.ReceiveAsync();
            if (received <= 0)
            {
                if (received == 0)
                {
                    body.End();
                }

                ShowIfComplete(body, route, copy);
                return body.IsComplete ? RelayEnd.Complete : received == 0 ? RelayEnd.SourceEnded : RelayEnd.SourceFailed;
            }

            taken = body.Take(from.Buffered.Span);
            ShowIfComplete(body, route, copy);
            if (!await to.SendAsync(from.Buffered[..taken]))
            {
                return RelayEnd.TargetFailed;
            }

            from.Consume(taken);
        }

        return RelayEnd.Complete;
    }

    private void ShowIfComplete(MessageBody body, RuntimeRoute route, MessageCopy? copy)
    {
        if (copy is not null && body.IsComplete)
        {
            watch.Show(route, copy);
        }
    }

    /// <summary>For a request that is not understood: a tunnel to the platform from here on.</summary>
    private async ValueTask OpenTunnelAsync()
    {
        bool isReused = _upstream is not null && _upstream.IsUsable();
        if (!isReused && await ConnectAsync() is { } failure)
        {
            await RefuseAsync(failure);
            return;
        }

        await TunnelAsync();
    }

    /// <summary>Relays both directions byte by byte until both have ended, beginning with what is buffered and after the request that is being sent.</summary>
    private async ValueTask TunnelAsync()
    {
        counters.TunnelOpened();
        await Task.WhenAll(CopyAfterAsync(_sending, client, _upstream!), CopyAsync(_upstream!, client));
    }

    private static async Task CopyAfterAsync(Task before, SocketInput from, SocketInput to)
    {
        await before;
        await CopyAsync(from, to);
    }

    private static async Task CopyAsync(SocketInput from, SocketInput to)
    {
        int received;
        do
        {
            // Taken once: a watched connection may receive more meanwhile.
            ReadOnlyMemory<byte> bytes = from.Buffered;
            if (!await to.SendAsync(bytes))
            {
                from.Abort();
                return;
            }

            from.Consume(bytes.Length);
            received = await from.ReceiveAsync();
        }
        while (received > 0);

        if (received == 0)
        {
            to.EndSending();
        }
        else
        {
            to.Abort();
        }
    }

    /// <summary>Answers in the platform's place and ends the connection.</summary>
    private async ValueTask RefuseAsync(string reason)
    {
        counters.RequestRefused();
        log.Debug($"runtime API proxy: {reason}");
        byte[] body = Encoding.UTF8.GetBytes(reason);
        byte[] head = Encoding.ASCII.GetBytes(
            $"HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n");
        if (await client.SendAsync((byte[])[.. head, .. body]))
        {
            await LingerAsync();
        }
    }

    /// <summary>Ends the sending side and reads on until the client has closed its own, within bounds.</summary>
    private async ValueTask LingerAsync()
    {
        client.EndSending();
        Task drained = DrainAsync();
        try
        {
            await drained.WaitAsync(LongestLinger, time);
        }
        catch (TimeoutException)
        {
            client.Abort();
            await drained;
        }
    }

    private async Task DrainAsync()
    {
        await _sending;
        for (long left = LingerLimitBytes; left > 0;)
        {
            client.Consume(client.Buffered.Length);
            int received = await client.ReceiveAsync();
            if (received <= 0)
            {
                return;
            }

            left -= received;
        }
    }
}
