using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Mayfly.Footprint;

/// <summary>
/// Memory of an agent over many invocations of a universally instrumented function behind an API gateway, with 10 spans, 20 metrics and 5 logs each
/// (design budget, second row), and what it still knows of them when the sandbox ends.
/// </summary>
/// <param name="starter">Starts the agent.</param>
/// <param name="intakeAnswers">While it is not set, the intake takes requests and does not answer.</param>
internal sealed class InvocationBench(StartBench starter, ManualResetEventSlim intakeAnswers)
{
    private const int Spans = 10;
    private const int Metrics = 20;
    private const int Logs = 5;
    private const int Samples = 20;

    /// <summary>Buffers, pools and the heap have their size by then.</summary>
    private const int SettledAfter = 1000;

    private static readonly TimeSpan NextTimeout = TimeSpan.FromSeconds(30);

    private static readonly byte[] Event = FunctionTraffic.ApiGatewayEvent();

    /// <param name="Rss">Bytes, at even distances, with the number of invocations before each; the last one is after all of them.</param>
    /// <param name="Held">Invocations that the agent still keeps in mind during its last flush; null = it has not told.</param>
    public sealed record Result(IReadOnlyList<(int Invocations, long Bytes)> Rss, int? Held)
    {
        public long Last => Rss[^1].Bytes;

        /// <summary>± bytes around the middle of the samples from the 1,000th invocation on: half of what lies between lowest and highest; null: too few.</summary>
        public double? Spread
        {
            get
            {
                double[] settled = [.. Rss.Where(static sample => sample.Invocations >= SettledAfter).Select(static sample => (double)sample.Bytes)];
                return settled.Length < 8 ? null : (settled.Max() - settled.Min()) / 2;
            }
        }
    }

    public Result Run(Subject agent, int invocations)
    {
        var rss = new List<(int, long)>();
        var (child, session) = starter.StartExtension(agent);
        using (child)
        using (var traffic = new FunctionTraffic(session, new AgentPorts()))
        {
            string? report = null;
            for (var i = 1; i <= invocations; i++)
            {
                try
                {
                    report = Invoke(session, traffic, report);
                }
                catch (Exception e) when (e is IOException or SocketException or TimeoutException)
                {
                    throw new InvalidOperationException($"{agent.Name}, invocation {i}: {e.Message}; the process {(child.HasEnded ? "has ended" : "is alive")}", e);
                }

                if (i % Math.Max(1, invocations / Samples) == 0)
                {
                    rss.Add((i, (child.Sample() ?? throw new InvalidOperationException($"{agent.Name} ended at invocation {i}")).RssBytes));
                }
            }

            return new Result(rss, HeldAtTheEnd(session));
        }
    }

    /// <summary>One invocation from INVOKE to the agent's next <c>/event/next</c>; returns the report record that reaches the agent with the next invocation.</summary>
    private static string Invoke(ExtensionsApi.Session session, FunctionTraffic traffic, string? previousReport)
    {
        var requestId = Guid.NewGuid().ToString();
        var traceId = (ulong)Random.Shared.NextInt64();
        session.Events.Add(FunctionTraffic.InvokeEvent(requestId));
        var start = FunctionTraffic.PlatformStart(requestId);
        // The report of an invocation reaches the extension after the thaw, with the next one.
        traffic.Telemetry(previousReport is null ? [start] : [previousReport, start]);
        traffic.StartInvocation(requestId, Event);
        traffic.Metrics(Metrics);
        traffic.Trace(Spans, traceId, requestId);
        traffic.Telemetry([.. Enumerable.Range(0, Logs).Select(line => FunctionTraffic.FunctionLog($"{requestId} line {line} of an ordinary log"))]);
        traffic.EndInvocation(requestId, traceId);
        traffic.Telemetry(FunctionTraffic.RuntimeDone(requestId));
        return session.WaitNext(NextTimeout)
            ? FunctionTraffic.Report(requestId)
            : throw new TimeoutException($"no /event/next within {NextTimeout.TotalSeconds} s");
    }

    /// <summary>SHUTDOWN; the agent's last flush is held up until it has told how many invocations it still keeps in mind.</summary>
    private int? HeldAtTheEnd(ExtensionsApi.Session session)
    {
        intakeAnswers.Reset();
        try
        {
            var shutdownAt = Stopwatch.GetTimestamp();
            session.Events.Add(FunctionTraffic.ShutdownEvent());
            int? held = null;
            using var traces = new HttpConnection(new AgentPorts().Traces);
            while (held != 0 && Stopwatch.GetElapsedTime(shutdownAt) < FunctionTraffic.ShutdownTime)
            {
                var page = traces.Send("GET", "/debug/mayfly", "", []);
                using var json = JsonDocument.Parse(Encoding.UTF8.GetString(page.Body));
                held = json.RootElement.GetProperty("invocations").GetInt32();
            }

            return held;
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            return null;
        }
        finally
        {
            intakeAnswers.Set();
        }
    }
}
