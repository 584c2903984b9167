using System.Net.Sockets;
using System.Text;
using Mayfly.Diagnostics;
using Mayfly.Http;
using Xunit;

namespace Mayfly.Tests.Http;

/// <summary>docs/spec/03-traces.md#11-listeners, row Unix socket.</summary>
public sealed class UnixSocketTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mayfly").FullName;
    private readonly MemoryStream _output = new();

    private string SocketPath => Path.Combine(_folder, "apm.socket");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task It_serves_what_TCP_serves_and_its_file_goes_with_it()
    {
        HttpServer server = await StartAsync(SocketPath);
        Assert.StartsWith("HTTP/1.1 200", await AskAsync(SocketPath, "/here"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 404", await AskAsync(SocketPath, "/there"), StringComparison.Ordinal);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal("722", Convert.ToString((int)File.GetUnixFileMode(SocketPath), 8));
        }

        await server.DisposeAsync();
        Assert.False(File.Exists(SocketPath));
        Assert.Equal("", Said);
    }

    [Fact]
    public async Task Its_folder_is_made()
    {
        string path = Path.Combine(_folder, "a", "b", "apm.socket");
        await using HttpServer server = await StartAsync(path);
        Assert.StartsWith("HTTP/1.1 200", await AskAsync(path, "/here"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_file_of_an_agent_that_was_killed_is_replaced()
    {
        var killed = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        killed.Bind(new UnixDomainSocketEndPoint(SocketPath));
        string kept = SocketPath + ".kept";
        File.Move(SocketPath, kept);
        killed.Dispose();
        File.Move(kept, SocketPath);
        await using HttpServer server = await StartAsync(SocketPath);
        Assert.StartsWith("HTTP/1.1 200", await AskAsync(SocketPath, "/here"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_agent_that_lives_is_left_alone()
    {
        await using HttpServer first = await StartAsync(SocketPath);
        await using (await StartAsync(SocketPath))
        {
            Assert.Contains("another agent listens on it", Said, StringComparison.Ordinal);
        }

        Assert.StartsWith("HTTP/1.1 200", await AskAsync(SocketPath, "/here"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_of_somebody_else_is_left_alone()
    {
        await File.WriteAllTextAsync(SocketPath, "precious");
        await using (await StartAsync(SocketPath))
        {
            Assert.Contains("it is a file", Said, StringComparison.Ordinal);
        }

        Assert.Equal("precious", await File.ReadAllTextAsync(SocketPath));
    }

    [Theory]
    [InlineData("relative.socket", "no absolute path")]
    [InlineData("/proc/nowhere/apm.socket", "cannot be used")]
    [InlineData("/tmp/a-path-that-is-longer-than-the-107-bytes-a-unix-socket-may-have-a-path-that-is-longer-than-the-107-bytes/x", "cannot be used")]
    public async Task What_cannot_be_is_one_line_and_TCP_is_served(string path, string reason)
    {
        await using HttpServer server = await StartAsync(path);
        Assert.Contains(reason, Assert.Single(Said.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
        Assert.Equal(200, (await RawHttp.OnceAsync(server.PortOf(_endpoint!)!.Value, "GET /here HTTP/1.1\r\nHost: x\r\n\r\n")).Status);
    }

    private HttpEndpoint? _endpoint;

    private string Said => Encoding.UTF8.GetString(_output.ToArray());

    private async Task<HttpServer> StartAsync(string path)
    {
        RouteTable table = new RouteTable().Map("/here", static exchange => exchange.RespondAsync(200, "yes"));
        _endpoint = new HttpEndpoint("endpoint", HttpEndpoint.Loopback, 0, table) { SocketPath = path };
        HttpServer server = HttpServer.Bind([_endpoint], new BodyBudget(1024 * 1024), new Log(LogLevel.Debug, _output));
        await server.StartAsync(CancellationToken.None);
        return server;
    }

    private static async Task<string> AskAsync(string socket, string path)
    {
        using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await client.ConnectAsync(new UnixDomainSocketEndPoint(socket));
        await using var stream = new NetworkStream(client);
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync();
    }
}
