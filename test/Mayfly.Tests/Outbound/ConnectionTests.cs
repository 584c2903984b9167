using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Mayfly.Config;
using Mayfly.Delivery;
using Mayfly.Intake;
using Mayfly.Local.Intake;
using Mayfly.Testing;
using Mayfly.Tests.Lifecycle;
using Xunit;

namespace Mayfly.Tests.Outbound;

/// <summary>docs/spec/05-config.md#9-proxy-and-http-client: protocol and connections.</summary>
public class ConnectionTests
{
    private const int Attempts = 10;

    /// <summary>The protocol that <c>DD_HTTP_PROTOCOL</c>, a proxy and the intake together lead to; plain HTTP is 1.1.</summary>
    [Theory]
    [InlineData(null, true, true, "HTTP/2")]
    [InlineData("auto", true, true, "HTTP/2")]
    [InlineData("http2", true, true, "HTTP/2")]
    [InlineData("http1", true, true, "HTTP/1.1")]
    [InlineData("http2", true, false, "HTTP/1.1")]
    [InlineData("http2", false, false, "HTTP/1.1")]
    public async Task The_protocol_is_agreed_upon(string? setting, bool isTls, bool isOffered, string expected)
    {
        using TestAuthority authority = TestAuthority.Create();
        await using LocalIntake intake = await LocalIntake.StartAsync(new IntakeOptions { Certificate = isTls ? authority.Issue() : null, OffersHttp2 = isOffered });
        await using FlushRig rig = await FlushRig.StartAsync(
            spool: null, new JumpingClock(), intake, (Keys.HttpProtocol, setting ?? ""), (Keys.SkipSslValidation, "true"));
        foreach (IntakeKind kind in (IntakeKind[])[IntakeKind.Traces, IntakeKind.Logs, IntakeKind.Series, IntakeKind.Sketches])
        {
            rig.Put(kind, sizeBytes: 200_000);
        }

        Assert.Equal(new FlushReport(4, 0, 0), await rig.FlushAsync());
        Assert.Equal(4, intake.Requests.Count);
        Assert.All(intake.Requests, request => Assert.Equal(expected, request.Protocol));
    }

    /// <summary>An intake that goes away over HTTP/2 is a failed attempt, and the next one finds it again.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_broken_connection_is_made_anew(bool isHttp2)
    {
        using TestAuthority authority = TestAuthority.Create();
        await using LocalIntake intake = await LocalIntake.StartAsync(new IntakeOptions { Certificate = authority.Issue(), OffersHttp2 = isHttp2 });
        await using FlushRig rig = await FlushRig.StartAsync(spool: null, new JumpingClock(), intake, (Keys.SkipSslValidation, "true"));
        rig.Put(IntakeKind.Logs);
        Assert.Equal(new FlushReport(1, 0, 0), await rig.FlushAsync());
        intake.SetFault("*", IntakeFault.Reset with { Requests = 1 });
        rig.Put(IntakeKind.Logs);
        Assert.Equal(new FlushReport(1, 0, 0), await rig.FlushAsync());
        Assert.Equal(3, intake.Requests.Count);
    }

    /// <summary>
    /// What lies between forgets a connection while the sandbox is frozen, and tells nobody: the first flush after it waits for no answer on that one, also
    /// where a flush was cut on it.
    /// </summary>
    [Theory]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    [InlineData(false, true)]
    public async Task No_connection_is_used_after_a_freeze(bool isHttp2, bool isBusy)
    {
        using TestAuthority authority = TestAuthority.Create();
        await using LocalIntake intake = await LocalIntake.StartAsync(
            new IntakeOptions { Certificate = isHttp2 ? authority.Issue() : null, OffersHttp2 = isHttp2 });
        await using TcpRelay relay = TcpRelay.Start(new Uri(intake.Url).Port);
        var there = new UriBuilder(intake.Url) { Port = relay.Port };
        await using FlushRig rig = await FlushRig.StartAsync(FlushRig.Key, (Keys.LogsUrl, there.Uri.ToString()), (Keys.SkipSslValidation, "true"));
        rig.Put(IntakeKind.Logs);
        Assert.Equal(new FlushReport(1, 0, 0), await rig.FlushAsync());
        Assert.Equal(1, relay.Connections);

        Task<FlushReport>? cut = null;
        relay.Forget();
        if (isBusy)
        {
            // More than what HTTP/2 says of itself, also behind the answer before: the request is on its way.
            rig.Put(IntakeKind.Logs, sizeBytes: 2_000_000);
            cut = rig.FlushAsync(seconds: 4);
            await UntilAsync(() => relay.LostBytes > 1000);
        }

        rig.Time.Jump(TimeSpan.FromSeconds(5));
        Assert.Equal(cut is null ? default : new FlushReport(0, 0, 1), cut is null ? default : await cut);
        rig.Time.Jump(TimeSpan.FromSeconds(3));
        rig.Put(IntakeKind.Logs);
        Task<FlushReport> flush = rig.FlushAsync();
        await flush.WaitAsync(TimeSpan.FromSeconds(15), TestContext.Current.CancellationToken);
        Assert.True(await intake.WaitUntilAsync(one => one.Requests.Count == (isBusy ? 3 : 2), TimeSpan.FromSeconds(15)), $"{intake.Requests.Count}");
        Assert.Equal(2, relay.Connections);
    }

