using System.IO.Pipes;
using System.Text;
using Mayfly.Diagnostics;
using Mayfly.Http;
using Xunit;

namespace Mayfly.Tests.Http;

/// <summary>docs/spec/06-compat-and-init.md A6: HTTP over a named pipe beside TCP. On Linux .NET plays the pipe with a Unix socket.</summary>
public class PipeTransportTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task A_pipe_and_TCP_serve_the_same()
    {
        var table = new RouteTable().MapAny(async exchange =>
        {
            using RequestBody body = await exchange.ReadBodyAsync(1024);
            await exchange.RespondAsync(200, Encoding.UTF8.GetString(body.Bytes.Span) + exchange.Path);
        });
        await using var rig = new Rig(table);
        await rig.Server.StartAsync(CancellationToken.None);
        Assert.Equal("hello/tcp", (await RawHttp.OnceAsync(rig.Server.PortOf(rig.Endpoint)!.Value, "POST /tcp HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n", "hello"u8.ToArray())).Body);

        // Several clients at once, several requests of each, one of them in pieces.
        await Task.WhenAll(Enumerable.Range(0, 4).Select(async client =>
        {
            await using NamedPipeClientStream pipe = await rig.ConnectAsync();
            for (int request = 0; request < 3; request++)
            {
                string text = $"client {client} request {request}";
                byte[] bytes = Encoding.ASCII.GetBytes($"POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: {text.Length}\r\n\r\n{text}");
                await pipe.WriteAsync(bytes.AsMemory(0, 20));
                await pipe.WriteAsync(bytes.AsMemory(20));
                Assert.Contains(text + "/p", await ReadAsync(pipe, text + "/p"), StringComparison.Ordinal);
            }
        }));
    }

    /// <summary>A client that leaves in the middle costs itself.</summary>
    [Fact]
    public async Task The_pipe_outlives_its_clients()
    {
        await using var rig = new Rig(new RouteTable().MapAny(static exchange => exchange.RespondAsync(200, "ok")));
        await rig.Server.StartAsync(CancellationToken.None);
        for (int i = 0; i < 10; i++)
        {
            await using NamedPipeClientStream rude = await rig.ConnectAsync();
            await rude.WriteAsync(Encoding.ASCII.GetBytes(i % 2 == 0 ? "POST / HTTP/1.1\r\nContent-" : "\0\0\0\r\n\r\n"));
        }

        await using NamedPipeClientStream pipe = await rig.ConnectAsync();
        await pipe.WriteAsync("GET / HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray());
        Assert.StartsWith("HTTP/1.1 200", await ReadAsync(pipe, "ok"), StringComparison.Ordinal);
    }

    private static async Task<string> ReadAsync(NamedPipeClientStream pipe, string until)
    {
        using var over = new CancellationTokenSource(Patience);
        var text = new StringBuilder();
        byte[] buffer = new byte[1024];
        while (!text.ToString().Contains(until, StringComparison.Ordinal))
        {
            int length = await pipe.ReadAsync(buffer, over.Token);
            Assert.NotEqual(0, length);
            text.Append(Encoding.ASCII.GetString(buffer, 0, length));
        }

        return text.ToString();
    }

    private sealed class Rig : IAsyncDisposable
    {
        private readonly string _name = "mayfly-" + Guid.NewGuid().ToString("N");

        public Rig(RouteTable table)
        {
            Endpoint = new HttpEndpoint("piped", HttpEndpoint.Loopback, 0, table) { Pipe = new PipeTransport(_name, Log.Silent) };
            Server = HttpServer.Bind([Endpoint], new BodyBudget(1024 * 1024), Log.Silent);
        }

        public HttpEndpoint Endpoint { get; }

        public HttpServer Server { get; }

        public async Task<NamedPipeClientStream> ConnectAsync()
        {
            var pipe = new NamedPipeClientStream(".", _name, PipeDirection.InOut, System.IO.Pipes.PipeOptions.Asynchronous);
            await pipe.ConnectAsync((int)Patience.TotalMilliseconds);
            return pipe;
        }

        public ValueTask DisposeAsync() => Server.DisposeAsync();
    }
}
