using System.Net.Sockets;

namespace Mayfly.Footprint;

/// <summary>Memory of an agent over many invocations with 10 spans, 20 metrics and 5 logs each (design budget, second row).</summary>
internal sealed class InvocationBench(StartBench starter)
{
    private const int Spans = 10;
    private const int Metrics = 20;
    private const int Logs = 5;
    private const int Samples = 20;
    private static readonly TimeSpan NextTimeout = TimeSpan.FromSeconds(30);

    /// <summary>RSS in bytes at even distances; the last value is the one after all invocations.</summary>
    public List<long> Run(Subject agent, int invocations)
    {
        var rss = new List<long>();
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
                    rss.Add((child.Sample() ?? throw new InvalidOperationException($"{agent.Name} ended at invocation {i}")).RssBytes);
                }
            }
        }

        return rss;
    }

    /// <summary>One invocation from INVOKE to the agent's next <c>/event/next</c>; returns the report record that reaches the agent with the next invocation.</summary>
    private static string Invoke(ExtensionsApi.Session session, FunctionTraffic traffic, string? previousReport)
    {
        var requestId = Guid.NewGuid().ToString();
        session.Events.Add(FunctionTraffic.InvokeEvent(requestId));
        var start = FunctionTraffic.PlatformStart(requestId);
        // The report of an invocation reaches the extension after the thaw, with the next one.
        traffic.Telemetry(previousReport is null ? [start] : [previousReport, start]);
        traffic.Metrics(Metrics);
        traffic.Trace(Spans, requestId);
        traffic.Telemetry([.. Enumerable.Range(0, Logs).Select(line => FunctionTraffic.FunctionLog($"{requestId} line {line} of an ordinary log"))]);
        traffic.Telemetry(FunctionTraffic.RuntimeDone(requestId));
        return session.WaitNext(NextTimeout)
            ? FunctionTraffic.Report(requestId)
            : throw new TimeoutException($"no /event/next within {NextTimeout.TotalSeconds} s");
    }
}
