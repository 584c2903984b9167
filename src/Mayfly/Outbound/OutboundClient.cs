using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using Mayfly.Config;
using Mayfly.Diagnostics;

namespace Mayfly.Outbound;

/// <summary>
/// Requests to the outside world: through the user's proxy, with the user's certificates, over HTTP/2 or HTTP/1.1
/// (docs/spec/05-config.md#9-proxy-and-http-client). Nothing is made, and no TLS library loaded, before the first request that needs it. Thread-safe.
/// </summary>
public sealed class OutboundClient : IDisposable
{
    public const string ApiKeyHeader = "DD-API-KEY";
    public const string AuthorizationHeader = "Authorization";

    /// <summary>
    /// A sandbox freezes between invocations and peers drop its connections meanwhile; a connection that has been idle for longer than this is not used again.
    /// </summary>
    private static readonly TimeSpan LongestIdle = TimeSpan.FromSeconds(2);

    /// <summary>An HTTP/2 connection outlives a request that was given up: one on which nobody answers any more is found and left.</summary>
    private static readonly TimeSpan PingAfter = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan LongestWaitForPing = TimeSpan.FromSeconds(5);

    private static readonly HttpRequestOptionsKey<CancellationToken> GivenUp = new("given up");

    private readonly OutboundSettings _settings;
    private readonly OutboundProxy? _proxy;
    private readonly TimeSpan _connectTimeout;
    private readonly Log _log;
    private readonly Lazy<ServerTrust> _trust;
    private readonly ConnectionPool _plain;
    private readonly ConnectionPool _secure;

    /// <param name="settings">The user's.</param>
    /// <param name="connectTimeout">Longest time for a connection, TLS included.</param>
    /// <param name="log">Told whom nobody trusts, once.</param>
    /// <param name="time">Counts what a freeze takes, so that no connection is used after it.</param>
    public OutboundClient(OutboundSettings settings, TimeSpan connectTimeout, Log log, TimeProvider time)
    {
        (_settings, _connectTimeout, _log) = (settings, connectTimeout, log);
        _proxy = settings.Proxy.IsNone ? null : new OutboundProxy(settings.Proxy, settings.Site);
        _trust = new Lazy<ServerTrust>(() => new ServerTrust(settings.Tls, log));
        _plain = new ConnectionPool(() => new HttpMessageInvoker(Handler()), LongestIdle, time);
        _secure = new ConnectionPool(MakeSecure, LongestIdle, time);
    }

    /// <summary>Sends; returns when the head of the answer is there.</summary>
    /// <remarks>A connection that is being made for the request is given up with it.</remarks>
    /// <exception cref="HttpRequestException">There is no answer.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/>, or no connection in time.</exception>
    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellation)
    {
        Uri url = request.RequestUri!;
        bool isSecure = url.Scheme == Uri.UriSchemeHttps;
        if (isSecure && _settings.PrefersHttp2)
        {
            (request.Version, request.VersionPolicy) = (HttpVersion.Version20, HttpVersionPolicy.RequestVersionOrLower);
        }

        request.Options.Set(GivenUp, cancellation);
        bool needsTls = isSecure || _proxy?.GetProxy(url)?.Scheme == Uri.UriSchemeHttps;
        return (needsTls ? _secure : _plain).SendAsync(request, cancellation);
    }

    /// <summary>
    /// Does what the first TLS connection would have to do before it can greet anybody: two thirds of its CPU, at a time when nobody waits. No other host is
    /// asked for anything. Never throws for what is wrong with TLS here: the first connection will say it.
    /// </summary>
    public void WarmUp()
    {
        try
        {
            _secure.Prepare();
            using var nobody = new SslStream(new SilentStream());
            _ = nobody.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost" });
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            _log.Debug($"TLS could not be prepared: {e.Message}");
        }
    }

    /// <summary>What a failed <see cref="SendAsync"/> failed for, for a person.</summary>
    public static string ReasonOf(Exception failure) => failure.InnerException switch
    {
        // Which certificate, why, and what to do is told by another line.
        AuthenticationException { InnerException: null } => "its certificate is not accepted",
        AuthenticationException { InnerException: { } cause } => $"TLS failed: {cause.Message}",
        _ => failure.Message,
    };

    public void Dispose()
    {
        _plain.Dispose();
        _secure.Dispose();
    }

    private HttpMessageInvoker MakeSecure()
    {
        SocketsHttpHandler handler = Handler();
        handler.SslOptions = _settings.Tls.SkipsValidation
            ? new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = static (_, _, _, _) => true }
            : _trust.Value.Options();
        if (_settings.Tls.RequiresTls13)
        {
#pragma warning disable CA5398 // The user has chosen it; otherwise the system does.
            handler.SslOptions.EnabledSslProtocols = SslProtocols.Tls13;
#pragma warning restore CA5398
        }

        return new HttpMessageInvoker(handler);
    }

    private SocketsHttpHandler Handler() => new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = _proxy is not null,
        Proxy = _proxy,
        ConnectCallback = ConnectAsync,
        ConnectTimeout = _connectTimeout,
        PooledConnectionIdleTimeout = LongestIdle,
        KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
        KeepAlivePingDelay = PingAfter,
        KeepAlivePingTimeout = LongestWaitForPing,
        ActivityHeadersPropagator = null,

        // What clients say in headers goes on byte by byte; a key that is no ASCII is a mistake, and an error.
        RequestHeaderEncodingSelector = static (name, _) => name is ApiKeyHeader or AuthorizationHeader ? null : Encoding.Latin1,
    };

    /// <summary>Left to itself a connection would be tried on for seconds after the request it was for, through a freeze.</summary>
    private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellation)
    {
        context.InitialRequestMessage.Options.TryGetValue(GivenUp, out CancellationToken givenUp);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, givenUp);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(context.DnsEndPoint, either.Token);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
