using System.Text.Json;
using Mayfly.Config;
using Mayfly.Http;
using Mayfly.Intake;
using Mayfly.Tests.Http;
using Mayfly.Traces;
using Xunit;

namespace Mayfly.Tests.Proxies;

/// <summary>docs/spec/03-traces.md 1.7, EVP proxy, rules 1 to 5.</summary>
public class EvpProxyTests
{
    /// <summary>Row, target, subdomain (null: no header), what the answer says (rule 1).</summary>
    public static TheoryData<string, string, string?, string> Refused => new()
    {
        { "no subdomain", "/evp_proxy/v2/api/v2/llmobs", null, "X-Datadog-EVP-Subdomain" },
        { "empty subdomain", "/evp_proxy/v2/api/v2/llmobs", "", "X-Datadog-EVP-Subdomain" },
        { "a path in the subdomain", "/evp_proxy/v2/x", "evil.com/", "invalid subdomain" },
        { "a port", "/evp_proxy/v2/x", "evil.com:80", "invalid subdomain" },
        { "a user", "/evp_proxy/v2/x", "evil@x", "invalid subdomain" },
        { "a fragment", "/evp_proxy/v2/x", "evil.com#", "invalid subdomain" },
        { "an escape", "/evp_proxy/v2/x", "evil.com%2f", "invalid subdomain" },
        { "an address", "/evp_proxy/v2/x", "[::1]", "invalid subdomain" },
        { "blanks", "/evp_proxy/v2/x", "a b", "invalid subdomain" },
        { "no label", "/evp_proxy/v2/x", "a..b", "invalid subdomain" },
        { "other letters", "/evp_proxy/v2/x", "\u00e9", "invalid subdomain" },
        { "dots in the path", "/evp_proxy/v2/a.b", "x", "invalid path" },
        { "an escape in the path", "/evp_proxy/v2/a%20b", "x", "invalid path" },
        { "a colon in the path", "/evp_proxy/v2/a:b", "x", "invalid path" },
        { "an escaped prefix", "/evp%5fproxy/v2/a", "x", "invalid path" },
        { "an escape in the query", "/evp_proxy/v2/a?b=%20", "x", "invalid query" },
        { "a semicolon in the query", "/evp_proxy/v2/a?b;c", "x", "invalid query" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task Rule_1_what_could_reach_something_else_is_502(string row, string target, string? subdomain, string says)
    {
        await using ProxyRig rig = await ProxyRig.StartAtSiteAsync((Keys.ApiKey, ProxyRig.Key));
        string[] headers = subdomain is null ? [] : [$"X-Datadog-EVP-Subdomain: {subdomain}"];
        RawAnswer first = await rig.SendAsync("POST", target, [1], headers);
        RawAnswer second = await rig.SendAsync("POST", target, [1], headers);
        Assert.Equal((row, 502, 502), (row, first.Status, second.Status));
        Assert.Contains(says, first.Body, StringComparison.Ordinal);
        Assert.Empty(rig.Take());
        Assert.Single(rig.Lines, static line => line.Contains("EVP request", StringComparison.Ordinal));
        Assert.Equal(0, rig.Counts.Accepted);
    }

    /// <summary>1.7: the subdomains of JS, and what else the characters allow.</summary>
    [Theory]
    [InlineData("llmobs-intake")]
    [InlineData("citestcycle-intake")]
    [InlineData("citestcov-intake")]
    [InlineData("ci-intake")]
    [InlineData("event-platform-intake")]
    [InlineData("error-tracking-intake")]
    [InlineData("http-intake.logs")]
    [InlineData("a_b.C-1")]
    public async Task Rule_1_the_subdomain_goes_in_front_of_the_site(string subdomain)
    {
        await using ProxyRig rig = await ProxyRig.StartAtSiteAsync((Keys.Site, "us5.datadoghq.com"), (Keys.EvpApiKey, "evp-key"));
        RawAnswer answer = await rig.SendAsync("POST", "/evp_proxy/v4/api/v2/x-y_z+1?a=b&c=\"d:e.f@g/h\"", [1], $"X-Datadog-EVP-Subdomain: {subdomain}");
        Assert.Equal(200, answer.Status);
        ForwardedRequest request = Assert.Single(rig.Take());
        Assert.Equal($"{subdomain}.us5.datadoghq.com", request.Url.Authority, ignoreCase: true);
        Assert.Equal(("https", "/api/v2/x-y_z+1?a=b&c=\"d:e.f@g/h\"", "evp-key"), (request.Url.Scheme, request.Url.PathAndQuery, request.ApiKey?.Value));
    }

    [Fact]
    public async Task Rules_2_and_3_only_these_headers_go_on()
    {
        await using ProxyRig rig = await ProxyRig.StartAsync();
        await rig.SendAsync(
            "POST", "/evp_proxy/v2/x", [1],
            "X-Datadog-EVP-Subdomain: llmobs-intake", "content-type: application/json", "Accept-Encoding: gzip", "Content-Encoding: gzip", "User-Agent: ua",
            "DD-CI-PROVIDER-NAME: ci", "DD-EVP-ORIGIN: dd-trace-js", "DD-EVP-ORIGIN-VERSION: 5", "Datadog-Container-ID: cid", "Cookie: secret", "Authorization: secret",
            "X-Other: secret", "DD-APPLICATION-KEY: forged", "X-Forwarded-For: 1.2.3.4", "Datadog-Meta-Lang: js");
        await rig.FlushAsync();
        WireRequest request = Assert.Single(rig.Intake.Requests);
        Assert.Equal(
            new Dictionary<string, string>
            {
                ["Accept-Encoding"] = "gzip", ["Content-Encoding"] = "gzip", ["Content-Length"] = "1", ["Content-Type"] = "application/json",
                ["Datadog-Container-ID"] = "cid", ["DD-API-KEY"] = ProxyRig.Key, ["DD-CI-PROVIDER-NAME"] = "ci", ["DD-EVP-ORIGIN"] = "dd-trace-js",
                ["DD-EVP-ORIGIN-VERSION"] = "5", ["Host"] = rig.Intake.Url["http://".Length..], ["User-Agent"] = "ua", ["Via"] = "trace-agent 7.99.0",
                ["X-Datadog-Additional-Tags"] = ProxyRig.Tags, ["X-Datadog-AgentDefaultEnv"] = "dev", ["X-Datadog-EVP-Subdomain"] = "llmobs-intake",
            },
            new Dictionary<string, string>(request.Headers));
    }

    /// <summary>1.6: what /info says of it is so.</summary>
    [Fact]
    public async Task Clients_learn_which_headers_go_on()
    {
        await using ProxyRig rig = await ProxyRig.StartAsync();
        var info = new AgentInfo(new AgentInfoSettings { DefaultEnv = "", ReceiverPort = 1, StatsdPort = 1, MaxRequestBytes = 1 }, new RouteTable());
        string[] told = [.. JsonDocument.Parse(info.Body).RootElement.GetProperty("evp_proxy_allowed_headers").EnumerateArray().Select(static one => one.GetString()!)];
        await rig.SendAsync("POST", "/evp_proxy/v2/x", [1], ["X-Datadog-EVP-Subdomain: x", .. told.Select(static name => $"{name}: told/1")]);
        await rig.FlushAsync();
        WireRequest request = Assert.Single(rig.Intake.Requests);
        Assert.All(told, name => Assert.Equal("told/1", request.Headers[name]));
        Assert.Equal(told.Order(), request.Headers.Where(static one => one.Value == "told/1").Select(static one => one.Key).Order());
    }

    /// <summary>Rule 3.</summary>
    [Theory]
    [InlineData(Keys.AppKey, "true", 200, "app-key")]
    [InlineData(Keys.EvpAppKey, "TRUE", 200, "app-key")]
    [InlineData(Keys.AppKey, "false", 200, null)]
    [InlineData(null, "true", 502, null)]
    public async Task Rule_3_an_application_key_is_added_where_it_is_asked_for(string? key, string needs, int status, string? expected)
    {
        await using ProxyRig rig = await ProxyRig.StartAsync(key is null ? [] : [(key, "app-key")]);
        RawAnswer answer = await rig.SendAsync("POST", "/evp_proxy/v2/x", [1], "X-Datadog-EVP-Subdomain: x", $"X-Datadog-NeedsAppKey: {needs}");
        Assert.Equal(status, answer.Status);
        await rig.FlushAsync();
        Assert.Equal(expected, rig.Intake.Requests.SingleOrDefault()?.Headers.GetValueOrDefault("DD-APPLICATION-KEY"));
    }

    /// <summary>Which requests are answered by the intake: those to the API, and those that only ask.</summary>
    [Theory]
    [InlineData("POST", "api", true)]
    [InlineData("POST", "API", true)]
    [InlineData("PUT", "api", true)]
    [InlineData("GET", "citestcycle-intake", true)]
    [InlineData("DELETE", "x", true)]
    [InlineData("POST", "llmobs-intake", false)]
    [InlineData("PUT", "x", false)]
    [InlineData("POST", "api.x", false)]
    public async Task Answers_that_are_read_are_the_intakes(string method, string subdomain, bool isAnswered)
    {
        await using ProxyRig rig = await ProxyRig.StartAsync();
        rig.Intake.Answer = static _ => "HTTP/1.1 203 x\r\nContent-Type: application/vnd.x\r\nContent-Length: 7\r\n\r\nanswers";
        RawAnswer answer = await rig.SendAsync(method, "/evp_proxy/v4/api/v2/libraries/tests/services/setting?a=b", method == "GET" ? [] : [1, 2], $"X-Datadog-EVP-Subdomain: {subdomain}");
        if (isAnswered)
        {
            Assert.Equal((203, "answers", "application/vnd.x"), (answer.Status, answer.Body, answer.Headers["Content-Type"]));
            WireRequest request = Assert.Single(rig.Intake.Requests);
            Assert.Equal((method, "/api/v2/libraries/tests/services/setting?a=b", method == "GET" ? 0 : 2), (request.Method, request.Target, request.Body.Length));
            Assert.Equal((1, 1), (rig.Counts.Accepted, rig.Counts.Delivered));
        }
        else
        {
            Assert.Equal(200, answer.Status);
            Assert.Empty(rig.Intake.Requests);
        }
    }
}
