using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Mayfly.Local.Intake;

/// <summary>Kestrel on 127.0.0.1 without a host: no configuration files, no signal handlers, so that it can live inside a test or beside an emulator.</summary>
internal sealed class IntakeServer : IAsyncDisposable
{
    private static readonly TimeSpan StopLimit = TimeSpan.FromMilliseconds(200);

    private readonly KestrelServer _server;

    private IntakeServer(KestrelServer server) => _server = server;

    public int Port { get; private init; }

    /// <exception cref="IOException">The port is in use.</exception>
    public static async Task<IntakeServer> StartAsync(IntakeOptions intake, int port, Func<HttpContext, Task> handle, CancellationToken cancellation)
    {
        var options = new KestrelServerOptions { AddServerHeader = false };
        options.Limits.MaxRequestBodySize = null;
        options.Limits.MinRequestBodyDataRate = null;
        options.Limits.MinResponseDataRate = null;
        if (intake.Certificate is not null)
        {
            WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
            builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration();
            options.ApplicationServices = builder.Build().Services;
        }

        options.Listen(IPAddress.Loopback, port, listen =>
        {
            listen.Protocols = intake.OffersHttp2 ? HttpProtocols.Http1AndHttp2 : HttpProtocols.Http1;
            if (intake.Certificate is { } certificate)
            {
                listen.UseHttps(https =>
                {
                    https.ServerCertificate = certificate;
                    https.SslProtocols = intake.TlsVersions;
                    https.ServerCertificateChain = intake.CertificateChain;
                });
            }
        });
        var transport = new SocketTransportFactory(Options.Create(new SocketTransportOptions()), NullLoggerFactory.Instance);
        var server = new KestrelServer(Options.Create(options), transport, NullLoggerFactory.Instance);
        try
        {
            await server.StartAsync(new Application(handle), cancellation);
        }
        catch
        {
            server.Dispose();
            throw;
        }

        string address = server.Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First();
        return new IntakeServer(server) { Port = BindingAddress.Parse(address).Port };
    }

    public async ValueTask DisposeAsync()
    {
        using var limit = new CancellationTokenSource(StopLimit);
        await _server.StopAsync(limit.Token);
        _server.Dispose();
    }

    private sealed class Application(Func<HttpContext, Task> handle) : IHttpApplication<HttpContext>
    {
        public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

        public Task ProcessRequestAsync(HttpContext context) => handle(context);

        public void DisposeContext(HttpContext context, Exception? exception)
        {
        }
    }
}
