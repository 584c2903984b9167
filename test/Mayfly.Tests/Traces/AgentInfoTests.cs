using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Mayfly.Traces;
using Xunit;

namespace Mayfly.Tests.Traces;

/// <summary>docs/spec/03-traces.md#16-info</summary>
public class AgentInfoTests
{
    private static readonly AgentInfo Info = new("7.99.0", "none", 8126, 8125, 52_428_800);

    [Fact]
    public void The_document_lists_what_exists_and_nothing_else() => Assert.Equal(
        """
        {"version":"7.99.0","endpoints":["/v0.3/traces","/v0.4/traces","/v0.5/traces","/dogstatsd/v2/proxy","/info"],
        "feature_flags":[],"client_drop_p0s":false,"span_meta_structs":true,"long_running_spans":false,"span_events":true,
        "config":{"default_env":"none","receiver_port":8126,"receiver_socket":"","max_request_bytes":52428800,"statsd_port":8125}}
        """.ReplaceLineEndings(""),
        Encoding.UTF8.GetString(Info.Body.Span));

    [Fact]
    public void The_state_is_the_hash_of_the_bytes_served() =>
        Assert.Equal(string.Concat(SHA256.HashData(Info.Body.Span).Select(static b => b.ToString("x2"))), Info.State);

    [Fact]
    public void The_env_is_escaped()
    {
        using JsonDocument document = JsonDocument.Parse(new AgentInfo("1", "a\"b\\", 1, 0, 2).Body);
        Assert.Equal("a\"b\\", document.RootElement.GetProperty("config").GetProperty("default_env").GetString());
    }

    [Fact]
    public void Accepted_traces_are_answered_with_the_default_rate() =>
        Assert.Equal("""{"rate_by_service":{"service:,env:":1}}""", Encoding.UTF8.GetString(AgentInfo.TracesAccepted.Span));
}
