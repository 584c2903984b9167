using System.Text.Json;
using Mayfly.Config;
using Mayfly.Config.Files;
using Xunit;

namespace Mayfly.Tests.Config;

/// <summary><c>mayfly config</c>.</summary>
public class ConfigReportTests
{
    private const string Key = "0123456789abcdef0123456789abcdef";

    private static readonly Dictionary<string, string> Variables = new()
    {
        ["DD_API_KEY"] = Key,
        ["DATADOG_ENV"] = "prod",
        ["DD_LOGS_ENABLED"] = "maybe",
        ["DD_STIE"] = "datadoghq.eu",
        ["DD_DOGSTATSD_QUEUE_SIZE"] = "1",
        ["MAYFLY_MODE"] = "compat",
        ["DD_SOMETHING_ELSE"] = "1",
        ["DD_PROXY_HTTPS"] = "http://user:proxy-password@proxy:3128",
        ["DD_ADDITIONAL_ENDPOINTS"] = """{"https://api.datadoghq.eu":["second-key-0123456789"]}""",
        ["DD_LOGS_CONFIG_ADDITIONAL_ENDPOINTS"] = """[{"api_key":"third-key-0123456789","Host":"h"}]""",
        ["DD_API_KEY_KMS_ENCRYPTED"] = "cipher-text-0123456789",
        ["AWS_SECRET_ACCESS_KEY"] = "aws-secret-0123456789",
        ["AWS_SESSION_TOKEN"] = "aws-session-0123456789",
        ["AWS_REGION"] = "eu-west-1",
    };

    [Theory]
    [InlineData("DD_SITE", "datadoghq.com", "default")]
    [InlineData("DD_API_KEY", "********cdef", "DD_API_KEY")]
    [InlineData("DD_ENV", "prod", "DATADOG_ENV")]
    [InlineData("DD_SERVICE", "", "default")]
    [InlineData("DD_VERSION", "1.10", "datadog.yaml, line 1: version")]
    [InlineData("DD_APM_RECEIVER_PORT", "8126", "default")]
    [InlineData("DD_APM_DD_URL", "https://trace.agent.datadoghq.com/api/v0.2/traces", "default")]
    [InlineData("DD_SERVERLESS_FLUSH_STRATEGY", "default", "default")]
    [InlineData("DD_FLUSH_TIMEOUT", "30s", "default")]
    [InlineData("DD_LOG_LEVEL", "info", "default")]
    [InlineData("DD_TAGS", """["a:b"]""", "datadog.yaml, line 2: tags")]
    [InlineData("DD_EVP_PROXY_CONFIG_DD_URL", "datadoghq.com", "default")]
    [InlineData("DD_SERVERLESS_LOGS_ENABLED", "true", "default")]
    [InlineData("DD_HISTOGRAM_PERCENTILES", "0.95", "default")]
    [InlineData("DD_TRACE_PROPAGATION_STYLE_EXTRACT", "datadog,tracecontext", "default")]
    [InlineData("DD_LAMBDA_FIPS_MODE", "false", "default")]
    [InlineData("DD_LOGS_PORT", "10517", "default")]
    [InlineData("MAYFLY_MODE", "compat", "MAYFLY_MODE")]
    [InlineData("MAYFLY_PLATFORM", "", "default")]
    [InlineData("DD_AZURE_RESOURCE_GROUP", "my-group", "datadog.yaml, line 3: azure_resource_group")]
    [InlineData("AWS_REGION", "eu-west-1", "AWS_REGION")]
    public void Every_setting_has_its_value_and_its_source(string name, string value, string source)
    {
        using var json = JsonDocument.Parse(Report().ToJson());
        JsonElement row = json.RootElement.GetProperty("settings").EnumerateArray().Single(row => row.GetProperty("name").GetString() == name);
        Assert.Equal((value, source), (row.GetProperty("value").GetString(), row.GetProperty("source").GetString()));
        Assert.Matches($"(?m)^{name} +{System.Text.RegularExpressions.Regex.Escape(value)} +{source}$", Report().ToText());
    }

