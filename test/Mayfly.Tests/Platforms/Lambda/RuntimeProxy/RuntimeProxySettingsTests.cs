using System.Net;
using System.Net.Sockets;
using System.Text;
using Mayfly.Config;
using Mayfly.Diagnostics;
using Mayfly.Http;
using Mayfly.Platforms.Lambda.RuntimeProxy;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.RuntimeProxy;

/// <summary>docs/spec/01-lambda-lifecycle.md#9-runtime-api-proxy: when the proxy is on, and where.</summary>
public sealed class RuntimeProxySettingsTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("AWS_LAMBDA_EXEC_WRAPPER=/opt/datadog_wrapper", "")]
    [InlineData("DD_EXPERIMENTAL_ENABLE_PROXY=TRUE AWS_LAMBDA_EXEC_WRAPPER=/opt/datadog_wrapper", "127.0.0.1:9000")]
    [InlineData("DD_EXPERIMENTAL_ENABLE_PROXY=true AWS_LAMBDA_EXEC_WRAPPER=/opt/my_script", "127.0.0.1:9000")]
    [InlineData("DD_EXPERIMENTAL_ENABLE_PROXY=true", "127.0.0.1:9000")]
    [InlineData("DD_EXPERIMENTAL_ENABLE_PROXY=false", "")]
    [InlineData("DD_SERVERLESS_APPSEC_ENABLED=t", "127.0.0.1:9000")]
    [InlineData("DD_SERVERLESS_APPSEC_ENABLED=1", "127.0.0.1:9000")]
    [InlineData("DD_SERVERLESS_APPSEC_ENABLED=0", "")]
    [InlineData("AWS_LWA_LAMBDA_RUNTIME_API_PROXY=127.0.0.1:9002", "127.0.0.1:9002")]
    [InlineData("AWS_LWA_LAMBDA_RUNTIME_API_PROXY=http://127.0.0.1:9002", "127.0.0.1:9002")]
    [InlineData("AWS_LWA_LAMBDA_RUNTIME_API_PROXY=HTTP://127.0.0.1:9002/2018-06-01?x", "127.0.0.1:9002")]
    [InlineData("AWS_LWA_LAMBDA_RUNTIME_API_PROXY=localhost:9002", "127.0.0.1:9002")]
    [InlineData("AWS_LWA_LAMBDA_RUNTIME_API_PROXY=0.0.0.0:9002", "0.0.0.0:9002")]
    [InlineData("AWS_LWA_LAMBDA_RUNTIME_API_PROXY=[::1]:9002", "[::1]:9002")]
    [InlineData("AWS_LWA_LAMBDA_RUNTIME_API_PROXY=127.0.0.1:9002 DD_SERVERLESS_APPSEC_ENABLED=true", "127.0.0.1:9002,127.0.0.1:9000")]
    [InlineData("AWS_LWA_LAMBDA_RUNTIME_API_PROXY=127.0.0.1:9000 DD_SERVERLESS_APPSEC_ENABLED=true", "127.0.0.1:9000")]
    [InlineData("AWS_LWA_LAMBDA_RUNTIME_API_PROXY=0.0.0.0:9000 DD_SERVERLESS_APPSEC_ENABLED=true", "0.0.0.0:9000")]
    public void It_listens_where_somebody_is_sent(string environment, string addresses)
    {
        (RuntimeProxySettings settings, IReadOnlyList<string> warnings) = Read(environment);
        Assert.Equal(addresses, string.Join(',', settings.Addresses));
        Assert.Equal(addresses.Length > 0, settings.IsEnabled);
        Assert.DoesNotContain(warnings, static warning => warning.Contains("is not understood", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("http://127.0.0.1")]
    [InlineData("127.0.0.1:0")]
    [InlineData("127.0.0.1:65536")]
    [InlineData("127.0.0.1:+1")]
    [InlineData("https://127.0.0.1:9002")]
    [InlineData("example.com:9002")]
    [InlineData("1:9002")]
    [InlineData("::1:9002")]
    [InlineData(":9002")]
    [InlineData("true")]
    public void A_bad_adapter_address_is_said_by_name_and_the_default_is_used(string address)
    {
        (RuntimeProxySettings settings, IReadOnlyList<string> warnings) = Read("AWS_LWA_LAMBDA_RUNTIME_API_PROXY=" + address);
        Assert.Equal(["127.0.0.1:9000"], settings.Addresses.Select(static known => known.ToString()));
        Assert.True(settings.IsWebAdapter);
        Assert.StartsWith($"AWS_LWA_LAMBDA_RUNTIME_API_PROXY={address} ", Assert.Single(warnings));
    }

    [Theory]
    [InlineData("DD_EXPERIMENTAL_ENABLE_PROXY=true", true)]
    [InlineData("DD_EXPERIMENTAL_ENABLE_PROXY=true AWS_LAMBDA_EXEC_WRAPPER=/opt/my_script", false)]
    [InlineData("AWS_LWA_LAMBDA_RUNTIME_API_PROXY=127.0.0.1:9000", false)]
    [InlineData("", false)]
    public void A_proxy_that_nobody_may_be_sent_to_is_noticed(string environment, bool isProbablyUnused) =>
        Assert.Equal(isProbablyUnused, Read(environment).Warnings.Any(static warning => warning.Contains("no runtime uses it", StringComparison.Ordinal)));

    [Fact]
    public void That_there_is_no_firewall_is_said() =>
        Assert.Contains("nothing is detected or blocked", Assert.Single(Read("DD_SERVERLESS_APPSEC_ENABLED=true AWS_LAMBDA_EXEC_WRAPPER=/opt/datadog_wrapper").Warnings));

    /// <summary>Defect 24: a bind error must not end the process, and clients may connect before the proxy serves.</summary>
    [Fact]
    public async Task A_taken_address_is_said_once_by_name_and_costs_that_address_only()
    {
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        taken.Listen();
        var output = new MemoryStream();
        var log = new Log(LogLevel.Info, output);
        RuntimeProxySettings settings = ProxyRig.Settings((IPEndPoint)taken.LocalEndPoint!, new IPEndPoint(IPAddress.Loopback, 0));
        var observer = new RecordingObserver();
        await using RuntimeApiProxy proxy = RuntimeApiProxy.Bind(settings, "127.0.0.1:1", observer, new BodyBudget(0), TimeProvider.System, log)!;
        Assert.Single(proxy.Addresses);
        string said = Encoding.UTF8.GetString(output.ToArray());
        Assert.Equal(1, said.Count(static c => c == '\n'));
        Assert.Contains($"{taken.LocalEndPoint} cannot be used (AddressAlreadyInUse)", said);

        using var early = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await early.ConnectAsync(proxy.Addresses[0], TestContext.Current.CancellationToken);
    }

    [Fact]
    public void Without_an_address_there_is_no_proxy() =>
        Assert.Null(RuntimeApiProxy.Bind(ProxyRig.Settings(), "127.0.0.1:1", new RecordingObserver(), new BodyBudget(0), TimeProvider.System, Log.Silent));

    private static (RuntimeProxySettings Settings, IReadOnlyList<string> Warnings) Read(string environment)
    {
        Dictionary<string, string> variables = environment.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(static item => item.Split('=', 2))
            .ToDictionary(static pair => pair[0], static pair => pair[1]);
        Settings settings = Settings.Read(new EnvReader(variables.GetValueOrDefault));
        return (settings.Lambda.RuntimeProxy, settings.Warnings);
    }
}
