using System.Net;
using System.Net.Sockets;
using Mayfly.Config;
using Mayfly.Diagnostics;
using Mayfly.Http;
using Mayfly.Platforms.Lambda.RuntimeProxy;

namespace Mayfly.Tests.Platforms.Lambda.RuntimeProxy;

/// <summary>A proxy between clients of the test and a platform that the test plays byte by byte.</summary>
internal sealed class ProxyRig : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly Socket _platform = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly List<IDisposable> _connections = [];

    public ProxyRig(string? runtimeApi = null, long copiesLimitBytes = 64L * 1024 * 1024, IRuntimeProxyObserver? observer = null)
    {
        _platform.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _platform.Listen(256);
        PlatformAddress = _platform.LocalEndPoint!.ToString()!;
        Copies = new BodyBudget(copiesLimitBytes);
        RuntimeProxySettings settings = Settings(new IPEndPoint(IPAddress.Loopback, 0));
        Proxy = RuntimeApiProxy.Bind(settings, runtimeApi ?? PlatformAddress, observer ?? Observer, Copies, TimeProvider.System, Log.Silent)!;
        Proxy.Start();
    }

    public RecordingObserver Observer { get; } = new();

    public BodyBudget Copies { get; }

    public RuntimeApiProxy Proxy { get; }

    public string PlatformAddress { get; }

    public static RuntimeProxySettings Settings(params IPEndPoint[] addresses) =>
        new() { Addresses = addresses, IsWebAdapter = false, AppSecEnabled = false, ExecWrapper = null };

    public async Task<RawConnection> ConnectAsync()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(Proxy.Addresses[0]);
        return Owned(socket);
    }

    /// <summary>The next connection that the proxy makes to the platform.</summary>
    public async Task<RawConnection> AcceptAsync()
    {
        using var deadline = new CancellationTokenSource(Patience);
        Socket socket = await _platform.AcceptAsync(deadline.Token);
        socket.NoDelay = true;
        return Owned(socket);
    }

    /// <summary>A client whose <paramref name="request"/> reached the platform as <paramref name="forwarded"/>.</summary>
    public async Task<(RawConnection Client, RawConnection Platform)> ExchangeAsync(string request, string? forwarded = null)
    {
        RawConnection client = await ConnectAsync();
        await client.SendAsync(request);
        RawConnection platform = await AcceptAsync();
        await platform.ExpectAsync(forwarded ?? request);
        return (client, platform);
    }

    /// <summary>Nobody listens at the platform's address any more.</summary>
    public void StopPlatform() => _platform.Dispose();

    public async ValueTask DisposeAsync()
    {
        await Proxy.DisposeAsync();
        lock (_connections)
        {
            _connections.ForEach(static connection => connection.Dispose());
        }

        _platform.Dispose();
    }

    private RawConnection Owned(Socket socket)
    {
        var connection = new RawConnection(socket);
        lock (_connections)
        {
            _connections.Add(connection);
        }

        return connection;
    }
}
