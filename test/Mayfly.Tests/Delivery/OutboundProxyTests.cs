using System.Net;
using System.Net.Sockets;
using System.Text;
using Mayfly.Config;
using Mayfly.Delivery;
using Mayfly.Intake;
using Mayfly.Local.Intake;
using Mayfly.Tests.Lifecycle;
using Xunit;

namespace Mayfly.Tests.Delivery;

/// <summary>docs/spec/03-traces.md, known defect 27; docs/spec/05-config.md#9-proxy-and-http-client: what a proxy sees.</summary>
public class OutboundProxyTests
{
    [Fact]
    public async Task D27_What_goes_to_an_http_intake_goes_through_its_proxy_unless_its_host_is_listed()
    {
        await using LocalIntake proxy = await LocalIntake.StartAsync();
        await using FlushRig rig = await FlushRig.StartAsync(
            FlushRig.Key, (Keys.TracesUrl, "http://traces.invalid:81"), (Keys.ProxyHttp, proxy.Url), (Keys.ProxyNoProxy, "127.0.0.0/8"));
        rig.Put(IntakeKind.Traces, units: 2);
        rig.Put(IntakeKind.Logs, units: 3);
        Assert.Equal(new FlushReport(5, 0, 0), await rig.FlushAsync());
        ReceivedRequest proxied = Assert.Single(proxy.Requests);
        Assert.Equal(("/api/v0.2/traces", "traces.invalid:81"), (proxied.Path, proxied.Headers["Host"]));
        Assert.Equal("/api/v2/logs", Assert.Single(rig.Intake.Requests).Path);
    }

    /// <summary>Through a tunnel, with the proxy's own password once it asks; a proxy that refuses is a failed attempt.</summary>
    [Fact]
    public async Task D27_What_goes_to_an_https_intake_goes_through_a_tunnel()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        var heads = new List<string>();
        Task serving = ServeAsync(listener, heads, TestContext.Current.CancellationToken);
        await using FlushRig rig = await FlushRig.StartAsync(
            FlushRig.Key, (Keys.TracesUrl, "https://traces.invalid"), (Keys.ProxyHttps, $"http://me:pa%20ss@127.0.0.1:{port}"));
        rig.Put(IntakeKind.Traces);
        Assert.Equal(new FlushReport(0, 0, 1), await rig.FlushAsync());
        listener.Stop();
        await serving;
        Assert.All(heads, static head => Assert.StartsWith("CONNECT traces.invalid:443 HTTP/1.1\r\n", head, StringComparison.Ordinal));
        string authorization = "Proxy-Authorization: Basic " + Convert.ToBase64String("me:pa ss"u8);
        Assert.Contains(heads, head => head.Contains(authorization, StringComparison.Ordinal));
        Assert.Contains(rig.Lines, static line => line.Contains("Sending spans failed", StringComparison.Ordinal));
        Assert.DoesNotContain(rig.Lines, static line => line.Contains("pa%20ss", StringComparison.Ordinal) || line.Contains("pa ss", StringComparison.Ordinal));
    }

    /// <summary>Two proxies, two users: neither sees the other's password.</summary>
    [Fact]
    public async Task D27_Each_proxy_gets_its_own_password()
    {
        using var tunnel = new TcpListener(IPAddress.Loopback, 0);
        using var plain = new TcpListener(IPAddress.Loopback, 0);
        tunnel.Start();
        plain.Start();
        var tunnelHeads = new List<string>();
        var plainHeads = new List<string>();
        Task[] serving =
        [
            ServeAsync(tunnel, tunnelHeads, TestContext.Current.CancellationToken), ServeAsync(plain, plainHeads, TestContext.Current.CancellationToken),
        ];
        await using FlushRig rig = await FlushRig.StartAsync(
            FlushRig.Key,
            (Keys.TracesUrl, "https://traces.invalid"), (Keys.ProxyHttps, $"http://tunnel:one@{tunnel.LocalEndpoint}"),
            (Keys.LogsUrl, "http://logs.invalid"), (Keys.ProxyHttp, $"http://plain:two@{plain.LocalEndpoint}"));
        rig.Put(IntakeKind.Traces);
        rig.Put(IntakeKind.Logs);
        Assert.Equal(new FlushReport(0, 0, 2), await rig.FlushAsync());
        tunnel.Stop();
        plain.Stop();
        await Task.WhenAll(serving);
        Assert.Equal(["Basic " + Convert.ToBase64String("tunnel:one"u8)], Authorizations(tunnelHeads));
        Assert.Equal(["Basic " + Convert.ToBase64String("plain:two"u8)], Authorizations(plainHeads));
    }

    private static IEnumerable<string> Authorizations(List<string> heads) => heads
        .SelectMany(static head => head.Split("\r\n"))
        .Where(static line => line.StartsWith("Proxy-Authorization: ", StringComparison.Ordinal))
        .Select(static line => line["Proxy-Authorization: ".Length..])
        .Distinct();

    /// <summary>Asks for a password, and refuses whoever has one.</summary>
    private static async Task ServeAsync(TcpListener listener, List<string> heads, CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                using TcpClient client = await listener.AcceptTcpClientAsync(cancellation);
                NetworkStream stream = client.GetStream();
                byte[] buffer = new byte[8192];
                int length = 0;
                while (!Encoding.ASCII.GetString(buffer, 0, length).Contains("\r\n\r\n", StringComparison.Ordinal))
                {
                    int read = await stream.ReadAsync(buffer.AsMemory(length), cancellation);
                    if (read == 0)
                    {
                        break;
                    }

                    length += read;
                }

                string head = Encoding.ASCII.GetString(buffer, 0, length);
                heads.Add(head);
                string status = head.Contains("Proxy-Authorization", StringComparison.Ordinal)
                    ? "502 Bad Gateway\r\n"
                    : "407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"\r\n";
                await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {status}Content-Length: 0\r\nConnection: close\r\n\r\n"), cancellation);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException or OperationCanceledException)
        {
            // The test is over.
        }
    }
}
