namespace Mayfly.Footprint;

/// <summary>Memory of an agent over many invocations with 10 spans, 20 metrics and 5 logs each (design budget, second row).</summary>
internal sealed class InvocationBench(StartBench starter)
{
    private const int Spans = 10;
    private const int Metrics = 20;
    private const int Logs = 5;
    private const int Samples = 20;

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
                var requestId = Guid.NewGuid().ToString();
                session.Events.Add(FunctionTraffic.InvokeEvent(requestId));
                var start = FunctionTraffic.PlatformStart(requestId);
                // The report of an invocation reaches the extension after the thaw, with the next one.
                traffic.Telemetry(report is null ? [start] : [report, start]);
                traffic.Metrics(Metrics);
                traffic.Trace(Spans, requestId);
                traffic.Telemetry([.. Enumerable.Range(0, Logs).Select(line => FunctionTraffic.FunctionLog($"{requestId} line {line} of an ordinary log"))]);
                traffic.Telemetry(FunctionTraffic.RuntimeDone(requestId));
                report = FunctionTraffic.Report(requestId);
                if (!session.WaitNext(TimeSpan.FromSeconds(30)))
                {
                    throw new InvalidOperationException($"{agent.Name}: no /event/next after invocation {i}");
                }

                if (i % Math.Max(1, invocations / Samples) == 0)
                {
                    rss.Add((child.Sample() ?? throw new InvalidOperationException($"{agent.Name} ended at invocation {i}")).RssBytes);
                }
            }
        }

        return rss;
    }
}
