using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;

namespace Mayfly.Http;

/// <summary>A Unix socket at a path that an agent before this one may have left its file at.</summary>
internal static class UnixSocket
{
    /// <summary>Everybody may connect, which takes the right to write; only the owner sees more. As the Datadog Agent's.</summary>
    private const UnixFileMode Mode =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;

    /// <summary>Binds a stream socket and listens; false: <paramref name="error"/> says why not.</summary>
    public static bool TryBind(string path, int backlog, [NotNullWhen(true)] out Socket? bound, [NotNullWhen(false)] out string? error) =>
        TryBind(path, SocketType.Stream, backlog, out bound, out error);

    /// <summary>Binds a datagram socket; false: <paramref name="error"/> says why not.</summary>
    public static bool TryBindDatagrams(string path, [NotNullWhen(true)] out Socket? bound, [NotNullWhen(false)] out string? error) =>
        TryBind(path, SocketType.Dgram, backlog: 0, out bound, out error);

    private static bool TryBind(string path, SocketType type, int backlog, [NotNullWhen(true)] out Socket? bound, [NotNullWhen(false)] out string? error)
    {
        bound = null;
        Socket? socket = null;
        try
        {
            var address = new UnixDomainSocketEndPoint(path);
            error = RemoveStale(path, type, address);
            if (error is not null)
            {
                return false;
            }

            if (Path.GetDirectoryName(path) is { Length: > 0 } directory)
            {
                Directory.CreateDirectory(directory);
            }

            socket = new Socket(AddressFamily.Unix, type, ProtocolType.Unspecified);
            socket.Bind(address);
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(path, Mode);
            }

            if (type == SocketType.Stream)
            {
                socket.Listen(backlog);
            }

            bound = socket;
            return true;
        }
        catch (Exception e) when (e is SocketException or IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            socket?.Dispose();
            error = e.Message;
            return false;
        }
    }

    /// <summary>Deletes the file of a socket that was closed; an agent that comes later would do it as well.</summary>
    public static void Remove(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Somebody else's by now, or gone with its folder.
        }
    }

    /// <summary>Deletes the file of a socket that nobody listens on. Returns why the path cannot be used; null: it can.</summary>
    private static string? RemoveStale(string path, SocketType type, UnixDomainSocketEndPoint address)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        using var probe = new Socket(AddressFamily.Unix, type, ProtocolType.Unspecified);
        try
        {
            probe.Connect(address);
            return "another agent listens on it";
        }
        catch (SocketException e)
        {
            if (e.SocketErrorCode == SocketError.ProtocolType)
            {
                return "another program has a socket of another kind there";
            }

            if (IsPlainFile(path))
            {
                return "it is a file";
            }

            File.Delete(path);
            return null;
        }
    }

    /// <summary>A socket's file cannot be opened.</summary>
    private static bool IsPlainFile(string path)
    {
        try
        {
            using FileStream file = File.OpenRead(path);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return e is UnauthorizedAccessException;
        }
    }
}
