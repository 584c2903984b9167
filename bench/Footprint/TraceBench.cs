using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace Mayfly.Footprint;

/// <summary>
/// v0.4 traces over one kept connection. At full speed: what a span costs the whole process (the flush at the end included) and the most memory it took.
/// At an even rate: how long a POST takes while the intake is healthy, hangs or refuses connections.
/// </summary>
/// <param name="starter">Starts the programs.</param>
/// <param name="intakeAnswers">While it is not set, the intake takes requests and does not answer.</param>
/// <param name="intakeBytes">Bytes of bodies that the intake has taken so far.</param>
/// <param name="intakeUrl">The intake, as it stands in the environment of the programs.</param>
/// <param name="closedUrl">Nobody listens there.</param>
internal sealed class TraceBench(StartBench starter, ManualResetEventSlim intakeAnswers, Func<long> intakeBytes, string intakeUrl, string closedUrl)
{
    /// <summary>In the smallest payload.</summary>
    public const int FewSpans = 5;

    /// <summary>In distinct payloads, sent in turn.</summary>
    private const int DistinctSpans = 50_000;

    public static readonly int[] SpansPerPayload = [FewSpans, 200, 1000];
    private static readonly TimeSpan NextTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan SettleTime = TimeSpan.FromSeconds(1);

    /// <summary>The mini agent flushes by the clock, every 3 s.</summary>
    private static readonly TimeSpan PeerSettleTime = TimeSpan.FromSeconds(4);

    /// <param name="SpansPerPayload">In one trace.</param>
    /// <param name="Spans">Sent in all.</param>
    /// <param name="PerSecond">Spans sent per second.</param>
    /// <param name="CpuUsPerSpan">Time of all its threads on a CPU.</param>
    /// <param name="PeakRssBytes">From its start to the end of the phase.</param>
    /// <param name="Refused">POSTs with another status than 200.</param>
    /// <param name="Dropped">Spans the program says it has dropped, by reason, warm-up included; null = it does not tell.</param>
    /// <param name="IntakeBytes">That reached the intake, as they were sent.</param>
    public sealed record Load(
        int SpansPerPayload, long Spans, double PerSecond, double CpuUsPerSpan, long PeakRssBytes, long Refused, string? Dropped, long IntakeBytes);

    /// <param name="Intake">How the intake behaves.</param>
    /// <param name="Posts">Sent.</param>
    /// <param name="P50">ms.</param>
    /// <param name="P99">ms.</param>
    /// <param name="Max">ms.</param>
    /// <param name="Refused">POSTs with another status than 200.</param>
    public sealed record Latency(string Intake, int Posts, double P50, double P99, double Max, long Refused);

    public sealed record Result(IReadOnlyList<Load> Loads, IReadOnlyList<Latency> Latencies);

    public Result Run(Subject subject, int seconds)
    {
        var time = TimeSpan.FromSeconds(seconds);
        Load[] loads = [.. SpansPerPayload.Select(spans => RunLoad(subject, spans, time))];
        var healthy = RunLatency(subject, "healthy", time);
        intakeAnswers.Reset();
        Latency hanging;
        try
        {
            hanging = RunLatency(subject, "hanging", time);
        }
        finally
        {
            intakeAnswers.Set();
        }

        var closed = subject.With(
            subject.Environment.Where(pair => pair.Value == intakeUrl).Select(pair => KeyValuePair.Create(pair.Key, closedUrl)));
        return new Result(loads, [healthy, hanging, RunLatency(closed, "refusing", time)]);
    }

    /// <summary>Only the load: for a program that does nothing with what it gets.</summary>
    public Result RunLoads(Subject subject, int seconds) => new([.. SpansPerPayload.Select(spans => RunLoad(subject, spans, TimeSpan.FromSeconds(seconds)))], []);

    private Load RunLoad(Subject subject, int spans, TimeSpan time)
    {
        using var run = new Started(starter, subject);
        var payloads = Payloads(spans);
        run.Send(payloads, WarmUp, TimeSpan.Zero, []);
        Thread.Sleep(SettleTime);
        var cpuMs = run.Sample().CpuMs;
        var taken = intakeBytes();
        var started = Stopwatch.GetTimestamp();
        var ms = new List<double>();
        var refused = run.Send(payloads, time, TimeSpan.Zero, ms);
        var sent = (long)ms.Count * spans;
        var perSecond = sent / Stopwatch.GetElapsedTime(started).TotalSeconds;
        run.EndInvocation();
        run.WaitForFlush();
        var end = run.Sample();
        return new Load(spans, sent, perSecond, (end.CpuMs - cpuMs) * 1000 / sent, end.PeakRssBytes, refused, run.Dropped(), intakeBytes() - taken);
    }