    /// <summary>Over HTTP/2 a connection is asked whether anybody is there: within a long flush the payload gets another one.</summary>
    [Fact]
    public async Task A_connection_on_which_nobody_answers_is_left()
    {
        using TestAuthority authority = TestAuthority.Create();
        await using LocalIntake intake = await LocalIntake.StartAsync(new IntakeOptions { Certificate = authority.Issue(), OffersHttp2 = true });
        await using TcpRelay relay = TcpRelay.Start(intake.Port);
        await using FlushRig rig = await FlushRig.StartAsync(
            FlushRig.Key, (Keys.LogsUrl, $"https://127.0.0.1:{relay.Port}"), (Keys.SkipSslValidation, "true"));
        rig.Put(IntakeKind.Logs);
        Assert.Equal(new FlushReport(1, 0, 0), await rig.FlushAsync());
        relay.Forget();
        rig.Put(IntakeKind.Logs);
        Assert.Equal(new FlushReport(1, 0, 0), await rig.FlushAsync(seconds: 120));
        Assert.Equal(2, relay.Connections);
        Assert.Equal(2, intake.Logs.Count);
    }

    /// <summary>
    /// A host that takes no connection, as behind a firewall: the flush ends at its deadline, and no connection is tried on after it, through the freeze.
    /// </summary>
    [Fact]
    public async Task A_connection_is_given_up_with_the_flush()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "reads /proc");
        // With its queue full the kernel drops what asks for a connection.
        using var deaf = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        deaf.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        deaf.Listen(0);
        var port = (ushort)((IPEndPoint)deaf.LocalEndPoint!).Port;
        using var queued = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await queued.ConnectAsync(IPAddress.Loopback, port, TestContext.Current.CancellationToken);

        bool wasSeen = false;
        for (int attempt = 0; attempt < Attempts && !wasSeen; attempt++)
        {
            await using FlushRig rig = await FlushRig.StartAsync(FlushRig.Key, (Keys.TracesUrl, $"http://127.0.0.1:{port}"));
            rig.Put(IntakeKind.Traces);
            Task<FlushReport> flush = rig.FlushAsync(seconds: 1);
            // A busy machine may let the flush's second pass before it lets anybody look.
            await UntilAsync(() => IsAsking(port) || flush.IsCompleted);
            wasSeen = !flush.IsCompleted;
            rig.Time.Jump(TimeSpan.FromSeconds(2));
            Assert.Equal(new FlushReport(0, 0, 1), await flush.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));
            await UntilAsync(() => !IsAsking(port));
        }

        Assert.True(wasSeen, $"No connection was seen being made in {Attempts} flushes.");
    }

    /// <summary>Some socket of this machine is in the state SYN_SENT to this port.</summary>
    private static bool IsAsking(ushort port)
    {
        string there = string.Create(CultureInfo.InvariantCulture, $"0100007F:{port:X4} 02 ");
        return File.ReadLines("/proc/net/tcp").Concat(File.ReadLines("/proc/net/tcp6")).Any(line => line.Contains(there, StringComparison.Ordinal));
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        // Left to itself a connection is tried for five seconds more.
        using var over = new CancellationTokenSource(TimeSpan.FromSeconds(4));
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        while (!condition())
        {
            await tick.WaitForNextTickAsync(over.Token);
        }
    }
}
