namespace Mayfly.Footprint;

/// <summary>
/// start-invocation + end-invocation with a 2 KB event of API Gateway, minus the same two requests to a server that does nothing with them (the floor program),
/// sent in turn (design budget, fourth row). The agent's other work of an invocation (events, telemetry) happens between the measured calls.
/// </summary>
internal sealed class LifecycleBench(StartBench starter)
{
    public sealed record Result(double AgentP50, double AgentP99, double EmptyP50, double EmptyP99)
    {
        public double ExtraP50 => AgentP50 - EmptyP50;

        public double ExtraP99 => AgentP99 - EmptyP99;
    }

    public Result Run(Subject agent, Subject floor, int floorPort, int invocations)
    {
        var (floorChild, _) = starter.StartExtension(floor);
        var (child, session) = starter.StartExtension(agent);
        using (floorChild)
        using (child)
        using (var traffic = new FunctionTraffic(session, new AgentPorts()))
        using (var lifecycle = new HttpConnection(new AgentPorts().Lifecycle))
        using (var empty = new HttpConnection(floorPort))
        {
            var body = FunctionTraffic.ApiGatewayEvent();
            var agentMs = new List<double>();
            var emptyMs = new List<double>();
            string? previous = null;
            for (var i = 0; i < invocations; i++)
            {
                var requestId = Guid.NewGuid().ToString();
                session.Events.Add(FunctionTraffic.InvokeEvent(requestId));
                // The platform reports an invocation only after the extension's next call, so the record comes with the invocation after it.
                string[] telemetry = [.. previous is null ? (string[])[] : [FunctionTraffic.Report(previous)], FunctionTraffic.PlatformStart(requestId)];
                traffic.Telemetry(telemetry);
                previous = requestId;
                agentMs.Add(Pair(lifecycle, requestId, body));
                emptyMs.Add(Pair(empty, requestId, body));
                traffic.Telemetry(FunctionTraffic.RuntimeDone(requestId));
                if (!session.WaitNext(TimeSpan.FromSeconds(30)))
                {
                    throw new InvalidOperationException($"{agent.Name}: no /event/next after invocation {i + 1}");
                }
            }

            return new Result(Percentile.Of(agentMs, 0.5), Percentile.Of(agentMs, 0.99), Percentile.Of(emptyMs, 0.5), Percentile.Of(emptyMs, 0.99));
        }
    }

    private static double Pair(HttpConnection connection, string requestId, byte[] body) =>
        FunctionTraffic.StartInvocation(connection, requestId, body) + FunctionTraffic.EndInvocation(connection, requestId, 1234567890, body);
}
