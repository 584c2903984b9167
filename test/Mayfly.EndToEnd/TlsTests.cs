using Mayfly.EndToEnd.Agents;
using Mayfly.EndToEnd.Functions;
using Mayfly.Local.Emulator;
using Mayfly.Local.Intake;
using Mayfly.Testing;
using Xunit;

namespace Mayfly.EndToEnd;

/// <summary>An intake behind TLS whose authority is the user's own (docs/spec/05-config.md#9-proxy-and-http-client).</summary>
public class TlsTests
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(3);

    public static TheoryData<string, string> Cases => AgentUnderTest.With("DD_TLS_CERT_FILE", "SSL_CERT_FILE", "DD_SKIP_SSL_VALIDATION", "http1", "nobody");

    [Theory, MemberData(nameof(Cases))]
    public async Task Data_gets_out_where_the_user_trusts_the_intake(string agent, string how)
    {
        using TestAuthority authority = TestAuthority.Create();
        string file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, authority.Pem, TestContext.Current.CancellationToken);
        Dictionary<string, string> environment = how switch
        {
            "DD_SKIP_SSL_VALIDATION" => new() { [how] = "true" },
            "http1" => new() { ["DD_TLS_CERT_FILE"] = file, ["DD_HTTP_PROTOCOL"] = how },
            "nobody" => [],
            _ => new() { [how] = file },
        };
        EmulatorOptions options = CSharpRun.Options(Timeout);
        options = options with { Environment = options.Environment.Concat(environment).ToDictionary() };
        var tls = new IntakeOptions { Certificate = authority.Issue(), OffersHttp2 = true };
        await using FunctionSandbox sandbox = await FunctionSandbox.StartAsync(agent, options, intakeOptions: tls);
        await sandbox.InvokeFileAsync("ok.json");
        await sandbox.ShutDownAsync();
        if (how == "nobody")
        {
            Assert.Empty(sandbox.Intake.Requests);
            Assert.Contains("set DD_TLS_CERT_FILE to its path", sandbox.ToString(), StringComparison.Ordinal);
        }
        else
        {
            SentByCSharp sent = SentByCSharp.Parse(sandbox.Manifest);
            Arrived.AtLeastOnce(sent.Spans, sandbox.Intake.Spans);
            Assert.All(sandbox.Intake.Requests, request => Assert.Equal(how == "http1" ? "HTTP/1.1" : "HTTP/2", request.Protocol));
        }

        File.Delete(file);
    }
}
