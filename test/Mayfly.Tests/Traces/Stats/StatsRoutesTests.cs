using System.Text;
using Mayfly.Config;
using Mayfly.Diagnostics;
using Mayfly.Http;
using Mayfly.Local.Intake;
using Mayfly.Testing;
using Mayfly.Tests.Http;
using Mayfly.Traces.Stats;
using Xunit;

namespace Mayfly.Tests.Traces.Stats;

/// <summary><c>/v0.6/stats</c> over a real socket: docs/spec/03-traces.md 1.2, 1.3, 1.5.</summary>
public sealed class StatsRoutesTests : IAsyncLifetime
{
    private static readonly byte[] Recorded = Corpus.Named("dd-stats-002-v0.6_stats").Body;

    private readonly SignalCounters _counters = new();
    private readonly MemoryStream _output = new();
    private ClientStats _stats = null!;
    private ServerRig _server = null!;
    private RawHttp _client = null!;

    public async ValueTask InitializeAsync()
    {
        var table = new RouteTable();
        new StatsRoutes(_stats = new ClientStats(StatsRig.Settings, _counters, ObfuscationSettings.Default), new Log(LogLevel.Info, _output)).AddTo(table);
        _server = await ServerRig.StartAsync(table);
        _client = new RawHttp(_server.Port);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
    }

    public static TheoryData<string, string, byte[], int, long> Requests => new()
    {
        { "PUT", "", Recorded, 202, 4 },
        { "POST", "", Recorded, 202, 4 },
        { "PUT", "Content-Encoding: gzip", RawHttp.GZip(Recorded), 202, 4 }, // 1.4, M
        { "PUT", "Datadog-Meta-Lang: javascript", [0x80], 202, 0 }, // 1.5: nothing in it
        { "PUT", "", [0x81, 0xa5, .. "Stats"u8, 0x90], 202, 0 },
        { "GET", "", [], 405, 0 },
        { "PUT", "", [], 400, 0 },
        { "PUT", "", [0x90], 400, 0 },
        { "PUT", "", Recorded[..^1], 400, 0 },
        { "PUT", "Content-Encoding: gzip", Recorded, 400, 0 },
        { "PUT", "", new byte[StatsRoutes.BodyLimitBytes + 1], 413, 0 },
        { "PUT", "Content-Encoding: gzip", RawHttp.GZip(new byte[StatsRoutes.BodyLimitBytes + 1]), 413, 0 },
    };

    [Theory]
    [MemberData(nameof(Requests), DisableDiscoveryEnumeration = true)]
    public async Task Row_answers(string method, string header, byte[] body, int status, long hits)
    {
        RawAnswer answer = await _client.RequestAsync(method, "/v0.6/stats", body, header.Length > 0 ? [header] : []);
        Assert.Equal(status, answer.Status);
        Assert.Equal(hits, _counters.Accepted);
        Assert.Equal(status == 202, answer.Body == "{}");
        Assert.Equal(202, (await _client.RequestAsync("PUT", "/v0.6/stats", Recorded)).Status);
        Assert.Equal(hits + 4, _counters.Accepted);
    }

    /// <summary>1.4: the header that says that resources have no values any more.</summary>
    [Theory]
    [InlineData("X-Nothing: 1", "SELECT ?")]
    [InlineData("Datadog-Obfuscation-Version: 1", "SELECT 42")]
    [InlineData("Datadog-Obfuscation-Version: 2", "SELECT 42")]
    [InlineData("Datadog-Obfuscation-Version: 0", "SELECT ?")]
    [InlineData("Datadog-Obfuscation-Version: x", "SELECT ?")]
    public async Task Row_obfuscation_version(string header, string resource)
    {
        byte[] body = new MsgPackWriter().Map(1).Str("Stats").Array(1).Map(1).Str("Stats").Array(1)
            .Map(2).Str("Type").Str("sql").Str("Resource").Str("SELECT 42").ToArray();
        Assert.Equal(202, (await _client.RequestAsync("PUT", "/v0.6/stats", body, header)).Status);
        var payloads = new List<Mayfly.Intake.IntakePayload>();
        _stats.TakePayloads(payloads);
        Assert.Equal(resource, Assert.Single(StatsDecoder.Decode(Assert.Single(payloads).Body.WrittenSpan)).Resource);
    }

    [Fact]
    public async Task A_malformed_body_is_said_once_with_reason_and_place()
    {
        for (int i = 0; i < 2; i++)
        {
            RawAnswer answer = await _client.RequestAsync("PUT", "/v0.6/stats", [0x81, 0xa1, 0x78, 0xc1], "Datadog-Meta-Lang: javascript");
            Assert.Equal((400, "cannot decode trace statistics: reserved byte 0xc1 at byte 3"), (answer.Status, answer.Body));
        }

        Assert.Equal(
            "MAYFLY | WARN | Trace statistics of a javascript tracer are answered with 400 and lost: cannot decode trace statistics: reserved byte 0xc1 at byte 3. "
            + "Later ones are not reported again.\n",
            Encoding.UTF8.GetString(_output.ToArray()));
    }
}
