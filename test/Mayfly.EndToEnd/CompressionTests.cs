using Mayfly.EndToEnd.Agents;
using Mayfly.EndToEnd.Platform;
using Mayfly.Local.Intake;
using Xunit;

namespace Mayfly.EndToEnd;

/// <summary>
/// How the running agent compresses what it sends (docs/spec/03-traces.md#53-compression-batching-splitting, docs/spec/04-metrics-logs.md#b9-endpoints-headers-compression
/// and #c11-shipping): the native one has zstd, which the intake reads with a decoder of its own; the other one has gzip.
/// </summary>
public class CompressionTests
{
    private static readonly string[] Paths =
    [
        IntakePaths.Traces, IntakePaths.Stats, IntakePaths.Series, IntakePaths.Sketches, IntakePaths.Events, IntakePaths.ServiceChecks, IntakePaths.Logs,
    ];

    public static TheoryData<string, string> Cases => AgentUnderTest.With("", "zstd", "gzip", "none");

    /// <summary>With <c>MAYFLY_COMPRESSION</c>.</summary>
    [Theory, MemberData(nameof(Cases))]
    public async Task Each_kind_arrives_compressed_as_asked_for(string agent, string kind)
    {
        await using ScriptedSandbox sandbox = await RunAsync(agent, ("MAYFLY_COMPRESSION", kind));
        string? most = kind == "none" ? null : agent == "native" && kind != "gzip" ? "zstd" : "gzip";
        string? stats = kind == "none" ? null : "gzip";
        Assert.Equal(Paths.Order(), sandbox.Intake.Requests.Select(static request => request.Path).Distinct().Order());
        Assert.All(sandbox.Intake.Requests, request =>
        {
            Assert.Equal((null, request.Path == IntakePaths.Stats ? stats : most), (request.Error, request.ContentEncoding));
            Assert.Equal(kind == "none", request.BytesCompressed == request.BytesRaw);
        });

        Assert.Contains(sandbox.Intake.Spans, static span => span.Name == "compressed");
        Assert.Contains(sandbox.Intake.Stats, static group => group.Name == "compressed");
        Assert.Contains(sandbox.Intake.Metrics, static metric => metric.Name == "a.count");
        Assert.Contains(sandbox.Intake.Metrics, static metric => metric.Name == "a.distribution" && metric.Sketches.Count > 0);
        Assert.Contains(sandbox.Intake.Logs, static log => log.Message == "hello");
    }

    /// <summary>A large body is several blocks of zstd.</summary>
    [Theory, MemberData(nameof(AgentUnderTest.Names), MemberType = typeof(AgentUnderTest))]
    public async Task Two_megabytes_arrive_whole(string agent)
    {
        await using ScriptedSandbox sandbox = await ScriptedSandbox.StartAsync(agent);
        await sandbox.BeginAsync("r-1");
        string[] lines = [.. Enumerable.Range(0, 400).Select(static i => $"{i}:{string.Concat(Enumerable.Range(i, 700).Select(static n => $" {n * n}"))}")];
        foreach (string[] some in lines.Chunk(40))
        {
            await sandbox.TellAsync([.. some.Select(TelemetryEvents.Line)]);
        }

        await sandbox.FinishAsync("r-1");
        await sandbox.ShutDownAsync();
        Assert.All(sandbox.Intake.Requests, static request => Assert.Null(request.Error));
        Assert.Equal(lines, sandbox.Intake.Logs.Select(static log => log.Message).Where(static text => text.Contains(':', StringComparison.Ordinal)).Intersect(lines));
        Assert.True(sandbox.Intake.Requests.Max(static request => request.BytesRaw) > 1_000_000);
    }

    private static async Task<ScriptedSandbox> RunAsync(string agent, params (string Name, string Value)[] variables)
    {
        Dictionary<string, string> all = variables.Where(static one => one.Value.Length > 0).ToDictionary(static one => one.Name, static one => one.Value);
        all["DD_LAMBDA_EXTENSION_COMPUTE_STATS"] = "true";
        ScriptedSandbox sandbox = await ScriptedSandbox.StartAsync(agent, new ScriptedOptions { Variables = all });
        await sandbox.BeginAsync("r-1");
        await sandbox.TellAsync(TelemetryEvents.Line("hello"));
        await sandbox.TraceAsync("compressed");
        await sandbox.DatagramAsync($"a.count:1|c|#t:{new string('x', 200)}\na.distribution:2|d|#t:{new string('x', 200)}");
        await sandbox.DatagramAsync($"_e{{5,200}}:title|{new string('x', 200)}");
        await sandbox.DatagramAsync($"_sc|check|0|m:{new string('x', 200)}");
        await sandbox.FinishAsync("r-1");
        await sandbox.ShutDownAsync();
        return sandbox;
    }
}
