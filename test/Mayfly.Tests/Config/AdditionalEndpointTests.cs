using Mayfly.Config;
using Mayfly.Config.Files;
using Xunit;

namespace Mayfly.Tests.Config;

/// <summary>docs/spec/05-config.md#3-parsers (metric endpoints map, logs endpoints), #17: what a user means is done, and no key is ever said.</summary>
public class AdditionalEndpointTests
{
    private const string Secret = "kEy-Of.Any_form+0123456789";

    private static readonly string[] Maps =
    [
        Keys.AdditionalMetrics, Keys.AdditionalTraces, Keys.AdditionalProfiling, Keys.AdditionalTelemetryProxy, Keys.AdditionalDebugger,
        Keys.AdditionalDiagnostics, Keys.AdditionalSymbols, Keys.AdditionalEvp, Keys.AdditionalLineage,
    ];

    /// <summary>Value, addresses with keys, errors.</summary>
    public static TheoryData<string, string, string[]> Rows => new()
    {
        { """{"https://a":["k1","k2"],"https://b":["k3"]}""", "https://a/ k1, https://a/ k2, https://b/ k3", [] }, // 16
        { """{"https://b":" k "}""", "https://b/ k", [] }, // a text is a list of one
        { """{"https://a":["k"],"https://b":"j"}""", "https://a/ k, https://b/ j", [] },
        { """{"https://b":{"key":"j"},"https://a":["k"]}""", "https://a/ k", ["the value of https://b"] },
        { """{"https://b":12345,"https://a":["k"]}""", "https://a/ k", ["the value of https://b"] },
        { """{"https://b":null}""", "", ["the value of https://b"] },
        { """{"https://b":""}""", "", ["the value of https://b"] },
        { """{"https://b":[12345,"k",["j"],""]}""", "https://b/ k", ["element 1 of https://b", "element 3 of https://b", "element 4 of https://b"] },
        { """{"https://b":[]}""", "", [] },
        { """{"ftp://b":"k"}""", "", ["ftp://b"] },
        { """{"b":"k","localhost:1":"k"}""", "https://b/ k, https://localhost:1/ k", [] },
        { """{"0123456789abcdef0123456789abcdef":["https://b"]}""", "", ["********cdef"] }, // the wrong way round
        { """{"api_key":"k","Host":"h"}""", "", ["********"] }, // the form of logs
    };

