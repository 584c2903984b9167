using System.IO.Pipes;
using System.Text;
using Mayfly.Diagnostics;
using Mayfly.Lifecycle;
using Mayfly.Metrics.Transports;
using Xunit;

namespace Mayfly.Tests.Metrics.Transports;

/// <summary>
/// docs/spec/04-metrics-logs.md A.1, named-pipe framing. Pipes of the base library exist everywhere; only who may open one is a matter of Windows.
/// </summary>
public class PipeListenerTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly string _name = $"mayfly-{Guid.NewGuid():N}";
    private int _failures;

    [Fact]
    public async Task Lines_of_several_clients_are_taken_with_the_tail_at_the_end()
    {
        using var rig = new MetricRig();
        using PipeListener listener = Listen(rig);
        await using (NamedPipeClientStream first = await ConnectAsync())
        await using (NamedPipeClientStream second = await ConnectAsync())
        {
            await first.WriteAsync("x:1|c\nx:2"u8.ToArray());
            await second.WriteAsync("x:4|c\n"u8.ToArray());
            await first.WriteAsync("|c\ntail:1|c"u8.ToArray());
        }

        await AcceptedAsync(rig, 4);
        Assert.Equal(["tail COUNT 1 @1656581400", "x COUNT 7 @1656581400"], rig.Take().Describe());
        Assert.True(await listener.DrainAsync(Deadline.In(TimeProvider.System, Patience)));
    }

    [Fact]
    public async Task A_pipe_that_cannot_be_made_is_said_once_and_tried_again()
    {
        _failures = 2;
        using var output = new MemoryStream();
        using var rig = new MetricRig();
        using PipeListener listener = Listen(rig, new Log(LogLevel.Warn, output));
        await using NamedPipeClientStream client = await ConnectAsync();
        await client.WriteAsync("x:1|c\n"u8.ToArray());
        await AcceptedAsync(rig, 1);
        rig.Take();
        Assert.Equal(2, Encoding.UTF8.GetString(output.ToArray()).Split("the named pipe cannot be served").Length);
    }

    private static Task AcceptedAsync(MetricRig rig, long samples) => Task.Run(() =>
    {
        SpinWait.SpinUntil(() => rig.Counters.Accepted == samples, Patience);
        Assert.Equal(samples, rig.Counters.Accepted);
    });

    private PipeListener Listen(MetricRig rig, Log? log = null)
    {
        var receiver = new PacketReceiver(rig.Aggregator, needsLineEnd: false, forward: null);
        var listener = new PipeListener(Create, receiver, TimeProvider.System, log ?? Log.Silent, packetBytes: 8192);
        listener.Start();
        return listener;
    }

    private NamedPipeServerStream Create() => _failures-- > 0
        ? throw new IOException("not now")
        : new NamedPipeServerStream(_name, PipeDirection.In, NamedPipeServerStream.MaxAllowedServerInstances, PipeTransmissionMode.Byte, PipeOptions.Asynchronous);

    private async Task<NamedPipeClientStream> ConnectAsync()
    {
        var client = new NamedPipeClientStream(".", _name, PipeDirection.Out, PipeOptions.Asynchronous);
        await client.ConnectAsync((int)Patience.TotalMilliseconds);
        return client;
    }
}
