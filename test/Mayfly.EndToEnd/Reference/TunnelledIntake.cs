using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;
using Mayfly.EndToEnd.Agents;
using Mayfly.EndToEnd.Functions;
using Mayfly.Testing;

namespace Mayfly.EndToEnd.Reference;

/// <summary>A request that came through the tunnel; its body is decompressed.</summary>
internal sealed record TunnelledRequest(string Path, byte[] Body);

/// <summary>A proxy that leads every tunnel to itself: behind it TLS and an intake that takes all, for a program whose intake has a fixed name.</summary>
internal sealed partial class TunnelledIntake : IAsyncDisposable
{
    private const int MaxHeadBytes = 16 << 10;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly TestAuthority _authority = AuthorityInMemory.Create();
    private readonly X509Certificate2 _certificate;
    private readonly Process _decompressor;
    private readonly SemaphoreSlim _decompressing = new(1, 1);
    private readonly ConcurrentQueue<TunnelledRequest> _requests = [];
    private readonly ConcurrentQueue<Exception> _errors = [];
    private readonly Task _accepting;

    private TunnelledIntake(string folder, string host)
    {
        _certificate = _authority.Issue(host);
        var start = new ProcessStartInfo("node", ["decompress.js"]) { WorkingDirectory = folder, RedirectStandardInput = true, RedirectStandardOutput = true };
        _decompressor = Process.Start(start) ?? throw new InvalidOperationException("node did not start.");
        _listener.Start();
        Url = $"http://{_listener.LocalEndpoint}";
        _accepting = AcceptAsync();
    }

    /// <summary>Skips the test where node or its package is missing.</summary>
    /// <param name="host">The fixed name.</param>
    public static async Task<TunnelledIntake> StartAsync(string host = "api.datadoghq.com")
    {
        string folder = Path.Combine(AgentUnderTest.Root, "test", "Mayfly.EndToEnd", "Reference");
        await NodeProgram.RequireAsync(folder, "fzstd");
        return new TunnelledIntake(folder, host);
    }

    /// <summary>Of the proxy.</summary>
    public string Url { get; }

    public IReadOnlyList<TunnelledRequest> Requests => [.. _requests];

    /// <summary>Makes a child of this process, which listens already, take the intake for the one of the fixed name.</summary>
    public void BeTrustedBy(int processId) => AuthorityInMemory.Install(_authority, processId);

    /// <summary>Waits for a request to <paramref name="path"/> that holds <paramref name="text"/>.</summary>
    public Task ReceivesAsync(string path, string text, Func<string> explain)
    {
        byte[] searched = Encoding.UTF8.GetBytes(text);
        return Until.TrueAsync(
            () => _requests.Any(request => request.Path == path && request.Body.AsSpan().IndexOf(searched) >= 0),
            $"{text} arrives at {path}",
            () => $"{string.Join('\n', _errors)}\n{explain()}");
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _accepting;
        _decompressor.Kill(entireProcessTree: true);
        await _decompressor.WaitForExitAsync();
        _decompressor.Dispose();
        _certificate.Dispose();
        _authority.Dispose();
    }

    private async Task AcceptAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
            {
                connections.Add(ServeAsync(await _listener.AcceptTcpClientAsync()));
            }
        }
        catch (Exception error) when (error is SocketException or InvalidOperationException)
        {
            // The end. Connections end when their client is killed.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                NetworkStream plain = client.GetStream();
                await ReadHeadAsync(plain);
                await plain.WriteAsync("HTTP/1.1 200 OK\r\n\r\n"u8.ToArray());
                await using var secure = new SslStream(plain);
                await secure.AuthenticateAsServerAsync(_certificate);
                while (await ReadHeadAsync(secure) is { } head)
                {
                    byte[] body = new byte[int.Parse(ContentLength().Match(head).Groups[1].ValueSpan, CultureInfo.InvariantCulture)];
                    await secure.ReadExactlyAsync(body);
                    _requests.Enqueue(new TunnelledRequest(head.Split(' ')[1], await DecompressAsync(body)));
                    await secure.WriteAsync("HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}"u8.ToArray());
                }
            }
            catch (Exception error)
            {
                _errors.Enqueue(error);
            }
        }
    }

    /// <summary>Null: the client is gone.</summary>
    private static async Task<string?> ReadHeadAsync(Stream stream)
    {
        var head = new StringBuilder();
        byte[] one = new byte[1];
        while (head.Length < MaxHeadBytes && await stream.ReadAsync(one) == 1)
        {
            head.Append((char)one[0]);
            if (one[0] == '\n' && head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
            {
                return head.ToString();
            }
        }

        return null;
    }

    private async Task<byte[]> DecompressAsync(byte[] body)
    {
        await _decompressing.WaitAsync();
        try
        {
            await _decompressor.StandardInput.WriteLineAsync(Convert.ToBase64String(body));
            await _decompressor.StandardInput.FlushAsync();
            string? line = await _decompressor.StandardOutput.ReadLineAsync();
            return Convert.FromBase64String(line ?? throw new InvalidDataException("node could not decompress a body."));
        }
        finally
        {
            _decompressing.Release();
        }
    }

    [GeneratedRegex(@"\r\ncontent-length: (\d+)", RegexOptions.IgnoreCase)]
    private static partial Regex ContentLength();
}
