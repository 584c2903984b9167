using System.Globalization;

namespace Mayfly.Footprint;

/// <summary>Tables on standard output. MB are 1,000,000 bytes.</summary>
internal static class Report
{
    public static void Starts(IReadOnlyList<Subject> subjects, Dictionary<Subject, StartResult> results, Subject? floor)
    {
        var rows = new List<string[]> { (string[])["program", "binary MB", "exec → first /next ms: median", "p90", "min", "ratio to floor", "CPU ms", "RSS MB", "anonymous MB", "threads"] };
        foreach (var subject in subjects)
        {
            if (!results.TryGetValue(subject, out var result))
            {
                rows.Add([subject.Name, $"not measured: {subject.Missing}"]);
                continue;
            }

            var ratio = floor is not null && results.TryGetValue(floor, out var floorResult) ? Text(result.MedianMs / floorResult.MedianMs) : "-";
            rows.Add(
            [
                subject.Name + (subject.IsExtension ? "" : " (first HTTP answer)"),
                Text(subject.SizeBytes / 1e6),
                Text(result.MedianMs),
                Text(result.P90Ms),
                Text(result.MinMs),
                ratio,
                Text(result.CpuMs),
                Text(result.RssMb),
                Text(result.AnonymousMb),
                result.Threads.ToString("0", CultureInfo.InvariantCulture),
            ]);
        }

        Write(rows);
    }

    public static void FirstFlush(FirstFlushBench.Result secure, FirstFlushBench.Result plain) => Write(
    [
        ["first flush, 4 payloads to 3 intakes", "CPU ms: median", "lowest", "CPU ms before the invocation", "RSS MB after"],
        .. new[] { ("HTTPS", secure), ("HTTP", plain) }.Select(static one => (string[])
        [
            one.Item1, Text(one.Item2.FlushMs), Text(one.Item2.FirstMs), Text(one.Item2.BeforeMs), Text(one.Item2.RssMb),
        ]),
    ]);

    public static void Datagrams(IReadOnlyDictionary<Subject, DatagramBench.Result> results, IReadOnlyDictionary<Subject, string> failures)
    {
        var rows = new List<string[]> { (string[])["DogStatsD, 5,000 contexts", "datagrams/s", "messages", "CPU µs per message", "lost datagrams", "missing messages"] };
        foreach (var (subject, result) in results)
        {
            foreach (var (name, phase) in new[] { ("single", result.Single), ("packed", result.Packed) })
            {
                rows.Add(
                [
                    $"{subject.Name}, {name}",
                    phase.PerSecond.ToString("0", CultureInfo.InvariantCulture),
                    phase.Messages.ToString(CultureInfo.InvariantCulture),
                    phase.CpuUsPerMessage.ToString("0.00", CultureInfo.InvariantCulture),
                    phase.LostDatagrams.ToString(CultureInfo.InvariantCulture),
                    phase.MissingMessages?.ToString(CultureInfo.InvariantCulture) ?? "-",
                ]);
            }
        }

        rows.AddRange(failures.Select(static failure => (string[])[failure.Key.Name, $"not measured: {failure.Value}"]));
        Write(rows);
    }

    public static void Contexts(IReadOnlyList<ContextBench.Phase> phases)
    {
        string[] head = ["packed DogStatsD", "messages", "CPU µs per message", "lost datagrams", "dropped", "RSS MB after each million"];
        Write(
        [
            head,
            .. phases.Select(static phase => (string[])
            [
                $"{phase.Contexts} contexts",
                phase.Messages.ToString(CultureInfo.InvariantCulture),
                Hundredths(phase.CpuUsPerMessage),
                phase.LostDatagrams.ToString(CultureInfo.InvariantCulture),
                phase.Dropped.ToString(CultureInfo.InvariantCulture),
                string.Join(' ', phase.RssBytes.Select(static bytes => Text(bytes / 1e6))),
            ]),
        ]);
    }

    public static void Traces(IReadOnlyDictionary<Subject, TraceBench.Result> results, IReadOnlyDictionary<Subject, string> failures)
    {
        string[] head = ["traces at full speed", "spans", "spans/s", "CPU µs per span", "RSS peak MB", "not 200", "dropped", "intake took MB"];
        var load = new List<string[]> { head };
        var latency = new List<string[]> { (string[])["POST of 5 spans", "POSTs", "p50 ms", "p99 ms", "max ms", "not 200"] };
        foreach (var (subject, result) in results)
        {
            load.AddRange(result.Loads.Select(one => (string[])
            [
                $"{subject.Name}, {one.SpansPerPayload} per payload",
                one.Spans.ToString(CultureInfo.InvariantCulture),
                one.PerSecond.ToString("0", CultureInfo.InvariantCulture),
                Hundredths(one.CpuUsPerSpan),
                Text(one.PeakRssBytes / 1e6),
                one.Refused.ToString(CultureInfo.InvariantCulture),
                one.Dropped ?? "-",
                Text(one.IntakeBytes / 1e6),
            ]));
            latency.AddRange(result.Latencies.Select(one => (string[])
            [
                $"{subject.Name}, {one.Intake} intake",
                one.Posts.ToString(CultureInfo.InvariantCulture),
                Hundredths(one.P50),
                Hundredths(one.P99),
                Hundredths(one.Max),
                one.Refused.ToString(CultureInfo.InvariantCulture),
            ]));
        }

        load.AddRange(failures.Select(static failure => (string[])[failure.Key.Name, $"not measured: {failure.Value}"]));
        Write(load);
        Write(latency);
    }

    public static void Budgets(Machine machine, IReadOnlyList<Budget> budgets)
    {
        Console.WriteLine(machine.ToString());
        Console.WriteLine();
        Write(
        [
            ["budget", "measured", "on the budgets' machine", ""],
            .. budgets.Select(static budget => (string[])[budget.What, budget.Measured ?? "-", budget.Scaled ?? "", budget.Verdict]),
        ]);
    }

    public static string Text(double value) => value.ToString("0.0", CultureInfo.InvariantCulture);

    private static string Hundredths(double value) => value.ToString("0.00", CultureInfo.InvariantCulture);

    private static void Write(List<string[]> rows)
    {
        var columns = rows[0].Length;
        // A row with fewer cells is a remark: it does not widen the columns.
        var widths = Enumerable.Range(0, columns).Select(column => rows.Where(row => row.Length == columns).Max(row => row[column].Length)).ToArray();
        widths[0] = rows.Max(static row => row[0].Length);
        foreach (var row in rows)
        {
            Console.WriteLine("| " + string.Join(" | ", row.Select((cell, column) => cell.PadRight(widths[column]))) + " |");
            if (row == rows[0])
            {
                Console.WriteLine("|" + string.Join("|", widths.Select(static width => new string('-', width + 2))) + "|");
            }
        }

        Console.WriteLine();
    }
}
