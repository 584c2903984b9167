using System.Diagnostics;
using System.Net.Sockets;
using System.Net;
using Mayfly.Local.Intake;
using Xunit;

namespace Mayfly.Tests.Local.Intake;

public class IntakeFaultTests : IntakeFixture
{
    [Fact]
    public async Task A_refusing_intake_takes_no_connection_until_it_accepts_again_on_the_same_port()
    {
        int port = Intake.Port;
        await Intake.RefuseConnectionsAsync();

        HttpRequestException refused = await Assert.ThrowsAsync<HttpRequestException>(() => PostAsync(IntakePaths.Series, IntakeBodies.Series));
        Assert.Equal(SocketError.ConnectionRefused, Assert.IsType<SocketException>(refused.InnerException).SocketErrorCode);

        await Intake.AcceptConnectionsAsync();
        using HttpResponseMessage answer = await PostAsync(IntakePaths.Series, IntakeBodies.Series);
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        Assert.Equal(port, Intake.Port);
        Assert.Single(Intake.Requests);
    }

    [Fact]
    public async Task Refusing_cuts_kept_connections_too()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, Intake.Port);
        await socket.SendAsync("POST /api/v2/logs HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n"u8.ToArray());

        await Intake.RefuseConnectionsAsync();

        using var limit = new CancellationTokenSource(Soon);
        byte[] buffer = new byte[100];
        int read;
        try
        {
            read = await socket.ReceiveAsync(buffer, limit.Token);
        }
        catch (SocketException)
        {
            read = 0;
        }

        Assert.Equal(0, read);
    }

    [Theory]
    [InlineData(500, 2, null)]
    [InlineData(429, 1, 3)]
    [InlineData(403, 3, null)]
    [InlineData(204, 1, null)]
    public async Task A_status_is_answered_to_the_next_requests_only(int status, int requests, int? retryAfter)
    {
        Intake.SetFault(IntakePaths.Series, IntakeFault.Status(status, requests, retryAfter));
        for (int i = 0; i < requests; i++)
        {
            using HttpResponseMessage hit = await PostAsync(IntakePaths.Series, IntakeBodies.Series);
            Assert.Equal(status, (int)hit.StatusCode);
            Assert.Equal(retryAfter, (int?)hit.Headers.RetryAfter?.Delta?.TotalSeconds);
        }

        Assert.Empty(Intake.Metrics);
        using HttpResponseMessage after = await PostAsync(IntakePaths.Series, IntakeBodies.Series);
        Assert.Equal(HttpStatusCode.Accepted, after.StatusCode);
        Assert.Single(Intake.Metrics);
        Assert.Equal(requests, Intake.Requests.Count(r => r.Fault == IntakeFaultKind.Status));
    }

    [Fact]
    public async Task A_fault_hits_its_path_and_the_star_every_other()
    {
        Intake.SetFault(IntakePaths.Logs, IntakeFault.Status(503));
        Intake.SetFault("*", IntakeFault.Status(500));

        using HttpResponseMessage logs = await PostAsync(IntakePaths.Logs, "[]"u8.ToArray());
        using HttpResponseMessage series = await PostAsync(IntakePaths.Series, IntakeBodies.Series);
        Assert.Equal((503, 500), ((int)logs.StatusCode, (int)series.StatusCode));

        Intake.ClearFault();
        using HttpResponseMessage healthy = await PostAsync(IntakePaths.Logs, "[]"u8.ToArray());
        Assert.Equal(HttpStatusCode.Accepted, healthy.StatusCode);
    }

    [Fact]
    public async Task A_hanging_path_reads_the_body_and_answers_nobody_until_it_is_cleared()
    {
        Intake.SetFault(IntakePaths.Traces, IntakeFault.Hang);
        Task<HttpResponseMessage> hanging = PostAsync(IntakePaths.Traces, IntakeBodies.Traces());
        Assert.True(await Intake.WaitUntilAsync(i => i.Requests.Count == 1, Soon));
        Assert.False(hanging.IsCompleted);
        Assert.Equal((0, IntakeFaultKind.Hang), (Intake.Requests[0].Status, Intake.Requests[0].Fault));
        using HttpResponseMessage other = await PostAsync(IntakePaths.Series, IntakeBodies.Series);
        Assert.Equal(HttpStatusCode.Accepted, other.StatusCode);

        Intake.ClearFault(IntakePaths.Traces);

        await Assert.ThrowsAsync<HttpRequestException>(() => hanging);
        Assert.Empty(Intake.Spans);
    }

    [Fact]
    public async Task A_half_closed_path_reads_the_body_and_ends_without_an_answer()
    {
        Intake.SetFault(IntakePaths.Series, IntakeFault.HalfClose with { Requests = 1 });
        HttpRequestException refused = await Assert.ThrowsAsync<HttpRequestException>(() => PostAsync(IntakePaths.Series, IntakeBodies.Series));
        Assert.Equal(HttpRequestError.ResponseEnded, refused.HttpRequestError);
        Assert.Empty(Intake.Metrics);
        Assert.Equal((0, IntakeFaultKind.HalfClose), (Intake.Requests[0].Status, Intake.Requests[0].Fault));
        using HttpResponseMessage answer = await PostAsync(IntakePaths.Series, IntakeBodies.Series);
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
    }

    [Fact]
    public async Task A_slow_path_answers_late_and_keeps_the_contents()
    {
        Intake.SetFault(IntakePaths.Series, IntakeFault.Slow(TimeSpan.FromMilliseconds(150)));
        long start = Stopwatch.GetTimestamp();
        using HttpResponseMessage answer = await PostAsync(IntakePaths.Series, IntakeBodies.Series);
        Assert.True(Stopwatch.GetElapsedTime(start) >= TimeSpan.FromMilliseconds(140));
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        Assert.Single(Intake.Metrics);
    }

    [Fact]
    public async Task A_connection_closed_inside_the_answer_leaves_the_contents_stored()
    {
        Intake.SetFault(IntakePaths.Series, IntakeFault.CloseMidResponse);
        await Assert.ThrowsAsync<HttpRequestException>(() => PostAsync(IntakePaths.Series, IntakeBodies.Series));
        Assert.Single(Intake.Metrics);
    }

    [Fact]
    public async Task A_reset_path_stores_nothing()
    {
        Intake.SetFault(IntakePaths.Series, IntakeFault.Reset with { Requests = 1 });
        await Assert.ThrowsAsync<HttpRequestException>(() => PostAsync(IntakePaths.Series, IntakeBodies.Series));
        Assert.Empty(Intake.Metrics);
        Assert.Equal(IntakeFaultKind.Reset, Intake.Requests[0].Fault);
        using HttpResponseMessage answer = await PostAsync(IntakePaths.Series, IntakeBodies.Series);
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
    }

    [Fact]
    public async Task A_port_in_use_is_an_error_at_the_start() =>
        await Assert.ThrowsAsync<IOException>(() => LocalIntake.StartAsync(new IntakeOptions { Port = Intake.Port }));
}
