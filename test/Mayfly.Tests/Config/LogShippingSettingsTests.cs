using Mayfly.Config;
using Xunit;

namespace Mayfly.Tests.Config;

/// <summary>docs/spec/04-metrics-logs.md#c11-shipping, docs/spec/05-config.md#3-parsers (logs endpoints) and #16. What they do: LogShippingTests.</summary>
public class LogShippingSettingsTests
{
    /// <summary>The keys that have their rows here.</summary>
    internal static readonly string[] KeysRead =
    [
        Keys.AdditionalLogs, Keys.PipelinesWorkerLogsEnabled, Keys.PipelinesWorkerLogsUrl,
    ];

    /// <summary>Value, endpoints with keys, errors.</summary>
    public static TheoryData<string, string, int> Additional => new()
    {
        { """[{"api_key":"k","Host":"h","Port":443,"is_reliable":true}]""", "https://h/api/v2/logs k", 0 }, // 05 16
        { """[{"API_KEY":" k ","host":"h","port":8443}]""", "https://h:8443/api/v2/logs k", 0 },
        { """[{"api_key":"k","Host":"h"}]""", "https://h/api/v2/logs k", 0 },
        { """[{"api_key":"k","Host":"h","Port":"10516"}]""", "https://h:10516/api/v2/logs k", 0 },
        { """[{"api_key":"k","Host":"http://127.0.0.1","Port":8080}]""", "http://127.0.0.1:8080/api/v2/logs k", 0 },
        { """[{"api_key":"a","Host":"h"},{"Host":"x"},7,{"api_key":"b","Host":"i"}]""", "https://h/api/v2/logs a, https://i/api/v2/logs b", 2 },
        { """[{"api_key":"","Host":"h"},{"api_key":"k","Host":""},{"api_key":"k","Host":"h","Port":70000},{"api_key":"k","Host":"h","Port":-1}]""", "", 4 },
        { """{"api_key":"k","Host":"h"}""", "", 1 },
        { "[", "", 1 },
        { "[]", "", 0 },
    };

    [Theory, MemberData(nameof(Additional))]
    public void Each_entry_counts_for_itself(string value, string expected, int errors)
    {
        Settings settings = Environments.Read((Keys.AdditionalLogs, value));
        Assert.Equal(expected, string.Join(", ", settings.LogShipping.Additional.Select(static one => $"{one.Url} {one.ApiKey.Value}")));
        Assert.Equal(errors, settings.Errors.Count(static line => line.Contains(Keys.AdditionalLogs, StringComparison.Ordinal)));
        Assert.DoesNotContain(settings.Errors, static line => line.Contains("\"k\"", StringComparison.Ordinal) && !line.Contains("such as", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("true", "http://worker:8282/a/b?c=d", "http://worker:8282/a/b?c=d", true)]
    [InlineData("1", "worker.internal:8282/", "https://worker.internal:8282/", true)]
    [InlineData("false", "http://worker:8282", "https://http-intake.logs.datadoghq.com/api/v2/logs", false)]
    [InlineData("", "http://worker:8282", "https://http-intake.logs.datadoghq.com/api/v2/logs", false)]
    public void A_worker_has_the_address_that_was_given(string enabled, string url, string expected, bool isWorker)
    {
        Settings settings = Environments.Read((Keys.PipelinesWorkerLogsEnabled, enabled), (Keys.PipelinesWorkerLogsUrl, url));
        Assert.Equal((expected, isWorker, true), (settings.LogShipping.Url.AbsoluteUri, settings.LogShipping.IsPipelinesWorker, settings.LogsEnabled));
        Assert.Empty(settings.Errors);
    }

    /// <summary>Sending past the worker would send what it should have taken out.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("ftp://worker")]
    [InlineData("http://")]
    public void Without_its_address_no_logs_are_sent(string url)
    {
        Settings settings = Environments.Read((Keys.PipelinesWorkerLogsEnabled, "true"), (Keys.PipelinesWorkerLogsUrl, url));
        Assert.False(settings.LogsEnabled);
        Assert.Contains(Keys.PipelinesWorkerLogsUrl, Assert.Single(settings.Errors), StringComparison.Ordinal);
    }
}
