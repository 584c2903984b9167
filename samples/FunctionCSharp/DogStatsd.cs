using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace FunctionCSharp;

/// <summary>DogStatsD over UDP, one datagram per call (docs/spec/04-metrics-logs.md, A.3).</summary>
internal sealed class DogStatsd : IDisposable
{
    private readonly UdpClient _client = new();
    private readonly IPEndPoint _agent;
    private readonly Manifest _manifest;

    public DogStatsd(int port, Manifest manifest)
    {
        _agent = new IPEndPoint(IPAddress.Loopback, port);
        _manifest = manifest;
    }

    public void Count(Invocation invocation, string name, double value, params string[] tags) => Send(invocation, name, value, "c", tags);

    public void Gauge(Invocation invocation, string name, double value, params string[] tags) => Send(invocation, name, value, "g", tags);

    public void Distribution(Invocation invocation, string name, double value, params string[] tags) => Send(invocation, name, value, "d", tags);

    public void Timer(Invocation invocation, string name, double milliseconds, params string[] tags) => Send(invocation, name, milliseconds, "ms", tags);

    public void Dispose() => _client.Dispose();

    private void Send(Invocation invocation, string name, double value, string type, string[] tags)
    {
        // The request id makes the demo's report readable. Tag values of that many kinds do not belong on metrics in production.
        string[] all = [.. tags, $"request:{invocation.RequestId[..Math.Min(8, invocation.RequestId.Length)]}"];
        _manifest.Metric(invocation.RequestId, name, type, value, all);
        string line = string.Create(CultureInfo.InvariantCulture, $"{name}:{value}|{type}|#{string.Join(',', all)}");
        try
        {
            _client.Send(Encoding.UTF8.GetBytes(line), _agent);
        }
        catch (SocketException e)
        {
            _manifest.Failure($"UDP {name} failed: {e.Message}");
        }
    }
}
