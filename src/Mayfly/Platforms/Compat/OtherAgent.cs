using System.Net;
using System.Net.Sockets;
using Mayfly.Lifecycle;

namespace Mayfly.Platforms.Compat;

/// <summary>Finds out whether it is an agent that holds a port: a second start has nothing to do then.</summary>
/// <remarks>docs/spec/06-compat-and-init.md#a133-exact-moment</remarks>
public static class OtherAgent
{
    private const int AnswerLimitBytes = 64 * 1024;

    private static readonly byte[] Request = "GET /info HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"u8.ToArray();

    /// <summary>True when <c>GET /info</c> on <paramref name="port"/> is answered by an agent, by the deadline.</summary>
    public static async Task<bool> AnswersAsync(int port, Deadline deadline)
    {
        using CancellationTokenSource over = deadline.ToCancellation();
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), over.Token);
            await socket.SendAsync(Request, over.Token);
            byte[] buffer = new byte[AnswerLimitBytes];
            int length = 0;
            while (length < buffer.Length && !IsAgents(buffer.AsSpan(0, length)))
            {
                int received = await socket.ReceiveAsync(buffer.AsMemory(length), over.Token);
                if (received == 0)
                {
                    break;
                }

                length += received;
            }

            return IsAgents(buffer.AsSpan(0, length));
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>A web server that answers everything with 200 is none: the document names endpoints.</summary>
    private static bool IsAgents(ReadOnlySpan<byte> answer) =>
        answer.Length > 12 && answer.StartsWith("HTTP/1."u8) && answer[8..12].SequenceEqual(" 200"u8) && answer.IndexOf("\"endpoints\""u8) >= 0;
}
