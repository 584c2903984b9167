using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Mayfly.Config;
using Mayfly.Delivery;
using Mayfly.Intake;
using Mayfly.Local.Intake;
using Mayfly.Testing;
using Mayfly.Tests.Lifecycle;
using Xunit;

namespace Mayfly.Tests.Outbound;

/// <summary>docs/spec/05-config.md#9-proxy-and-http-client, "TLS roots": whom the agent trusts, against an intake that speaks TLS.</summary>
public sealed class ServerTrustTests : IDisposable
{
    private const string NotTrusted = "whom nobody here trusts";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("mayfly-trust-");
    private readonly TestAuthority _root = TestAuthority.Create();
    private readonly TestAuthority _other = TestAuthority.Create("another root");

    private int _files;

    public void Dispose()
    {
        _folder.Delete(recursive: true);
        _root.Dispose();
        _other.Dispose();
    }

    [Fact]
    public async Task The_authority_of_DD_TLS_CERT_FILE_is_trusted() => await DeliversAsync(Issued(), [], (Keys.TlsCertFile, Save(_root.Pem)));

    [Fact]
    public async Task It_may_stand_anywhere_in_a_bundle() =>
        await DeliversAsync(Issued(), [], (Keys.TlsCertFile, Save($"# comment\n{_other.Pem}\nsubject=x\n{_root.Pem}# end")));

    [Fact]
    public async Task It_may_be_in_binary_form() => await DeliversAsync(Issued(), [], (Keys.TlsCertFile, Save(_root.Der)));

    [Fact]
    public async Task A_broken_certificate_in_the_bundle_costs_itself_and_one_warning() => await DeliversAsync(
        Issued(),
        [$"WARN | {Keys.TlsCertFile}="],
        (Keys.TlsCertFile, Save($"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n{_root.Pem}")));

    [Fact]
    public async Task An_authority_that_is_no_root_will_do()
    {
        using TestAuthority intermediate = _root.CreateIntermediate();
        await DeliversAsync(new IntakeOptions { Certificate = intermediate.Issue() }, [], (Keys.TlsCertFile, Save(intermediate.Pem)));
    }

    [Fact]
    public async Task So_will_a_root_whose_intermediate_the_server_sends()
    {
        using TestAuthority intermediate = _root.CreateIntermediate();
        var chain = new X509Certificate2Collection(X509CertificateLoader.LoadCertificate(intermediate.Der));
        await DeliversAsync(new IntakeOptions { Certificate = intermediate.Issue(), CertificateChain = chain }, [], (Keys.TlsCertFile, Save(_root.Pem)));
    }

    [Fact]
    public async Task So_will_the_certificate_of_the_server_itself()
    {
        X509Certificate2 server = _root.Issue();
        await DeliversAsync(new IntakeOptions { Certificate = server }, [], (Keys.TlsCertFile, Save(server.ExportCertificatePem())));
    }

    [Fact]
    public async Task The_user_s_SSL_CERT_FILE_is_trusted_too() => await DeliversAsync(Issued(), [], (Keys.SystemCertFile, Save(_root.Pem)));

    [Fact]
    public async Task The_user_s_SSL_CERT_DIR_is_trusted_too()
    {
        Save(_other.Pem);
        Save(_root.Pem);
        Save("no certificate");
        await DeliversAsync(Issued(), [], (Keys.SystemCertFolder, "/nonexistent:" + _folder.FullName));
    }

    /// <summary>Images of Lambda for .NET set it to a file that does not exist.</summary>
    [Fact]
    public async Task An_SSL_CERT_FILE_that_does_not_exist_stands_for_nothing() =>
        await DeliversAsync(Issued(), [], (Keys.SystemCertFile, "/tmp/noop"), (Keys.TlsCertFile, Save(_root.Pem)));

    [Fact]
    public async Task DD_SKIP_SSL_VALIDATION_trusts_everybody() =>
        await DeliversAsync(new IntakeOptions { Certificate = _root.Issue("elsewhere.example", isExpired: true) }, [], (Keys.SkipSslValidation, "true"));

    /// <summary>05, 7: 1.2 is the lowest version, or 1.3 is.</summary>
    [Theory]
    [InlineData("tlsv1.2", SslProtocols.Tls12, true)]
    [InlineData("tlsv1.3", SslProtocols.Tls12, false)]
    [InlineData("TLSv1.3", SslProtocols.Tls13, true)]
    public async Task DD_MIN_TLS_VERSION(string lowest, SslProtocols offered, bool isEnough)
    {
        IntakeOptions options = Issued() with { TlsVersions = offered };
        (string, string)[] environment = [(Keys.TlsCertFile, Save(_root.Pem)), (Keys.MinTlsVersion, lowest)];
        await (isEnough ? DeliversAsync(options, [], environment) : FailsAsync(options, ["TLS failed"], environment));
    }

    [Fact]
    public async Task Nobody_is_trusted_without_a_reason() => await RefusesAsync(Issued(), [NotTrusted]);

