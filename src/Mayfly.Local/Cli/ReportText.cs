using System.Globalization;
using Mayfly.Local.Demo;
using Mayfly.Local.Intake;
using Spectre.Console;

namespace Mayfly.Local.Cli;

/// <summary>Prints what arrived, for people: colours on a terminal, plain lines elsewhere.</summary>
internal sealed class ReportText(IAnsiConsole console)
{
    private const int PlainWidth = 10_000; // Spectre.Console breaks lines at the width: a file or a pipe has none.

    private static readonly HashSet<string> FunctionTagKeys = new(StringComparer.Ordinal)
    {
        "region", "account_id", "aws_account", "functionname", "resource", "executedversion", "function_arn", "version", "env", "service", "init_type",
        "memorysize", "runtime", "architecture", "dd_extension_version", "request",
    };

    /// <summary>A console on standard output. One that is not a terminal gets no colour codes and no line breaks of ours.</summary>
    public static IAnsiConsole OpenConsole()
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = Console.IsOutputRedirected ? AnsiSupport.No : AnsiSupport.Detect,
            ColorSystem = Console.IsOutputRedirected ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
        });
        if (Console.IsOutputRedirected)
        {
            console.Profile.Width = PlainWidth;
        }

        return console;
    }

    public void Line(string text) => console.WriteLine(text);

    public void Invocation(int number, InvocationView view)
    {
        DemoInvocation invocation = view.Invocation;
        string status = invocation.Failed ? $"[red]{Words(invocation)}[/]" : $"[green]{Words(invocation)}[/]";
        console.WriteLine();
        console.MarkupLine($"[bold]{number}. {Markup.Escape(invocation.Title)}[/]");
        string start = invocation.Cold ? "[aqua]cold[/]" : "warm";
        string overhead = invocation.AgentOverhead is { } after ? $"  agent overhead {Ms(after)}" : "";
        string init = invocation.Init is { } before ? $"  init {Ms(before)}" : "";
        console.MarkupLine(
            $"   {invocation.RequestId}  {start}  {status}  duration {Ms(invocation.Duration)}  billed {invocation.BilledMs} ms{overhead}{init}");
        Spans(view.Spans);
        Metrics(view.Metrics);
        Logs(view.Logs);
    }

    /// <summary>Everything, whoever it is of.</summary>
    public void Arrived(LocalIntake intake)
    {
        Spans(intake.Spans);
        Metrics(intake.Metrics);
        Logs(intake.Logs);
    }

    public void Enhanced(IReadOnlyList<(string Name, IReadOnlyList<ReceivedSketch> Sketches)> metrics)
    {
        console.WriteLine();
        console.MarkupLine("[bold]Enhanced metrics, all invocations[/]");
        if (metrics.Count == 0)
        {
            console.WriteLine("   none arrived");
        }

        foreach ((string name, IReadOnlyList<ReceivedSketch> sketches) in metrics)
        {
            long count = sketches.Sum(s => s.Count);
            string sum = Number(sketches.Sum(s => s.Sum));
            string min = Number(sketches.Min(s => s.Min));
            string max = Number(sketches.Max(s => s.Max));
            console.WriteLine($"   {name,-45} {count,4} value{(count == 1 ? " " : "s")}   sum {sum,-14} min {min,-14} max {max}");
        }
    }

    public void Summary(DeliveryReport report, IReadOnlyList<string> agentLines)
    {
        console.WriteLine();
        console.MarkupLine("[bold]Sent and arrived[/]");
        foreach (DeliveryRow row in report.Rows)
        {
            string mark = row.Sent == row.Arrived ? "[green]ok[/]" : "[red]see below[/]";
            console.MarkupLine(string.Create(CultureInfo.InvariantCulture, $"   {row.What,-24} sent {row.Sent,4}   arrived {row.Arrived,4}   {mark}"));
        }

        console.WriteLine();
        if (report.Complete)
        {
            console.MarkupLine("[green]Everything that was sent arrived.[/]");
            return;
        }

        console.MarkupLine($"[red]{report.Problems.Count} problem{(report.Problems.Count == 1 ? "" : "s")}:[/]");
        foreach (string problem in report.Problems)
        {
            console.WriteLine($"   {problem}");
        }

        if (agentLines.Count > 0)
        {
            console.WriteLine();
            console.WriteLine("The agent's last lines:");
            foreach (string line in agentLines.TakeLast(15))
            {
                console.WriteLine($"   {line}");
            }
        }
    }

    /// <summary>One line for a request that reached the intake.</summary>
    public static string Request(ReceivedRequest request) => string.Create(
        CultureInfo.InvariantCulture,
        $"{request.ArrivedAt.ToLocalTime():HH:mm:ss.fff}  {request.Method} {request.Path}  {request.Status}  {request.BytesCompressed} B"
        + $"{(request.ContentEncoding is null ? "" : $" {request.ContentEncoding}, {request.BytesRaw} B raw")}{Contents(request)}");

    private void Spans(IReadOnlyList<ReceivedSpan> spans)
    {
        console.WriteLine(spans.Count == 0 ? "   no spans" : "   spans");
        IReadOnlyList<SpanTreeRow> rows = SpanTree.Rows(spans);
        int width = rows.Count == 0 ? 0 : rows.Max(r => r.Branch.Length + r.Span.Name.Length);
        foreach (SpanTreeRow row in rows)
        {
            string name = (row.Branch + row.Span.Name).PadRight(width);
            string error = row.Span.Error == 0 ? "" : $"  [red]ERROR {Markup.Escape(row.Span.Meta.GetValueOrDefault("error.msg") ?? "")}[/]";
            string text = string.Create(
                CultureInfo.InvariantCulture,
                $"     {name}  {$"+{row.OffsetNs / 1e6:0.00} ms",13}  {$"{row.Span.DurationNs / 1e6:0.00} ms",13}  {row.Span.Service}  {row.Span.Resource}");
            console.MarkupLine(Markup.Escape(text) + error);
        }
    }

    private void Metrics(IReadOnlyList<ReceivedMetric> metrics)
    {
        console.WriteLine(metrics.Count == 0 ? "   no metrics" : "   metrics");
        foreach (ReceivedMetric metric in metrics)
        {
            string tags = string.Join(' ', metric.Tags.Where(t => !FunctionTagKeys.Contains(t.Split(':')[0])));
            console.WriteLine($"     {metric.Name,-34} {metric.Type.ToString().ToLowerInvariant(),-7} {Values(metric)}  {tags}");
        }
    }

    private void Logs(IReadOnlyList<ReceivedLog> logs)
    {
        console.WriteLine(logs.Count == 0 ? "   no logs" : "   logs");
        foreach (ReceivedLog log in logs)
        {
            DateTimeOffset time = DateTimeOffset.FromUnixTimeMilliseconds(log.TimestampMs);
            console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"     {time:HH:mm:ss.fff}  {log.Status,-5}  {log.Message.Trim()}"));
        }
    }

    private static string Values(ReceivedMetric metric) => metric.Type switch
    {
        MetricType.Sketch => string.Join("; ", metric.Sketches.Select(s => string.Create(
            CultureInfo.InvariantCulture,
            $"n {s.Count}, sum {Number(s.Sum)}, min {Number(s.Min)}, p50 {Number(s.Quantile(0.5))}, p99 {Number(s.Quantile(0.99))}, max {Number(s.Max)}"))),
        MetricType.Rate => string.Join("; ", metric.Points.Select(p => $"{Number(p.Value)}/s")),
        _ => string.Join("; ", metric.Points.Select(p => Number(p.Value))),
    };

    private static string Contents(ReceivedRequest request) =>
        request.Error is { } error ? $"  {error}"
        : request.Spans.Count > 0 ? $"  {request.Spans.Count} spans: {string.Join(", ", request.Spans.Select(s => s.Name).Distinct().Take(6))}"
        : request.Metrics.Count > 0 ? $"  {request.Metrics.Count} metrics: {string.Join(", ", request.Metrics.Select(m => m.Name).Distinct().Take(6))}"
        : request.Logs.Count > 0 ? $"  {request.Logs.Count} logs"
        : request.Stats.Count > 0 ? $"  {request.Stats.Sum(s => s.Hits)} hits: {string.Join(", ", request.Stats.Select(s => s.Name).Distinct().Take(6))}"
        : "";

    private static string Words(DemoInvocation invocation) =>
        invocation.FailedByStatusCode ? "success, status 5xx"
        : invocation.ErrorType is { } type ? $"{Word(invocation.Status)} ({Markup.Escape(type)})"
        : Word(invocation.Status);

    private static string Word(string status) => status switch
    {
        "HandledError" => "error",
        "InitError" => "init error",
        _ => status.ToLowerInvariant(),
    };

    private static string Ms(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMilliseconds:0.0} ms");

    private static string Number(double value) => value.ToString("0.######", CultureInfo.InvariantCulture);
}
