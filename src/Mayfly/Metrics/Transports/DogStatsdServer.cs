using System.Net;
using System.Net.Sockets;
using Mayfly.Config;
using Mayfly.Diagnostics;
using Mayfly.Http;
using Mayfly.Lifecycle;

namespace Mayfly.Metrics.Transports;

/// <summary>
/// DogStatsD on every transport that is configured: UDP, Unix datagram and stream sockets, a named pipe on Windows. One that cannot be bound costs one line in
/// the log and nothing else.
/// </summary>
/// <remarks>docs/spec/04-metrics-logs.md#a1-transports.</remarks>
public sealed class DogStatsdServer : IDisposable
{
    private const int Backlog = 128;

    private readonly DogStatsdSettings _settings;
    private readonly Counters _counters;
    private readonly Log _log;
    private readonly PacketForward? _forward;
    private readonly List<IDogStatsdTransport> _transports = [];

    private DogStatsdServer(DogStatsdSettings settings, MetricAggregator metrics, Counters counters, TimeProvider time, Log log)
    {
        _settings = settings;
        _counters = counters;
        _log = log;
        _forward = settings.Forward is { } to ? new PacketForward(to, log) : null;
        if (settings.Port != 0)
        {
            BindUdp(ReceiverFor(metrics, "udp"));
        }

        if (settings.SocketPath is not null)
        {
            BindUnixDatagrams(settings.SocketPath, ReceiverFor(metrics, "uds"));
        }

        if (settings.StreamSocketPath is not null)
        {
            BindUnixStream(settings.StreamSocketPath, ReceiverFor(metrics, "uds"));
        }

        if (settings.PipeName is not null)
        {
            ServePipe(settings.PipeName, ReceiverFor(metrics, "named_pipe"), time);
        }
    }

    /// <summary>Binds; what clients send from here on waits in the sockets for <see cref="Start"/>.</summary>
    public static DogStatsdServer Bind(DogStatsdSettings settings, MetricAggregator metrics, Counters counters, TimeProvider time, Log log) =>
        new(settings, metrics, counters, time, log);

    /// <summary>The UDP port; 0 when there is none.</summary>
    public int Port => _transports.OfType<DatagramListener>().Select(static one => one.Port).FirstOrDefault();

    public void Start() => _transports.ForEach(static one => one.Start());

    /// <summary>Completes when everything that had reached this host before the call is aggregated, or at the deadline. True: it is.</summary>
    public async Task<bool> DrainAsync(Deadline deadline)
    {
        bool[] drained = await Task.WhenAll(_transports.Select(one => one.DrainAsync(deadline)));
        return drained.All(static one => one);
    }

    /// <summary>Stops receiving; what is still in the sockets is lost unless <see cref="DrainAsync"/> went before.</summary>
    public void Dispose()
    {
        _transports.ForEach(static one => one.Dispose());
        _forward?.Dispose();
    }

    private PacketReceiver ReceiverFor(MetricAggregator metrics, string transport) =>
        new(metrics, _settings.LineEndRequired.Contains(transport), _forward);

    private void BindUdp(PacketReceiver receiver)
    {
        string? error = null;
        bool isBound = _settings.Address is { } address ? TryBindUdp(address, receiver, out error)
            : _settings.IsNonLocal ? (Socket.OSSupportsIPv6 && TryBindUdp(IPAddress.IPv6Any, receiver, out _)) || TryBindUdp(IPAddress.Any, receiver, out error)
            : TryBindUdp(IPAddress.Loopback, receiver, out error);
        if (!isBound)
        {
            _log.Error(
                $"DogStatsD: UDP port {_settings.Port} cannot be used ({error}), so custom metrics over UDP are off. "
                + $"Another agent may be running; free the port or set {Keys.DogStatsdPort}.");
        }
        else if (_settings is { Address: null, IsNonLocal: false } && Socket.OSSupportsIPv6 && !TryBindUdp(IPAddress.IPv6Loopback, receiver, out error))
        {
            _log.Debug($"DogStatsD: {error}; clients reach 127.0.0.1 only");
        }
    }

    private bool TryBindUdp(IPAddress address, PacketReceiver receiver, out string? error)
    {
        if (!UdpSocket.TryBind(new IPEndPoint(address, _settings.Port), _settings.ReceiveQueueBytes, out Socket? socket, out error))
        {
            return false;
        }

        int packetBytes = Math.Min(_settings.PacketBytes, DogStatsdSettings.DefaultPacketBytes);
        _transports.Add(new DatagramListener(socket, receiver, _counters, _log, packetBytes));
        return true;
    }

    private void BindUnixDatagrams(string path, PacketReceiver receiver)
    {
        if (UnixSocket.TryBindDatagrams(path, out Socket? socket, out string? error))
        {
            UdpSocket.WidenReceiveQueue(socket, _settings.ReceiveQueueBytes);
            _transports.Add(new UnixDatagrams(new DatagramListener(socket, receiver, _counters, _log, _settings.PacketBytes), path));
        }
        else
        {
            FailSocket(path, error, Keys.DogStatsdSocket);
        }
    }

    private void BindUnixStream(string path, PacketReceiver receiver)
    {
        if (UnixSocket.TryBind(path, Backlog, out Socket? socket, out string? error))
        {
            _transports.Add(new StreamListener(socket, path, receiver, _log, _settings.PacketBytes));
        }
        else
        {
            FailSocket(path, error, Keys.DogStatsdStreamSocket);
        }
    }

    private void FailSocket(string path, string error, string key) =>
        _log.Error($"DogStatsD: the socket {path} cannot be used ({error}), so custom metrics through it are off. Check {key} and who owns the file.");

    private void ServePipe(string name, PacketReceiver receiver, TimeProvider time)
    {
        if (OperatingSystem.IsWindows())
        {
            _transports.Add(new PipeListener(PipeListener.WindowsPipe(name, _settings.PipeSecurityDescriptor), receiver, time, _log, _settings.PacketBytes));
        }
        else
        {
            _log.Warn($"DogStatsD: named pipes exist on Windows only; {Keys.DogStatsdWindowsPipe} is ignored. Set {Keys.DogStatsdSocket} for a Unix socket.");
        }
    }

    /// <summary>A datagram listener whose socket has a file.</summary>
    private sealed class UnixDatagrams(DatagramListener listener, string path) : IDogStatsdTransport
    {
        public void Start() => listener.Start();

        public Task<bool> DrainAsync(Deadline deadline) => listener.DrainAsync(deadline);

        public void Dispose()
        {
            listener.Dispose();
            UnixSocket.Remove(path);
        }
    }
}
