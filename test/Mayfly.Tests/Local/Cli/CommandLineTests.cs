using System.Net;
using System.Net.Sockets;
using Mayfly.Local.Cli;
using Xunit;

namespace Mayfly.Tests.Local.Cli;

public class CommandLineTests
{
    [Theory]
    [InlineData("demo", "--intake-port")]
    [InlineData("intake", "--port")]
    public async Task A_blocked_intake_port_ends_the_command_and_says_what_to_do(string command, string option)
    {
        using var blocker = new TcpListener(IPAddress.Loopback, 0);
        blocker.Start();
        int port = ((IPEndPoint)blocker.LocalEndpoint).Port;
        var errors = new StringWriter();

        int code = await CommandLine.RunAsync([command, option, $"{port}"], errors);

        Assert.Equal(2, code);
        Assert.Contains($"cannot listen on 127.0.0.1:{port}", errors.ToString());
        Assert.Contains($"Choose another port with {option}", errors.ToString());
    }

    [Theory]
    [InlineData("There is no agent at", "run", "--agent", "no/such/agent", "--", "true")]
    [InlineData("write it as NAME=VALUE", "run", "--agent", "Mayfly.Tests.dll", "--env", "NOVALUE", "--", "true")]
    [InlineData("There is no event file", "run", "--agent", "Mayfly.Tests.dll", "--event", "no-such-event.json", "--", "true")]
    [InlineData("Required argument missing", "run", "--agent", "Mayfly.Tests.dll")]
    [InlineData("only --initialization-type lambda-managed-instances", "run", "--agent", "Mayfly.Tests.dll", "--concurrency", "2", "--", "true")]
    [InlineData("'lukewarm' not recognized", "run", "--agent", "Mayfly.Tests.dll", "--initialization-type", "lukewarm", "--", "true")]
    [InlineData("'lambda-managed-instances' not recognized", "demo", "--initialization-type", "lambda-managed-instances")]
    [InlineData("the web adapter runs inside a sandbox only", "web-adapter")]
    [InlineData("cannot listen on 127.0.0.1:99999", "intake", "--port", "99999")]
    public async Task A_command_that_cannot_run_says_why(string why, params string[] args)
    {
        var errors = new StringWriter();
        string[] words = [.. args.Select(a => a == "Mayfly.Tests.dll" ? typeof(CommandLineTests).Assembly.Location : a)];
        Assert.Equal(2, await CommandLine.RunAsync(words, errors));
        Assert.Contains(why, errors.ToString());
    }

    [Fact]
    public void A_taken_port_is_replaced_by_a_free_one()
    {
        // Whoever holds the usual ports on this machine, this test or another program: they must not be picked.
        using var tcp = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        using var udp = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        TryHold(tcp, 8124);
        TryHold(udp, 8125);

        LocalPorts ports = LocalPorts.Pick();

        Assert.NotEqual(8124, ports.Lifecycle);
        Assert.NotEqual(8125, ports.DogStatsd);
        Assert.All([ports.Lifecycle, ports.DogStatsd, ports.Traces, ports.Telemetry], port => Assert.InRange(port, 1, 65535));
        Dictionary<string, string> variables = new(ports.Variables);
        Assert.Equal($"{ports.Traces}", variables["DD_APM_RECEIVER_PORT"]);
        Assert.Equal($"{ports.Traces}", variables["DD_TRACE_AGENT_PORT"]);
        Assert.Equal($"{ports.Lifecycle}", variables["MAYFLY_LIFECYCLE_PORT"]);
        Assert.Equal($"{ports.DogStatsd}", variables["DD_DOGSTATSD_PORT"]);
        Assert.Equal($"{ports.Telemetry}", variables["MAYFLY_TELEMETRY_PORT"]);
    }

    private static void TryHold(Socket socket, int port)
    {
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            if (socket.SocketType == SocketType.Stream)
            {
                socket.Listen();
            }
        }
        catch (SocketException)
        {
            // Another program holds it already.
        }
    }
}