    [Theory]
    [InlineData("missing", "there is no such file")]
    [InlineData("empty", "it holds no certificate")]
    [InlineData("text", "it holds no certificate")]
    [InlineData("folder", "it cannot be read")]
    [InlineData("broken", "1 of its 1 certificates cannot be read")]
    public async Task A_bad_DD_TLS_CERT_FILE_is_one_warning(string kind, string expected)
    {
        string path = kind switch
        {
            "missing" => Path.Combine(_folder.FullName, "none", "ca.pem"),
            "folder" => _folder.FullName,
            "empty" => Save(""),
            "broken" => Save("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
            _ => Save("hello"),
        };
        await RefusesAsync(Issued(), [$"WARN | {Keys.TlsCertFile}={path}: {expected}", NotTrusted], (Keys.TlsCertFile, path));
    }

    [Fact]
    public async Task A_bad_SSL_CERT_FILE_is_one_warning()
    {
        string path = Save("hello");
        await RefusesAsync(Issued(), [$"WARN | {Keys.SystemCertFile}={path}: it holds no certificate", NotTrusted], (Keys.SystemCertFile, path));
    }

    [Fact]
    public async Task Another_authority_does_not_do() => await RefusesAsync(Issued(), [NotTrusted], (Keys.TlsCertFile, Save(_other.Pem)));

    [Theory]
    [InlineData("127.0.0.1", true, "is not valid (NotTimeValid)")]
    [InlineData("elsewhere.example", false, "is for another host")]
    public async Task A_certificate_must_be_right_itself(string host, bool isExpired, string expected)
    {
        var options = new IntakeOptions { Certificate = _root.Issue(host, isExpired) };
        await RefusesAsync(options, [expected], (Keys.TlsCertFile, Save(_root.Pem)));
    }

    /// <summary>Same name, another key.</summary>
    [Fact]
    public async Task A_forged_authority_is_not_the_one_that_is_trusted()
    {
        using TestAuthority trusted = _root.CreateIntermediate("intermediate");
        using TestAuthority forged = _other.CreateIntermediate("intermediate");
        await RefusesAsync(new IntakeOptions { Certificate = forged.Issue() }, [""], (Keys.TlsCertFile, Save(trusted.Pem)));
        var chain = new X509Certificate2Collection(X509CertificateLoader.LoadCertificate(trusted.Der));
        await RefusesAsync(new IntakeOptions { Certificate = forged.Issue(), CertificateChain = chain }, [""], (Keys.TlsCertFile, Save(trusted.Pem)));
        using TestAuthority forgedRoot = TestAuthority.Create();
        await RefusesAsync(new IntakeOptions { Certificate = forgedRoot.Issue() }, [""], (Keys.TlsCertFile, Save(_root.Pem)));
        await RefusesAsync(new IntakeOptions { Certificate = forgedRoot.Issue() }, [""], (Keys.SystemCertFile, Save(_root.Pem)));
    }

    private IntakeOptions Issued() => new() { Certificate = _root.Issue() };

    /// <summary>Two flushes on two connections: what was found out for the first one does for the second.</summary>
    private static async Task DeliversAsync(IntakeOptions options, string[] lines, params (string, string)[] environment)
    {
        await using LocalIntake intake = await FreePorts.IntakeAsync(options);
        await using FlushRig rig = await FlushRig.StartAsync(spool: null, new JumpingClock(), intake, environment);
        rig.Put(IntakeKind.Traces, units: 2);
        rig.Put(IntakeKind.Logs, units: 3);
        Assert.Equal((new FlushReport(5, 0, 0), ""), (await rig.FlushAsync(), TroubleOf(rig, lines)));
        await intake.RefuseConnectionsAsync();
        await intake.AcceptConnectionsAsync();
        rig.Put(IntakeKind.Series);
        Assert.Equal((new FlushReport(1, 0, 0), ""), (await rig.FlushAsync(), TroubleOf(rig, lines)));
        Assert.Equal(3, intake.Requests.Count);
    }

    private static Task RefusesAsync(IntakeOptions options, string[] lines, params (string, string)[] environment) =>
        FailsAsync(options, [.. lines, "its certificate is not accepted"], environment);

    private static async Task FailsAsync(IntakeOptions options, string[] lines, (string, string)[] environment)
    {
        await using LocalIntake intake = await FreePorts.IntakeAsync(options);
        await using FlushRig rig = await FlushRig.StartAsync(spool: null, new JumpingClock(), intake, environment);
        rig.Put(IntakeKind.Traces, units: 2);
        Assert.Equal(new FlushReport(0, 0, 2), await rig.FlushAsync());
        Assert.Empty(intake.Requests);
        Assert.Equal("", TroubleOf(rig, lines));
    }

    /// <summary>Lines of the log that are none of <paramref name="expected"/>, and those of them that are missing.</summary>
    private static string TroubleOf(FlushRig rig, string[] expected)
    {
        string[] told = [.. rig.Lines.Where(static line => !line.Contains("DEBUG", StringComparison.Ordinal))];
        bool asExpected = told.Length == expected.Length && expected.Zip(told).All(static pair => pair.Second.Contains(pair.First, StringComparison.Ordinal));
        return asExpected ? "" : string.Join('\n', told) + "?";
    }

    private string Save(string content) => Save(System.Text.Encoding.UTF8.GetBytes(content));

    private string Save(byte[] content)
    {
        string path = Path.Combine(_folder.FullName, $"ca{_files++}.pem");
        File.WriteAllBytes(path, content);
        return path;
    }
}
