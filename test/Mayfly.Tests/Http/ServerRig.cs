using System.Text;
using Mayfly.Diagnostics;
using Mayfly.Http;

namespace Mayfly.Tests.Http;

/// <summary>A server on a free port with the routes of a test, and what it said on its log.</summary>
internal sealed class ServerRig : IAsyncDisposable
{
    private readonly MemoryStream _output = new();

    private ServerRig(long bodiesLimitBytes, params RouteTable[] tables)
    {
        Budget = new BodyBudget(bodiesLimitBytes);
        Endpoints = [.. tables.Select(static (table, i) => new HttpEndpoint($"endpoint {i}", HttpEndpoint.Loopback, 0, table))];
        Server = HttpServer.Bind(Endpoints, Budget, new Log(LogLevel.Debug, _output));
    }

    public BodyBudget Budget { get; }

    public HttpEndpoint[] Endpoints { get; }

    public HttpServer Server { get; }

    public int Port => Server.PortOf(Endpoints[0])!.Value;

    public string Output => Encoding.UTF8.GetString(_output.ToArray());

    public static Task<ServerRig> StartAsync(RouteTable table, long bodiesLimitBytes = 64 * 1024 * 1024) => StartAsync(bodiesLimitBytes, table);

    public static async Task<ServerRig> StartAsync(long bodiesLimitBytes, params RouteTable[] tables)
    {
        var rig = new ServerRig(bodiesLimitBytes, tables);
        await rig.Server.StartAsync(CancellationToken.None);
        return rig;
    }

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
