using System.Net.Security;

namespace Mayfly.Footprint;

/// <summary>
/// What the first flush of a sandbox costs: one invocation of an instrumented function, whose spans, metrics and logs go to three intakes, as in production,
/// over TLS with an authority of their own, and the same over plain HTTP.
/// </summary>
internal sealed class FirstFlushBench(StartBench starter, string folder)
{
    private const int Spans = 10;
    private const int Metrics = 20;

    /// <summary>What the agent does at its leisure is done by then.</summary>
    private static readonly TimeSpan UntilIdle = TimeSpan.FromMilliseconds(300);

    private static readonly TimeSpan NextTimeout = TimeSpan.FromSeconds(20);

    /// <param name="FlushMs">CPU of the process from the end of the handler to its next <c>/event/next</c>, ms, median.</param>
    /// <param name="FirstMs">The lowest.</param>
    /// <param name="BeforeMs">CPU from exec until it is idle after its first <c>/event/next</c>, ms, median.</param>
    /// <param name="RssMb">After the flush, median.</param>
    public sealed record Result(double FlushMs, double FirstMs, double BeforeMs, double RssMb);

    /// <summary>Both in turn.</summary>
    public (Result Secure, Result Plain) Run(Subject agent, int rounds)
    {
        var (certificate, rootPem) = Authority.Create();
        var root = Path.Combine(folder, "root.pem");
        File.WriteAllText(root, rootPem);
        var secure = new List<(double, double, double)>();
        var plain = new List<(double, double, double)>();
        for (var round = -1; round < rounds; round++)
        {
            var (first, second) = (Once(agent, certificate, root), Once(agent, null, root));
            if (round >= 0)
            {
                secure.Add(first);
                plain.Add(second);
            }
        }

        return (ResultOf(secure), ResultOf(plain));
    }

    private static Result ResultOf(List<(double Flush, double Before, double Rss)> rounds) => new(
        Percentile.Of([.. rounds.Select(static one => one.Flush)], 0.5),
        rounds.Min(static one => one.Flush),
        Percentile.Of([.. rounds.Select(static one => one.Before)], 0.5),
        Percentile.Of([.. rounds.Select(static one => one.Rss)], 0.5));

    private (double Flush, double Before, double Rss) Once(Subject agent, SslStreamCertificateContext? certificate, string root)
    {
        var taken = 0;
        byte[] Answer(HttpMessage request)
        {
            Interlocked.Increment(ref taken);
            return HttpMessage.Response(202, "Content-Type: application/json\r\n", "{}");
        }

        using var traces = new LoopbackServer(Answer, certificate);
        using var metrics = new LoopbackServer(Answer, certificate);
        using var logs = new LoopbackServer(Answer, certificate);
        var scheme = certificate is null ? "http" : "https";
        var subject = agent.With(
        [
            new("DD_APM_DD_URL", $"{scheme}://127.0.0.1:{traces.Port}"),
            new("DD_DD_URL", $"{scheme}://127.0.0.1:{metrics.Port}"),
            new("DD_LOGS_CONFIG_LOGS_DD_URL", $"{scheme}://127.0.0.1:{logs.Port}"),
            new("DD_TLS_CERT_FILE", root),
            new("DD_SERVERLESS_FLUSH_STRATEGY", "end"),
        ]);
        var (child, session) = starter.StartExtension(subject);
        using (child)
        using (var traffic = new FunctionTraffic(session, new AgentPorts()))
        {
            Thread.Sleep(UntilIdle);
            var idle = SampleOf(child);
            var requestId = Guid.NewGuid().ToString();
            session.Events.Add(FunctionTraffic.InvokeEvent(requestId));
            traffic.Telemetry(FunctionTraffic.PlatformStart(requestId));
            traffic.Metrics(Metrics);
            traffic.Trace(Spans, 4711, requestId);
            traffic.Telemetry(FunctionTraffic.FunctionLog($"{requestId} an ordinary line"));
            Thread.Sleep(UntilIdle);
            var before = SampleOf(child);
            traffic.Telemetry(FunctionTraffic.RuntimeDone(requestId));
            if (!session.WaitNext(NextTimeout))
            {
                throw new InvalidOperationException($"{agent.Name}: no /event/next within {NextTimeout.TotalSeconds} s of the end of the invocation");
            }

            var after = SampleOf(child);
            session.Close();
            return taken >= 4
                ? (after.CpuMs - before.CpuMs, idle.CpuMs, after.RssBytes / 1e6)
                : throw new InvalidOperationException($"{agent.Name}: {taken} payloads of the first flush reached the {scheme} intakes, expected spans, series, sketches and logs");
        }
    }

    private static ProcessSample SampleOf(Child child) => child.Sample() ?? throw new InvalidOperationException("the agent has ended");
}
