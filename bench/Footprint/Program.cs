using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Mayfly.Footprint;

// Start, size and memory of the agent beside the Kestrel floor and the published mini agent. See bench/README.md.
if (Options.Parse(args) is not { } options)
{
    return 2;
}

try
{
    return Measure(options);
}
catch (Exception e) when (e is InvalidOperationException or IOException or SocketException)
{
    Console.Error.WriteLine($"footprint: {e.Message}");
    return 3;
}

static int Measure(Options options)
{
    using var api = new ExtensionsApi();
    var received = 0L;
    using var intakeAnswers = new ManualResetEventSlim(initialState: true);
    using var intake = new LoopbackServer(request =>
    {
        Interlocked.Add(ref received, request.Body.Length);
        intakeAnswers.Wait();
        return HttpMessage.Response(202, "Content-Type: application/json\r\n", "{}");
    });
    var logs = Directory.CreateTempSubdirectory("mayfly-footprint-").FullName;
    var intakeUrl = $"http://127.0.0.1:{intake.Port}";
    var floorPort = FreePort();
    var peerPort = FreePort();
    var peerStatsdPort = FreePort();

    var common = new Dictionary<string, string>
    {
        ["PATH"] = "/usr/local/bin:/usr/bin:/bin",
        ["LANG"] = "en_US.UTF-8",
        ["DD_API_KEY"] = "00000000000000000000000000000000",
        ["DD_APM_DD_URL"] = intakeUrl,
        ["DD_DD_URL"] = intakeUrl,
        ["DD_URL"] = intakeUrl,
        ["DD_LOGS_CONFIG_LOGS_DD_URL"] = intakeUrl,
    };
    var lambda = new Dictionary<string, string>(common)
    {
        ["AWS_LAMBDA_RUNTIME_API"] = $"127.0.0.1:{api.Port}",
        ["AWS_LAMBDA_FUNCTION_NAME"] = "my-function",
        ["AWS_LAMBDA_FUNCTION_VERSION"] = "$LATEST",
        ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] = "512",
        ["AWS_LAMBDA_INITIALIZATION_TYPE"] = "on-demand",
        ["AWS_REGION"] = "us-east-1",
        ["AWS_DEFAULT_REGION"] = "us-east-1",
    };
    foreach ((string variable, string content) in options.Variables)
    {
        lambda[variable] = content;
    }

    var agent = new Subject { Name = "mayfly", Path = Existing(options.Agent), Missing = $"no file '{options.Agent}'", Environment = lambda };
    var floor = new Subject
    {
        Name = "Kestrel floor",
        Path = Existing(options.Floor),
        Missing = $"no file '{options.Floor}'",
        Environment = new Dictionary<string, string>(lambda) { ["FLOOR_PORT"] = floorPort.ToString(CultureInfo.InvariantCulture) },
    };
    var peer = new Subject
    {
        Name = "Rust mini agent",
        Path = Existing(options.Peer),
        Missing = options.PeerMissing,
        IsExtension = false,
        HttpPort = peerPort,
        StatsdPort = peerStatsdPort,
        // Vector D1 of docs/spec/06-compat-and-init.md#vectors-env--result: needs no file of the platform (D4 does) and writes no sentinel file (D15 does).
        Environment = new Dictionary<string, string>(common)
        {
            ["AWS_LAMBDA_INITIALIZATION_TYPE"] = "on-demand",
            ["AWS_LAMBDA_FUNCTION_NAME"] = "my-function",
            ["DD_APM_RECEIVER_PORT"] = peerPort.ToString(CultureInfo.InvariantCulture),
            ["DD_DOGSTATSD_PORT"] = peerStatsdPort.ToString(CultureInfo.InvariantCulture),
            ["DD_LOG_LEVEL"] = "error",
        },
    };

    var besidePort = FreePort();
    var beside = new Subject
    {
        Name = "mayfly beside a program",
        Path = agent.Path,
        Missing = agent.Missing,
        IsExtension = false,
        HttpPort = besidePort,
        StatsdPort = peerStatsdPort,
        Environment = new Dictionary<string, string>(peer.Environment) 
        {
            ["DD_APM_RECEIVER_PORT"] = besidePort.ToString(CultureInfo.InvariantCulture),
            // The file lies in a folder, and has a name, that stand for another mode.
            ["MAYFLY_MODE"] = "compat",
        },
    };

    var starter = new StartBench(api, logs);
    Subject[] subjects =
    [
        agent,
        floor,
        .. options.Also.Select(also => new Subject { Name = also.Name, Path = Existing(also.Path), Missing = $"no file '{also.Path}'", Environment = lambda }),
        beside,
        peer,
    ];
    var results = starter.Run([.. subjects.Where(static subject => subject.Path is not null)], options.Rounds);
    Console.WriteLine($"{options.Rounds} starts of each program in turn, {Environment.ProcessorCount} CPUs");
    Report.Starts(subjects, results, floor);

    var start = results.GetValueOrDefault(agent);
    var floorStart = results.GetValueOrDefault(floor);
    var besideStart = results.GetValueOrDefault(beside);
    var peerStart = results.GetValueOrDefault(peer);
    var memory = agent.Path is not null && options.Invocations > 0 ? new InvocationBench(starter, intakeAnswers).Run(agent, options.Invocations) : null;
    if (memory is not null)
    {
        Console.WriteLine(
            $"RSS MB over {options.Invocations} invocations (start and end calls, 10 spans, 20 metrics, 5 logs each): "
            + $"{string.Join(' ', memory.Rss.Select(static sample => Report.Text(sample.Bytes / 1e6)))}; "
            + $"the intake took {Report.Text(Interlocked.Read(ref received) / 1e6)} MB");
        Console.WriteLine();
    }

    var flush = agent.Path is not null && options.FirstFlush > 0 ? new FirstFlushBench(starter, logs).Run(agent, options.FirstFlush) : default;
    if (flush.Secure is not null)
    {
        Report.FirstFlush(flush.Secure, flush.Plain);
    }

    var lifecycle = agent.Path is not null && floor.Path is not null && options.Lifecycle > 0
        ? new LifecycleBench(starter).Run(agent, floor, floorPort, options.Lifecycle)
        : null;
    var datagrams = new Dictionary<Subject, DatagramBench.Result>();
    var silent = new Dictionary<Subject, string>();
    if (options.Datagrams > 0)
    {
        foreach (var subject in new[] { agent, peer }.Where(static subject => subject.Path is not null))
        {
            Try(subject, () => datagrams[subject] = new DatagramBench(starter).Run(subject, options.Datagrams), silent);
        }

        Report.Datagrams(datagrams, silent);
    }

    if (options.Contexts > 0 && agent.Path is not null)
    {
        Report.Contexts(new ContextBench(starter).Run(agent, options.Contexts));
    }

    var traces = new Dictionary<Subject, TraceBench.Result>();
    if (options.Traces > 0)
    {
        var failed = new Dictionary<Subject, string>();
        var bench = new TraceBench(starter, intakeAnswers, () => Interlocked.Read(ref received), intakeUrl, $"http://127.0.0.1:{FreePort()}");
        foreach (var subject in new[] { agent, peer }.Where(static subject => subject.Path is not null))
        {
            Try(subject, () => traces[subject] = bench.Run(subject, options.Traces), failed);
        }

        foreach (var (name, path) in new[] { (floor.Name, floor.Path), ("C floor", Existing(options.BareFloor)) }.Where(static server => server.Item2 is not null))
        {
            var server = new Subject { Name = name, Path = path, IsExtension = false, HttpPort = floorPort, Environment = floor.Environment };
            Try(server, () => traces[server] = bench.RunLoads(server, options.Traces), failed);
        }

        Report.Traces(traces, failed);
    }

    var traceLoad = traces.GetValueOrDefault(agent);
    var emptyLoad = traces.FirstOrDefault(pair => pair.Key.Name == floor.Name).Value;
    var machine = Machine.Of(datagrams.GetValueOrDefault(peer), traces.GetValueOrDefault(peer));
    var peak = traceLoad?.Loads.Max(static one => one.PeakRssBytes);
    var slowest = traceLoad?.Latencies.Max(static one => one.P99);

    var load = datagrams.GetValueOrDefault(agent);
    var layerBytes = Existing(options.LayerZip) is { } zip ? new FileInfo(zip).Length : 0;

    Budget[] budgets =
    [
        machine.Time("exec → first /next, median ≤ 12 ms", start?.MedianMs, 12, "ms"),
        new(
            "the same ≤ 3 × the Kestrel floor",
            start is null || floorStart is null ? null : Report.Text(start.MedianMs / floorStart.MedianMs) + " ×",
            start?.MedianMs <= 3 * floorStart?.MedianMs),
        new("RSS at first /next ≤ 16 MB", start is null ? null : Report.Text(start.RssMb) + " MB", start?.RssMb <= 16),
        new(
            "RSS after 10,000 invocations ≤ 32 MB",
            options.Invocations < 10_000 || memory is null ? null : Report.Text(memory.Last / 1e6) + " MB",
            memory?.Last <= 32e6),
        new(
            "and flat: ± 1 MB from the 1,000th on",
            options.Invocations < 10_000 || memory?.Spread is null ? null : "± " + Report.Text(memory.Spread.Value / 1e6) + " MB",
            memory?.Spread <= 1e6),
        machine.Time("first flush over HTTPS, three intakes ≤ 12 ms CPU", flush.Secure?.FlushMs, 12, "ms"),
        new("invocations kept in mind at SHUTDOWN: 0", memory?.Held?.ToString(CultureInfo.InvariantCulture), memory?.Held == 0),
        new(
            "beside a program: exec → first answer ≥ 10 × as fast as the mini agent",
            besideStart is null || peerStart is null ? null : Report.Text(peerStart.MedianMs / besideStart.MedianMs) + " ×",
            peerStart?.MedianMs >= 10 * besideStart?.MedianMs),
        new(
            "and its RSS not higher",
            besideStart is null || peerStart is null ? null : $"{Report.Text(besideStart.RssMb)} MB, {Report.Text(peerStart.RssMb)} MB",
            besideStart?.RssMb <= peerStart?.RssMb),
        new("binary ≤ 13 MB", agent.Path is null ? null : Report.Text(agent.SizeBytes / 1e6) + " MB", agent.SizeBytes <= 13e6),
        new("layer zip ≤ 6 MB", layerBytes == 0 ? null : Report.Text(layerBytes / 1e6) + " MB", layerBytes <= 6e6),
        new("start + end invocation over an empty route, p50 ≤ 0.4 ms", lifecycle is null ? null : Milliseconds(lifecycle.ExtraP50), lifecycle?.ExtraP50 <= 0.4),
        new("the same, p99 ≤ 2 ms", lifecycle is null ? null : Milliseconds(lifecycle.ExtraP99), lifecycle?.ExtraP99 <= 2),
        new(
            "150,000 single-line datagrams/s for 10 s: none lost",
            options.Datagrams < 10 || load is null ? null : $"{load.Single.LostDatagrams} lost, {load.Single.MissingMessages ?? 0} missing",
            load is { Single: { LostDatagrams: 0, MissingMessages: 0, PerSecond: >= 145_000 } }),
        machine.Time("packed datagrams ≤ 0.5 µs CPU per message", load?.Packed.CpuUsPerMessage, 0.5, "µs"),

        .. TraceBench.SpansPerPayload.Select(spans => machine.Time($"traces ≤ 3 µs CPU per span at {spans} per payload", CpuPerSpan(traceLoad, spans), 3, "µs") with
        {
            // Of so small a request the kernel's part alone takes nearly all of it.
            IsOutOfReach = spans == TraceBench.FewSpans,
        }),
        machine.Time(
            $"at {TraceBench.FewSpans} per payload ≤ 3 µs more than an empty Kestrel",
            CpuPerSpan(traceLoad, TraceBench.FewSpans) - CpuPerSpan(emptyLoad, TraceBench.FewSpans),
            3,
            "µs"),
        new("traces at full speed: RSS ≤ 64 MB", peak is null ? null : Report.Text(peak.Value / 1e6) + " MB", peak <= 64e6),
        new(
            "POST of traces, healthy, hanging, refusing intake: p99 < 5 ms, all 200",
            slowest is null ? null : Milliseconds(slowest.Value),
            slowest < 5 && traceLoad?.Latencies.All(static one => one.Refused == 0) == true),
    ];
    Report.Budgets(machine, budgets);
    if (lifecycle is not null)
    {
        Console.WriteLine(
            $"start + end invocation, 2 KB event: agent p50 {Milliseconds(lifecycle.AgentP50)}, p99 {Milliseconds(lifecycle.AgentP99)}; "
            + $"empty route p50 {Milliseconds(lifecycle.EmptyP50)}, p99 {Milliseconds(lifecycle.EmptyP99)}");
    }

    Directory.Delete(logs, recursive: true);
    return options.Check && !budgets.All(static budget => budget.IsFine) ? 1 : 0;
}

static double? CpuPerSpan(TraceBench.Result? result, int spans) => result?.Loads.FirstOrDefault(one => one.SpansPerPayload == spans)?.CpuUsPerSpan;

// What one program cannot do is a row of its table, not the end of the run.
static void Try(Subject subject, Action measure, Dictionary<Subject, string> failures)
{
    try
    {
        measure();
    }
    catch (Exception e) when (e is InvalidOperationException or IOException or SocketException)
    {
        failures[subject] = e.Message;
    }
}

static string? Existing(string? path) => path is not null && File.Exists(path) ? path : null;

static string Milliseconds(double ms) => ms.ToString("0.00", CultureInfo.InvariantCulture) + " ms";

static int FreePort()
{
    using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
    return ((IPEndPoint)socket.LocalEndPoint!).Port;
}
