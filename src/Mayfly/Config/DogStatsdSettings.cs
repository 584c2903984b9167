using System.Net;

namespace Mayfly.Config;

/// <summary>Where DogStatsD clients are listened to (docs/spec/04-metrics-logs.md#a1-transports).</summary>
public sealed record DogStatsdSettings
{
    /// <summary>Above the 65,507 bytes that a UDP datagram can carry: none is truncated.</summary>
    public const int DefaultPacketBytes = 65_536;

    /// <summary>What the operating system is asked for as receive queue; it gives less where its own limit is lower.</summary>
    public const int DefaultReceiveQueueBytes = 8 * 1024 * 1024;

    private const string PipePrefix = @"\\.\pipe\";

    /// <summary>UDP; 0 = off.</summary>
    public required int Port { get; init; }

    /// <summary>True: datagrams from other hosts are taken too.</summary>
    public required bool IsNonLocal { get; init; }

    /// <summary>The only address to bind; null: the loopback addresses, or all with <see cref="IsNonLocal"/>.</summary>
    public required IPAddress? Address { get; init; }

    /// <summary>Path of a Unix datagram socket; null: there is none.</summary>
    public required string? SocketPath { get; init; }

    /// <summary>Path of a Unix stream socket; null: there is none.</summary>
    public required string? StreamSocketPath { get; init; }

    /// <summary>Name of a Windows pipe, without <c>\\.\pipe\</c>; null: there is none.</summary>
    public required string? PipeName { get; init; }

    /// <summary>Who may open the pipe, as SDDL.</summary>
    public required string PipeSecurityDescriptor { get; init; }

    /// <summary>Bytes of the longest datagram or frame that is taken whole.</summary>
    public required int PacketBytes { get; init; }

    /// <summary>Bytes of the socket's receive queue; 0 = as the operating system has it.</summary>
    public required int ReceiveQueueBytes { get; init; }

    /// <summary>Transports (<c>udp</c>, <c>uds</c>, <c>named_pipe</c>) on which a line counts only with its line end.</summary>
    public required IReadOnlyList<string> LineEndRequired { get; init; }

    /// <summary>Where a copy of every packet goes; null: nowhere.</summary>
    public required DnsEndPoint? Forward { get; init; }

    internal static DogStatsdSettings Read(EnvReader env)
    {
        bool isOn = env.Bool(Keys.UseDogStatsd, @default: true);
        int port = env.Port(Keys.DogStatsdPort, @default: 8125);
        string? socketPath = ReadPath(env, Keys.DogStatsdSocket);
        string? streamSocketPath = ReadPath(env, Keys.DogStatsdStreamSocket);
        string? pipeName = ReadPipeName(env);
        return new DogStatsdSettings
        {
            Port = isOn ? port : 0,
            IsNonLocal = env.Bool(Keys.DogStatsdNonLocal, @default: false),
            Address = ReadAddress(env),
            SocketPath = isOn ? socketPath : null,
            StreamSocketPath = isOn ? streamSocketPath : null,
            PipeName = isOn ? pipeName : null,
            PipeSecurityDescriptor = env.Text(Keys.DogStatsdPipeSecurity)?.Trim() ?? "D:AI(A;;GA;;;WD)",
            PacketBytes = env.Int(Keys.DogStatsdBufferSize, DefaultPacketBytes, min: 64, max: 1024 * 1024),
            ReceiveQueueBytes = env.Int(Keys.DogStatsdReceiveBuffer, DefaultReceiveQueueBytes, min: 0, max: int.MaxValue / 2),
            LineEndRequired = ReadTransports(env),
            Forward = ReadForward(env),
        };
    }

    private static IPAddress? ReadAddress(EnvReader env)
    {
        return env.First<IPAddress?>([Keys.BindHost], TryRead, "an IP address or localhost, which is used", null);

        static bool TryRead(SettingValue value, out IPAddress? address)
        {
            string text = value.Text.Trim();
            return IPAddress.TryParse(text, out address) || text.Equals("localhost", StringComparison.OrdinalIgnoreCase);
        }
    }

    /// <summary>Clients write a scheme in front of the path.</summary>
    private static string? ReadPath(EnvReader env, string key)
    {
        string? path = env.Text(key)?.Trim();
        int scheme = path?.IndexOf("://", StringComparison.Ordinal) ?? -1;
        return scheme < 0 ? path : path![(scheme + 3)..];
    }

    private static string? ReadPipeName(EnvReader env)
    {
        string? name = env.Text(Keys.DogStatsdWindowsPipe, Keys.DogStatsdPipe)?.Trim();
        return name?.StartsWith(PipePrefix, StringComparison.OrdinalIgnoreCase) == true ? name[PipePrefix.Length..] : name;
    }

    private static string[] ReadTransports(EnvReader env)
    {
        string[] known = ["udp", "uds", "named_pipe"];
        string[] words = [.. env.Texts(Keys.DogStatsdLineEndRequired)];
        if (words.Except(known).FirstOrDefault() is { } unknown)
        {
            env.Warn(Keys.DogStatsdLineEndRequired, unknown, "udp, uds and named_pipe, this one is skipped");
        }

        return [.. known.Where(words.Contains)];
    }

    private static DnsEndPoint? ReadForward(EnvReader env)
    {
        string? host = env.Text(Keys.StatsdForwardHost)?.Trim();
        int port = env.Port(Keys.StatsdForwardPort, @default: 0);
        return host is null || port == 0 ? null : new DnsEndPoint(host, port);
    }
}
