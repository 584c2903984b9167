using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Mayfly.Config;
using Mayfly.Http;
using Mayfly.Tests.Config;
using Mayfly.Traces;
using Mayfly.Traces.Stats;
using Xunit;

namespace Mayfly.Tests.Traces;

/// <summary>docs/spec/03-traces.md#16-info</summary>
public class AgentInfoTests
{
    private static readonly AgentInfoSettings Settings = new()
    {
        DefaultEnv = "none", ReceiverPort = 8126, StatsdPort = 8125, MaxRequestBytes = 52_428_800,
    };

    [Fact]
    public void The_document_lists_what_exists_and_nothing_else() => Assert.Equal(
        """
        {"version":"7.99.0","endpoints":["/v0.4/traces","/v0.7/traces","/dogstatsd/v2/proxy","/info"],
        "feature_flags":[],"client_drop_p0s":false,"span_meta_structs":true,"long_running_spans":false,"span_events":true,
        "evp_proxy_allowed_headers":["Content-Type","Accept-Encoding","Content-Encoding","User-Agent","DD-CI-PROVIDER-NAME","DD-EVP-ORIGIN","DD-EVP-ORIGIN-VERSION"],
        "config":{"default_env":"none","receiver_port":8126,"receiver_socket":"","max_request_bytes":52428800,"statsd_port":8125},
        "filter_tags":{"require":[],"reject":[]},"filter_tags_regex":{"require":[],"reject":[]},"ignore_resources":[]}
        """.ReplaceLineEndings(""),
        Encoding.UTF8.GetString(InfoWith("/info", "/dogstatsd/v2/proxy", "/v0.7/traces", "/v0.4/traces", "/v1.0/traces", "/debug/mayfly").Body.Span));

    [Fact]
    public void The_state_is_the_hash_of_the_bytes_served()
    {
        AgentInfo info = InfoWith("/info");
        Assert.Equal(string.Concat(SHA256.HashData(info.Body.Span).Select(static b => b.ToString("x2"))), info.State);
    }

    [Fact]
    public void Clients_learn_what_statistics_are_made_of()
    {
        var stats = new StatsSettings { AgentVersion = "", PeerTags = ["a", "b"], CountsSpanKinds = false };
        using JsonDocument document = JsonDocument.Parse(new AgentInfo(Settings with { Stats = stats }, new RouteTable()).Body);
        Assert.Equal("""["a","b"]""", document.RootElement.GetProperty("peer_tags").GetRawText());
        Assert.Equal("[]", document.RootElement.GetProperty("span_kinds_stats_computed").GetRawText());
        Assert.Equal(1, document.RootElement.GetProperty("obfuscation_version").GetInt32());
    }

    [Fact]
    public void What_was_set_is_told()
    {
        var settings = Settings with
        {
            DefaultEnv = "a\"b\\", ReceiverSocket = "/run/apm.socket", AdvertisesV10 = true, LetsClientsDrop = true, FeatureFlags = ["big_resource"],
        };
        using JsonDocument document = JsonDocument.Parse(new AgentInfo(settings, new RouteTable()).Body);
        JsonElement config = document.RootElement.GetProperty("config");
        Assert.Equal("a\"b\\", config.GetProperty("default_env").GetString());
        Assert.Equal("/run/apm.socket", config.GetProperty("receiver_socket").GetString());
        Assert.Equal("/v1.0/traces", Assert.Single(document.RootElement.GetProperty("endpoints").EnumerateArray()).GetString());
        Assert.Equal("big_resource", Assert.Single(document.RootElement.GetProperty("feature_flags").EnumerateArray()).GetString());
        Assert.True(document.RootElement.GetProperty("client_drop_p0s").GetBoolean());
    }

    /// <summary>Entries that hold; clients that compute statistics apply them to their roots (docs/spec/03-traces.md#36-filters).</summary>
    [Fact]
    public void Clients_learn_which_traces_are_not_wanted()
    {
        TraceFilterSettings filters = Environments.Read(
            (Keys.FilterTagsRequire, "env:prod debug"), (Keys.FilterTagsReject, "a:b:c key: :x"), (Keys.FilterTagsRegexRequire, "team:^a+$"),
            (Keys.FilterTagsRegexReject, "url:( url:health"), (Keys.IgnoreResources, "GET /health,\"a,b\"")).TraceFilters;
        using JsonDocument document = JsonDocument.Parse(new AgentInfo(Settings with { Filters = filters }, new RouteTable()).Body);
        JsonElement info = document.RootElement;
        Assert.Equal("""{"require":["env:prod","debug"],"reject":["a:b:c","key"]}""", info.GetProperty("filter_tags").GetRawText());
        Assert.Equal(["team:^a+$"], info.GetProperty("filter_tags_regex").GetProperty("require").EnumerateArray().Select(static one => one.GetString()));
        Assert.Equal(["url:health"], info.GetProperty("filter_tags_regex").GetProperty("reject").EnumerateArray().Select(static one => one.GetString()));
        Assert.Equal("""["GET /health","a,b"]""", info.GetProperty("ignore_resources").GetRawText());
    }

    /// <summary>How .NET, JavaScript and libdatadog look for an endpoint; docs/spec/03-traces.md, "How endpoints is matched".</summary>
    [Fact]
    public void Clients_find_the_endpoints_that_exist()
    {
        string[] paths = ["/v0.6/stats", "/evp_proxy/v2/", "/evp_proxy/v4/", "/telemetry/proxy/", "/debugger/v1/input", "/tracer_flare/v1"];
        using JsonDocument document = JsonDocument.Parse(InfoWith(paths).Body);
        string[] endpoints = [.. document.RootElement.GetProperty("endpoints").EnumerateArray().Select(static one => one.GetString()!)];
        string[] dotnet = [.. endpoints.Select(static one => one.Trim('/').ToUpperInvariant())];
        Assert.All(["V0.6/STATS", "EVP_PROXY/V2", "EVP_PROXY/V4", "TELEMETRY/PROXY", "DEBUGGER/V1/INPUT", "TRACER_FLARE/V1"], name => Assert.Contains(name, dotnet));
        Assert.Contains(endpoints, static one => one.StartsWith("/evp_proxy/v2/", StringComparison.Ordinal));
        Assert.Contains("/v0.6/stats", endpoints);
        Assert.DoesNotContain("V0.7/CONFIG", dotnet);
    }

    [Fact]
    public void Accepted_traces_are_answered_with_the_default_rate() =>
        Assert.Equal("""{"rate_by_service":{"service:,env:":1}}""", Encoding.UTF8.GetString(AgentInfo.TracesAccepted.Span));

    private static AgentInfo InfoWith(params string[] paths)
    {
        var table = new RouteTable();
        Array.ForEach(paths, path => table.Map(path, static exchange => exchange.RespondAsync(200)));
        return new AgentInfo(Settings, table);
    }
}