    [Theory, MemberData(nameof(Rows))]
    public void Each_key_counts_for_itself(string value, string expected, string[] wrong)
    {
        Settings settings = Environments.Read((Keys.AdditionalMetrics, value));
        Assert.Equal(expected, string.Join(", ", settings.Intake.AdditionalMetrics.Select(static one => $"{one.Url} {one.ApiKey.Value}")));
        Assert.Equal(
            wrong.Select(static part => $"DD_ADDITIONAL_ENDPOINTS={part} is not understood"),
            settings.Errors.Select(static line => line[..line.IndexOf(": expected", StringComparison.Ordinal)]));
        Assert.DoesNotContain(settings.Errors, static line => line.Contains("12345", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("additional_endpoints:\n  https://b: k")]
    [InlineData("additional_endpoints: {\"https://b\": [k]}")]
    [InlineData("additional_endpoints: '{\"https://b\":\"k\"}'")]
    public void A_file_may_have_one_key_too(string yaml)
    {
        Settings settings = Settings.Read(new EnvReader(static _ => null, ConfigFile.Parse(yaml)));
        Assert.Equal(("k", 0), (Assert.Single(settings.Intake.AdditionalMetrics).ApiKey.Value, settings.Complaints().Count));
    }

    /// <summary>Members that differ in case only.</summary>
    [Fact]
    public void The_later_member_counts() =>
        Assert.Equal("b", Assert.Single(Environments.Read((Keys.AdditionalLogs, """[{"api_key":"a","API_KEY":"b","Host":"h"}]""")).LogShipping.Additional).ApiKey.Value);

    /// <summary>In key position, in the place of the address, bare, nested, cut off, of whatever form.</summary>
    [Theory]
    [InlineData("@")]
    [InlineData("\"@\"")]
    [InlineData("https://b=@")]
    [InlineData("{\"https://b\":\"@\"}")]
    [InlineData("{\"https://b\":[\"@\"]}")]
    [InlineData("{\"https://b\":[[\"@\"]]}")]
    [InlineData("{\"https://b\":{\"key\":\"@\"}}")]
    [InlineData("{\"https://b\":[\"@\"")]
    [InlineData("{'https://b':['@']}")]
    [InlineData("{\"a b\":[\"@\"]}")]
    [InlineData("[\"@\"]")]
    [InlineData("[{\"api_key\":\"@\",\"Host\":\"h\"}]")]
    [InlineData("[{\"api_key\":[\"@\"],\"Host\":\"h\"}]")]
    [InlineData("[{\"api_key\":{\"a\":\"@\"},\"Host\":\"h\"}]")]
    [InlineData("[{\"apiKey\":\"@\",\"Host\":\"h\"}]")]
    [InlineData("[{\"api_key\":\"@\",\"Host\":\"\"}]")]
    [InlineData("[{\"api_key\":\"@\",\"Host\":[\"@\"]}]")]
    [InlineData("{\"api_key\":\"@\",\"Host\":\"h\"}")]
    public void No_key_is_shown_whatever_its_form(string value)
    {
        foreach (string secret in (string[])[Secret, "short", "0123456789"])
        {
            string text = value.Replace("@", secret, StringComparison.Ordinal);
            foreach (string key in (string[])[.. Maps, Keys.AdditionalLogs])
            {
                AssertUnseen(secret, Environments.Reader((key, text)));
                AssertUnseen(secret, Environments.Reader((key.Replace("DD_", "DATADOG_", StringComparison.Ordinal), text)));
            }

            AssertUnseen(secret, new EnvReader(static _ => null, ConfigFile.Parse($"additional_endpoints: '{text.Replace("'", "''", StringComparison.Ordinal)}'")));
        }
    }

    [Theory]
    [InlineData("{\"0123456789abcdefkey\":[\"https://b\"]}")]
    [InlineData("{\"https://b\":[0123456789]}")]
    [InlineData("{\"https://b\":1234567890123456789}")]
    [InlineData("[{\"api_key\":1234567890123456789,\"Host\":\"h\"}]")]
    [InlineData("[{\"api_key\":\"k\",\"Host\":\"0123456789abcdefkey\"}]")]
    public void Nor_where_no_key_belongs(string value)
    {
        AssertUnseen("0123456789", Environments.Reader((Keys.AdditionalTraces, value)));
        AssertUnseen("0123456789", Environments.Reader((Keys.AdditionalLogs, value)));
    }

    [Theory]
    [InlineData("api_key: [@]")]
    [InlineData("evp_proxy_config:\n  api_key: {a: @}")]
    [InlineData("apm_config:\n  debugger_api_key: [@]")]
    public void Nor_a_key_that_is_no_text(string yaml)
    {
        var reader = new EnvReader(static _ => null, ConfigFile.Parse(yaml.Replace("@", Secret, StringComparison.Ordinal)));
        AssertUnseen(Secret, reader);
        Assert.Contains("=******** is not understood", Assert.Single(reader.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void Addresses_and_the_ends_of_long_keys_are_shown()
    {
        Assert.Equal("""{"https://b":["********6789","********"]}""", MaskedEndpoints.Of($$"""{"https://b": ["{{Secret}}", "short"]}"""));
        Assert.Equal(
            """[{"api_key":"********6789","Host":"h.example","Port":443,"is_reliable":true}]""",
            MaskedEndpoints.Of($$"""[{"api_key":"{{Secret}}","Host":"h.example","Port":443,"is_reliable":true}]"""));
        Assert.Equal("""{"https://********@b":["********"]}""", MaskedEndpoints.Of("""{"https://me:p w@b":["k"]}"""));
        Assert.Equal(
            """[{"api_key":"********6789","Host":"h.example","Port":"443","is_reliable":"true"}]""",
            MaskedEndpoints.Of($$"""[{"api_key":"{{Secret}}","Host":"h.example","Port":"443","is_reliable":"true"}]"""));
        Assert.Equal(
            """[{"Port":"********6789","is_reliable":"********6789"}]""", MaskedEndpoints.Of($$"""[{"Port":"{{Secret}}","is_reliable":"{{Secret}}"}]"""));
        string report = ConfigReport.Of(Environments.Reader((Keys.AdditionalLogs, """[{"api_key":["k"],"Host":"h.i"}]"""))).ToText();
        Assert.Contains("""[{"api_key":["********"],"Host":"h.i"}]""", report, StringComparison.Ordinal);
    }

    private static void AssertUnseen(string secret, EnvReader reader)
    {
        ConfigReport report = ConfigReport.Of(reader);
        string all = report.ToText() + report.ToJson() + string.Join('\n', reader.Warnings) + string.Join('\n', reader.Errors);
        Assert.DoesNotContain(secret, all, StringComparison.Ordinal);
    }
}
