using System.Net;
using System.Net.Sockets;
using Mayfly.Config;

namespace Mayfly.Platforms.Lambda.RuntimeProxy;

/// <summary>The platform's Runtime API, as the proxy connects to it.</summary>
/// <param name="runtimeApi"><c>AWS_LAMBDA_RUNTIME_API</c>: <c>host:port</c>.</param>
/// <param name="time">For the time a connection may take.</param>
/// <param name="stopping">Cancelled when the proxy ends.</param>
internal sealed class RuntimeUpstream(string runtimeApi, TimeProvider time, CancellationToken stopping)
{
    private static readonly TimeSpan LongestConnect = TimeSpan.FromSeconds(5);

    private readonly EndPoint? _address = Parse(runtimeApi);

    /// <summary>A new connection, or a sentence that says why there is none.</summary>
    public async ValueTask<(SocketInput? Connection, string? Failure)> ConnectAsync()
    {
        if (_address is null)
        {
            return (null, $"Failed to build proxy request: {Keys.RuntimeApi}={runtimeApi} is not host:port");
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using var patience = new CancellationTokenSource(LongestConnect, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, stopping);
        try
        {
            await socket.ConnectAsync(_address, either.Token);
            return (new SocketInput(socket), null);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            socket.Dispose();
            string reason = e is SocketException refused ? refused.SocketErrorCode.ToString() : $"no connection within {LongestConnect.TotalSeconds} s";
            return (null, $"Failed to proxy: {runtimeApi}: {reason}");
        }
    }

    /// <summary>For a connection that ended instead of answering.</summary>
    public string NoAnswer => $"Failed to proxy: {runtimeApi} closed the connection without an answer";

    private static EndPoint? Parse(string text)
    {
        if (RuntimeProxySettings.TryParseAddress(text, out IPEndPoint? address))
        {
            return address;
        }

        int colon = text.LastIndexOf(':');
        return colon > 0
            && ushort.TryParse(text.AsSpan(colon + 1), System.Globalization.NumberStyles.None, null, out ushort port)
            && Uri.CheckHostName(text[..colon]) == UriHostNameType.Dns
            ? new DnsEndPoint(text[..colon], port)
            : null;
    }
}