    [Fact]
    public void Every_setting_is_there()
    {
        using var json = JsonDocument.Parse(Report().ToJson());
        string[] names = [.. json.RootElement.GetProperty("settings").EnumerateArray().Select(static row => row.GetProperty("name").GetString()!)];
        Assert.Equal(names.Order(StringComparer.Ordinal).Distinct(), names);
        string[] weaker =
        [
            Keys.MetricsUrlWeaker, Keys.ApiKeyKmsEncrypted, Keys.CompressionLevel, Keys.EnhancedMetrics, Keys.RemoveQueryStringWeaker,
            Keys.RemovePathsWithDigitsWeaker, Keys.TracePortWeaker, Keys.LogsEnabled, Keys.IgnoreResourcesWeaker, Keys.DogStatsdPipe, Keys.AppKey,
        ];
        Assert.Empty(KnownNames.Read.Where(static name => name.StartsWith("DD_", StringComparison.Ordinal)
            || name.StartsWith("MAYFLY_", StringComparison.Ordinal)).Except(names).Except(weaker));
    }

    [Fact]
    public void What_is_wrong_is_named()
    {
        ConfigReport report = Report();
        Assert.False(report.IsClean);
        using var json = JsonDocument.Parse(report.ToJson());
        string[] warnings = Texts(json, "warnings");
        Assert.Equal(["Several settings give the API", "DD_LOGS_ENABLED=maybe is not "], warnings.Select(static one => one[..29]));
        Assert.Equal("DD_SITE", json.RootElement.GetProperty("misspelt")[0].GetProperty("nearest").GetString());
        Assert.Equal(["DD_DOGSTATSD_QUEUE_SIZE"], Texts(json, "without_effect"));
        Assert.Equal(["DD_SOMETHING_ELSE"], Texts(json, "not_read"));
        Assert.Contains("Misspelt:\n  DD_STIE is set", report.ToText(), StringComparison.Ordinal);
        Assert.True(ConfigReport.Of(Environments.Reader((Keys.ApiKey, Key))).IsClean);
    }

    [Fact]
    public void No_secret_is_shown()
    {
        string all = Report().ToText() + Report().ToJson();
        foreach (string secret in (string[])[Key, "proxy-password", "second-key", "third-key", "cipher-text", "aws-secret", "aws-session"])
        {
            Assert.DoesNotContain(secret, all, StringComparison.Ordinal);
        }

        Assert.Contains("DD_KMS_API_KEY", all, StringComparison.Ordinal);
    }

    /// <summary>Whatever characters are in them, and also where the rest is not understood.</summary>
    [Theory]
    [InlineData("DD_PROXY_HTTPS", "http://user:s3 cr'et@proxy:3128")]
    [InlineData("https_proxy", "http://user:s3|cr\"et@proxy:3128")]
    [InlineData("HTTP_PROXY", "http://s3cret@proxy")]
    [InlineData("DD_PROXY_HTTP", "ftp://user:s3@cr@et@proxy")]
    [InlineData("DD_DD_URL", "https://user:s3 cret@relay.example")]
    [InlineData("DD_APM_DD_URL", "ftp://s3 cret@relay.example")]
    [InlineData("AWS_ENDPOINT_URL_KMS", "ftp://me:s3cret@kms.local")]
    [InlineData("AWS_ENDPOINT_URL", "http://me:s3cret@aws.local")]
    public void No_password_of_an_address_is_shown(string name, string value)
    {
        var report = ConfigReport.Of(Environments.Reader((name, value)));
        string all = report.ToText() + report.ToJson() + string.Join('\n', Environments.Read((name, value)).Complaints());
        Assert.DoesNotContain("s3", all, StringComparison.Ordinal);
        Assert.DoesNotContain("et@", all, StringComparison.Ordinal);
        Assert.Contains("********@", all, StringComparison.Ordinal);
    }

    private static string[] Texts(JsonDocument json, string name) =>
        [.. json.RootElement.GetProperty(name).EnumerateArray().Select(static one => one.GetString()!)];

    private static ConfigReport Report() =>
        ConfigReport.Of(new EnvReader(Variables.GetValueOrDefault, ConfigFile.Parse("version: 1.10\ntags: [a:b]\nazure_resource_group: my-group"), static () => Variables.Keys));
}
