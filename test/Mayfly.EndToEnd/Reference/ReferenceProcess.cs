using System.Diagnostics;
using System.Text.Json;
using Mayfly.EndToEnd.Agents;
using Mayfly.EndToEnd.Functions;

namespace Mayfly.EndToEnd.Reference;

/// <summary>libdatadog's processing of traces in a process of its own: v0.4 bodies in, spans as it would send them out.</summary>
internal sealed class ReferenceProcess : IAsyncDisposable
{
    private static readonly string Directory = Path.Combine(AgentUnderTest.Root, "test", "Mayfly.EndToEnd", "Reference");
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly Task<string> _errors;

    private ReferenceProcess(Process process)
    {
        _process = process;
        _errors = process.StandardError.ReadToEndAsync();
    }

    /// <summary>Skips the test where node or the package is missing.</summary>
    public static async Task<ReferenceProcess> StartAsync()
    {
        await NodeProgram.RequireAsync(Directory, "@datadog/libdatadog");
        var start = new ProcessStartInfo("node", ["process-traces.js"])
        {
            WorkingDirectory = Directory, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        return new ReferenceProcess(Process.Start(start) ?? throw new InvalidOperationException("node did not start."));
    }

    /// <summary>The spans of a body by their id.</summary>
    /// <param name="obfuscation">JSON: the library's ObfuscationConfig.</param>
    /// <param name="body">v0.4.</param>
    public async Task<IReadOnlyDictionary<ulong, ReferenceSpan>> ProcessAsync(string obfuscation, byte[] body)
    {
        using var deadline = new CancellationTokenSource(Limit);
        string line = $$"""{"obfuscation":{{obfuscation}},"traces":"{{Convert.ToBase64String(body)}}"}""";
        await _process.StandardInput.WriteLineAsync(line.AsMemory(), deadline.Token);
        await _process.StandardInput.FlushAsync(deadline.Token);
        string answer = await _process.StandardOutput.ReadLineAsync(deadline.Token) ?? throw new InvalidOperationException($"node ended: {await _errors}");
        using JsonDocument document = JsonDocument.Parse(answer);
        return document.RootElement.GetProperty("traces").EnumerateArray()
            .SelectMany(static trace => trace.GetProperty("spans").EnumerateArray())
            .Select(ReferenceSpan.Read)
            .ToDictionary(static span => span.SpanId);
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}

/// <summary>A span as libdatadog's exporter writes it.</summary>
internal sealed record ReferenceSpan(ulong SpanId, string Identity, string Resource, IReadOnlyDictionary<string, string> Meta, IReadOnlyDictionary<string, double> Metrics)
{
    public static ReferenceSpan Read(JsonElement span) => new(
        Id(span, "span_id"),
        $"{Text(span, "service")} {Text(span, "name")} {Text(span, "type")} {Id(span, "trace_id")} {Id(span, "parent_id")} "
        + $"{span.GetProperty("start").GetInt64()} {span.GetProperty("duration").GetInt64()} {span.GetProperty("error").GetInt32()}",
        Text(span, "resource"),
        span.GetProperty("meta").EnumerateObject().ToDictionary(static tag => tag.Name, static tag => tag.Value.GetString()!),
        span.GetProperty("metrics").EnumerateObject().ToDictionary(static tag => tag.Name, static tag => tag.Value.GetDouble()));

    private static string Text(JsonElement span, string name) => span.TryGetProperty(name, out JsonElement text) ? text.GetString()! : "";

    private static ulong Id(JsonElement span, string name) => Convert.ToUInt64(Text(span, name), 16);
}
