using System.Buffers.Binary;
using System.Net.Sockets;
using Mayfly.Diagnostics;

namespace Mayfly.Metrics.Transports;

/// <summary>
/// How many datagrams the operating system has thrown away because the socket's receive queue was full: asked of the kernel, where it tells, and counted as
/// <see cref="Omission.Datagram"/>. Thread-safe.
/// </summary>
internal sealed class LostDatagrams(Socket socket, Counters counters, Log log)
{
    /// <summary><c>SOL_SOCKET</c> and <c>SO_MEMINFO</c> of Linux: nine numbers, the last of which is the socket's dropped datagrams.</summary>
    private const int SocketLevel = 1;
    private const int MemoryInfo = 55;
    private const int Numbers = 9;

    private readonly Lock _gate = new();
    private uint _known;

    /// <summary>Adds what was lost since the last time.</summary>
    public void Count()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        lock (_gate)
        {
            uint lost = Ask();

            // The kernel's number is 32 bits wide and wraps around.
            uint more = unchecked(lost - _known);
            if (more > 0)
            {
                _known = lost;
                counters.Omit(Omission.Datagram, more);
                log.Once(
                    "dogstatsd-lost",
                    LogLevel.Warn,
                    $"DogStatsD: the operating system dropped {more} datagrams, as metrics came faster than they could be read. Have the client put several "
                    + "metrics into one datagram, or raise net.core.rmem_max. Later ones are counted in /debug/mayfly and not repeated here.");
            }
        }
    }

    private uint Ask()
    {
        Span<byte> numbers = stackalloc byte[Numbers * sizeof(uint)];
        try
        {
            int length = socket.GetRawSocketOption(SocketLevel, MemoryInfo, numbers);
            return length == numbers.Length ? BinaryPrimitives.ReadUInt32LittleEndian(numbers[^sizeof(uint)..]) : _known;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // A kernel that does not tell, or the end of the socket.
            return _known;
        }
    }
}
