using System.Diagnostics;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.RuntimeProxy;

/// <summary>Many invocations, many connections, and what the proxy adds to one invocation.</summary>
[Collection(nameof(Alone))]
public sealed class TrafficTests(ITestOutputHelper output)
{
    private const string Next = "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: h\r\n\r\n";
    private const string Accepted = "HTTP/1.1 202 Accepted\r\nContent-Length: 16\r\n\r\n{\"status\":\"OK\"}\n";

    private static readonly string Event =
        "HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: 00000000-0000-0000-0000-000000000000\r\nContent-Length: 2048\r\n\r\n"
        + $"{new string('e', 2048)}";
    private static readonly string Response =
        "POST /2018-06-01/runtime/invocation/00000000-0000-0000-0000-000000000000/response HTTP/1.1\r\n"
        + $"Content-Length: 1024\r\n\r\n{new string('r', 1024)}";

    [Fact]
    public async Task Ten_thousand_invocations_leave_nothing_behind()
    {
        const int WarmUp = 2_000;
        const int Measured = 8_000;
        await using var rig = new ProxyRig();
        int shown = 0;
        rig.Observer.OnMessage = _ =>
        {
            Interlocked.Increment(ref shown);
            throw new InvalidOperationException("not kept");
        };
        using RawConnection client = await rig.ConnectAsync();
        await client.SendAsync(Next);
        using RawConnection platform = await rig.AcceptAsync();
        await InvokeAsync(client, platform, WarmUp);
        long before = LiveBytes();
        await InvokeAsync(client, platform, Measured);
        long growth = LiveBytes() - before;

        output.WriteLine($"growth of live memory over {Measured} invocations: {growth} B");
        Assert.True(growth < 256 * 1024, $"{growth} B more after {Measured} invocations");
        Assert.Equal(2 * (WarmUp + Measured), shown);
        Assert.Equal(1, rig.Proxy.Counters.OpenConnections);
        Assert.Equal(0, rig.Copies.TakenBytes);
    }

    [Fact]
    public async Task Fifty_long_polls_wait_side_by_side()
    {
        const int Count = 50;
        await using var rig = new ProxyRig();
        RawConnection[] clients = await Task.WhenAll(Enumerable.Range(0, Count).Select(async i =>
        {
            RawConnection client = await rig.ConnectAsync();
            await client.SendAsync($"GET /2018-06-01/runtime/invocation/next?{i:00} HTTP/1.1\r\n\r\n");
            return client;
        }));
        var platforms = new Dictionary<int, RawConnection>();
        while (platforms.Count < Count)
        {
            RawConnection platform = await rig.AcceptAsync();
            string head = await platform.ReadThroughAsync("\r\n\r\n");
            ReadOnlySpan<char> number = head.AsSpan(head.IndexOf('?', StringComparison.Ordinal) + 1, 2);
            platforms.Add(int.Parse(number, System.Globalization.CultureInfo.InvariantCulture), platform);
        }

        // Answered in another order than asked.
        foreach (int i in Enumerable.Range(0, Count).Reverse())
        {
            string answer = $"HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: r{i:00}\r\nContent-Length: 2\r\n\r\n{i:00}";
            await platforms[i].SendAsync(answer);
            await clients[i].ExpectAsync(answer);
        }

        IEnumerable<string> expected = Enumerable.Range(0, Count).Reverse().Select(static i => $"next r{i:00} {i:00}");
        Assert.Equal(expected, rig.Observer.Messages.Select(static message => message.ToString()));
        Assert.Equal(Count, rig.Proxy.Counters.OpenConnections);
    }

    /// <summary>
    /// One thread plays both sides in turn, so that the time is that of the wire: an invocation through the proxy less one without it. The bound is loose, as
    /// test machines are busy; the measured median is in the output.
    /// </summary>
    [Fact]
    public async Task An_invocation_takes_little_longer()
    {
        const int Rounds = 3_000;
        await using var rig = new ProxyRig();
        rig.Observer.OnMessage = static _ => throw new InvalidOperationException("not kept");
        using RawConnection client = await rig.ConnectAsync();
        await client.SendAsync(Next);
        using RawConnection platform = await rig.AcceptAsync();
        using var direct = new LoopbackPair();
        await direct.Client.SendAsync(Next);

        await TimeAsync(client, platform, Rounds / 3);
        await TimeAsync(direct.Client, direct.Server, Rounds / 3);
        double[] through = await TimeAsync(client, platform, Rounds);
        double[] without = await TimeAsync(direct.Client, direct.Server, Rounds);
        double added = through[Rounds / 2] - without[Rounds / 2];
        output.WriteLine($"p50: {through[Rounds / 2]:0.000} ms through the proxy, {without[Rounds / 2]:0.000} ms without, added {added:0.000} ms");
        output.WriteLine($"p99: {through[Rounds * 99 / 100]:0.000} and {without[Rounds * 99 / 100]:0.000} ms");
        Assert.True(added < 5, $"{added} ms");
    }

    private static async Task<double[]> TimeAsync(RawConnection client, RawConnection platform, int rounds)
    {
        var times = new double[rounds];
        for (int i = 0; i < rounds; i++)
        {
            long start = Stopwatch.GetTimestamp();
            await InvokeAsync(client, platform, 1);
            times[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        Array.Sort(times);
        return times;
    }

    /// <summary>Begins and ends with a waiting <c>next</c>.</summary>
    private static async Task InvokeAsync(RawConnection client, RawConnection platform, int count)
    {
        for (int i = 0; i < count; i++)
        {
            await platform.ReadAsync(Next.Length);
            await platform.SendAsync(Event);
            await client.ReadAsync(Event.Length);
            await client.SendAsync(Response);
            await platform.ReadAsync(Response.Length);
            await platform.SendAsync(Accepted);
            await client.ReadAsync(Accepted.Length);
            await client.SendAsync(Next);
        }
    }

    private static long LiveBytes()
    {
        GC.Collect(2, GCCollectionMode.Forced, blocking: true);
        GC.WaitForPendingFinalizers();
        return GC.GetTotalMemory(forceFullCollection: true);
    }
}