    private Latency RunLatency(Subject subject, string intake, TimeSpan time)
    {
        using var run = new Started(starter, subject);
        var payloads = Payloads(FewSpans);
        run.Send(payloads, WarmUp, Pause, []);
        var ms = new List<double>();
        var refused = run.Send(payloads, time / 4, Pause, ms);
        run.EndInvocation();
        refused += run.Send(payloads, time * 3 / 4, Pause, ms);
        return new Latency(intake, ms.Count, Percentile.Of(ms, 0.5), Percentile.Of(ms, 0.99), ms.Max(), refused);
    }

    private static byte[][] Payloads(int spans)
    {
        var startNs = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() * 1_000_000;
        return [.. Enumerable.Range(0, DistinctSpans / spans)
            .Select(_ => SpanPayload.Write(spans, (ulong)Random.Shared.NextInt64(), startNs, Guid.NewGuid().ToString(), "web.request"))];
    }

    /// <summary>A program in the middle of an invocation, with a tracer's connection.</summary>
    private sealed class Started : IDisposable
    {
        private readonly Subject _subject;
        private readonly Child _child;
        private readonly ExtensionsApi.Session? _session;
        private readonly FunctionTraffic? _traffic;
        private readonly HttpConnection _traces;
        private readonly string _requestId = Guid.NewGuid().ToString();

        public Started(StartBench starter, Subject subject)
        {
            _subject = subject;
            if (subject.IsExtension)
            {
                (_child, _session) = starter.StartExtension(subject);
                _traffic = new FunctionTraffic(_session, new AgentPorts());
                _session.Events.Add(FunctionTraffic.InvokeEvent(_requestId));
                _traffic.Telemetry(FunctionTraffic.PlatformStart(_requestId));
            }
            else
            {
                _child = starter.StartServer(subject);
            }

            _traces = new HttpConnection(subject.IsExtension ? new AgentPorts().Traces : subject.HttpPort);
        }

        /// <summary>Adds the duration of each POST; returns how many were not answered with 200.</summary>
        public long Send(byte[][] payloads, TimeSpan time, TimeSpan pause, List<double> ms)
        {
            long refused = 0;
            var started = Stopwatch.GetTimestamp();
            for (var i = 0; Stopwatch.GetElapsedTime(started) < time; i++)
            {
                var answer = _traces.Send(
                    "POST",
                    "/v0.4/traces",
                    "Content-Type: application/msgpack\r\nX-Datadog-Trace-Count: 1\r\nDatadog-Meta-Lang: java\r\n",
                    payloads[i % payloads.Length]);
                ms.Add(_traces.LastMs);
                refused += answer.FirstLine.Contains(" 200", StringComparison.Ordinal) ? 0 : 1;
                if (pause > TimeSpan.Zero)
                {
                    Thread.Sleep(pause);
                }
            }

            return refused;
        }

        public void EndInvocation() => _traffic?.Telemetry(FunctionTraffic.RuntimeDone(_requestId));

        public void WaitForFlush()
        {
            if (_session is not null && !_session.WaitNext(NextTimeout))
            {
                throw new InvalidOperationException($"{_subject.Name}: no /event/next within {NextTimeout.TotalSeconds} s of the end of the load");
            }

            Thread.Sleep(_session is null ? PeerSettleTime : SettleTime);
        }

        public string? Dropped()
        {
            if (!_subject.IsExtension)
            {
                return null;
            }

            using var page = JsonDocument.Parse(Encoding.UTF8.GetString(_traces.Send("GET", "/debug/mayfly", "", []).Body));
            var traces = page.RootElement.GetProperty("traces");
            var reasons = traces.GetProperty("dropped").EnumerateObject().Select(static reason => $"{reason.Value} {reason.Name}");
            return $"{string.Join(", ", reasons.DefaultIfEmpty("0"))} of {traces.GetProperty("accepted")}";
        }

        public ProcessSample Sample() => _child.Sample() ?? throw new InvalidOperationException($"{_subject.Name} has ended");

        public void Dispose()
        {
            _traces.Dispose();
            _traffic?.Dispose();
            _child.Dispose();
        }
    }
}
