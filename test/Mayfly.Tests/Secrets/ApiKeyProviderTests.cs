using System.Text;
using Mayfly.Config;
using Mayfly.Diagnostics;
using Mayfly.Local.Intake;
using Mayfly.Secrets;
using Mayfly.Testing;
using Mayfly.Tests.Config;
using Xunit;

namespace Mayfly.Tests.Secrets;

/// <summary>docs/spec/01-lambda-lifecycle.md 8 and docs/spec/05-config.md 10, against a fake AWS on loopback.</summary>
public sealed class ApiKeyProviderTests : IDisposable
{
    private const string Kms = "TrentService.Decrypt";

    private readonly MemoryStream _output = new();
    private readonly FakeClock _clock = new(DateTimeOffset.UnixEpoch.AddYears(56));
    private ApiKeyProvider? _provider;

    public void Dispose()
    {
        _provider?.Dispose();
        _output.Dispose();
    }

    [Theory]
    [InlineData("k e y\n", ApiKeyState.Known, "key")]
    [InlineData("", ApiKeyState.None, null)]
    public async Task A_plain_key_needs_no_call(string value, ApiKeyState state, string? key) =>
        Assert.Equal(new ApiKeyView(state, key), await Provider((Keys.ApiKey, value)).GetAsync(CancellationToken.None));

    public static TheoryData<string, string, string, string, string> Sources => new()
    {
        { Keys.KmsApiKey, "Q0lQSEVS", Kms, $$"""{"Plaintext":"{{FakeAws.Base64(" the key\n")}}"}""", """{"CiphertextBlob":"Q0lQSEVS"}""" },
        { Keys.ApiKeyKmsEncrypted, "Q0lQSEVS", Kms, $$"""{"Plaintext":"{{FakeAws.Base64("thekey")}}"}""", """{"CiphertextBlob":"Q0lQSEVS"}""" },
        {
            Keys.ApiKeySecretArn, "arn:aws:secretsmanager:eu-west-1:1:secret:x", "secretsmanager.GetSecretValue", """{"SecretString":"{\"dd_api_key\":\"thekey\"}"}""",
            """{"SecretId":"arn:aws:secretsmanager:eu-west-1:1:secret:x"}"""
        },
        {
            Keys.ApiKeySecretArn, "arn:aws:secretsmanager:eu-west-1:1:secret:x", "secretsmanager.GetSecretValue", $$"""{"SecretBinary":"{{FakeAws.Base64("thekey")}}"}""",
            """{"SecretId":"arn:aws:secretsmanager:eu-west-1:1:secret:x"}"""
        },
        {
            Keys.ApiKeySsmArn, "arn:aws:ssm:eu-west-1:1:parameter/x", "AmazonSSM.GetParameter", """{"Parameter":{"Name":"x","Value":"thekey"}}""",
            """{"Name":"arn:aws:ssm:eu-west-1:1:parameter/x","WithDecryption":true}"""
        },
    };

    [Theory, MemberData(nameof(Sources))]
    public async Task Each_source_is_asked_as_it_wants(string key, string value, string target, string answer, string body)
    {
        await using FakeAws aws = await FakeAws.StartAsync(_ => (200, answer));
        Assert.Equal(new ApiKeyView(ApiKeyState.Known, "thekey"), await Provider((key, value), Endpoint(aws)).GetAsync(CancellationToken.None));
        AwsCall call = Assert.Single(aws.Calls);
        Assert.Equal((target, body, "TOKEN"), (call.Target, call.Body, call.Token));
        Assert.StartsWith("AWS4-HMAC-SHA256 Credential=AKID/20260101/", call.Authorization, StringComparison.Ordinal);
        Assert.Empty(Said);
    }

    /// <summary>8.4: the console encrypts with a context, the command line without.</summary>
    [Theory]
    [InlineData(200)]
    [InlineData(400)]
    public async Task KMS_is_asked_again_with_the_console_s_context(int firstStatus)
    {
        await using FakeAws aws = await FakeAws.StartAsync(static call => call.Body.Contains("EncryptionContext", StringComparison.Ordinal)
            ? (200, $$"""{"Plaintext":"{{FakeAws.Base64("thekey")}}"}""")
            : (400, """{"__type":"InvalidCiphertextException"}"""));
        aws.Answer = call => call.Body.Contains("EncryptionContext", StringComparison.Ordinal)
            ? (200, $$"""{"Plaintext":"{{FakeAws.Base64("thekey")}}"}""")
            : (firstStatus, "{}");
        Assert.Equal("thekey", (await Provider((Keys.KmsApiKey, "Q0lQSEVS"), Endpoint(aws)).GetAsync(CancellationToken.None)).Key);
        Assert.Equal("""{"CiphertextBlob":"Q0lQSEVS","EncryptionContext":{"LambdaFunctionName":"my-fn"}}""", aws.Calls[1].Body);
    }

    /// <summary>8.6.</summary>
    [Fact]
    public async Task Delegated_auth_exchanges_a_proof()
    {
        await using FakeAws aws = await FakeAws.StartAsync(static _ => (200, """{"data":{"attributes":{"api_key":"thekey"}}}"""));
        ApiKeyProvider provider = Provider(aws.Url, (Keys.OrgUuid, "org"));
        Assert.Equal("thekey", (await provider.GetAsync(CancellationToken.None)).Key);
        AwsCall call = Assert.Single(aws.Calls);
        Assert.Equal(("/api/v2/intake-key", ""), (call.Path, call.Body));
        Assert.Equal(4, call.Authorization["Delegated ".Length..].Split('|').Length);
    }

    /// <summary>8.3: SnapStart has no credentials in its environment.</summary>
    [Fact]
    public async Task Credentials_come_from_the_container_endpoint()
    {
        await using FakeAws aws = await FakeAws.StartAsync(static call => call.Path == "/credentials"
            ? (200, """{"AccessKeyId":"CONTAINER","SecretAccessKey":"s","Token":"T2"}""")
            : (200, """{"SecretString":"thekey"}"""));
        Settings settings = Environments.Read(
            (Keys.ApiKeySecretArn, "arn:x"), Endpoint(aws), (Keys.AwsContainerCredentials, aws.Url + "/credentials"), (Keys.AwsContainerToken, "raw value"));
        _provider = new ApiKeyProvider(settings.Secrets, "x", _clock, new Log(LogLevel.Debug, _output));
        Assert.Equal("thekey", (await _provider.GetAsync(CancellationToken.None)).Key);
        Assert.Equal("raw value", aws.Calls[0].Authorization);
        Assert.Contains("Credential=CONTAINER/", aws.Calls[1].Authorization, StringComparison.Ordinal);
        Assert.Equal("T2", aws.Calls[1].Token);
    }

    /// <summary>Mayfly: calls of AWS and the exchange of a proof go the user's way out, the container's endpoint does not.</summary>
    [Fact]
    public async Task Secrets_are_asked_for_through_the_user_s_proxy()
    {
        await using FakeAws proxy = await FakeAws.StartAsync(static _ => (200, """{"SecretString":"thekey"}"""));
        await using FakeAws container = await FakeAws.StartAsync(static _ => (200, """{"AccessKeyId":"CONTAINER","SecretAccessKey":"s","Token":"T2"}"""));
        Settings settings = Environments.Read(
            (Keys.ApiKeySecretArn, "arn:x"), (Keys.AwsEndpoint, "http://secrets.invalid:81"), (Keys.ProxyHttp, proxy.Url),
            (Keys.AwsContainerCredentials, container.Url + "/credentials"), (Keys.AwsContainerToken, "raw value"));
        _provider = new ApiKeyProvider(settings.Secrets, "x", _clock, new Log(LogLevel.Debug, _output), settings.Outbound);
        Assert.Equal("thekey", (await _provider.GetAsync(CancellationToken.None)).Key);
        Assert.Equal("secretsmanager.GetSecretValue", Assert.Single(proxy.Calls).Target);
        Assert.Equal("raw value", Assert.Single(container.Calls).Authorization);
    }

    [Fact]
    public async Task Delegated_auth_goes_through_the_user_s_proxy()
    {
        await using FakeAws proxy = await FakeAws.StartAsync(static _ => (200, """{"data":{"attributes":{"api_key":"thekey"}}}"""));
        Settings settings = Environments.Read(
            (Keys.OrgUuid, "org"), (Keys.AwsAccessKeyId, "AKID"), (Keys.AwsSecretAccessKey, "SECRETKEY"), (Keys.ProxyHttp, proxy.Url));
        _provider = new ApiKeyProvider(settings.Secrets, "http://api.invalid", _clock, new Log(LogLevel.Debug, _output), settings.Outbound);
        Assert.Equal("thekey", (await _provider.GetAsync(CancellationToken.None)).Key);
        Assert.Equal("/api/v2/intake-key", Assert.Single(proxy.Calls).Path);
    }

    /// <summary>DD_SKIP_SSL_VALIDATION is for intakes (docs/spec/05-config.md#4-core-keys).</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AWS_must_be_who_it_says(bool isKnown)
    {
        using TestAuthority authority = TestAuthority.Create();
        await using LocalIntake notAws = await LocalIntake.StartAsync(new IntakeOptions { Certificate = authority.Issue() });
        string file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, isKnown ? authority.Pem : TestAuthority.Create().Pem, TestContext.Current.CancellationToken);
        Settings settings = Environments.Read(
            (Keys.ApiKeySecretArn, "arn:x"), (Keys.AwsEndpoint, notAws.Url), (Keys.AwsAccessKeyId, "AKID"), (Keys.AwsSecretAccessKey, "SECRETKEY"),
            (Keys.SkipSslValidation, "true"), (Keys.TlsCertFile, file));
        _provider = new ApiKeyProvider(settings.Secrets, "x", _clock, new Log(LogLevel.Debug, _output), settings.Outbound);
        Assert.Equal(ApiKeyState.Awaited, (await _provider.GetAsync(CancellationToken.None)).State);
        Assert.Equal(isKnown ? 1 : 0, notAws.Requests.Count);
        Assert.Equal(!isKnown, Said.Any(static line => line.Contains("its certificate is not accepted", StringComparison.Ordinal)));
        File.Delete(file);
    }

    /// <summary>The order of 8.1; a failure falls through to the next source, and to the plain key.</summary>
    [Fact]
    public async Task A_source_that_fails_falls_through()
    {
        await using FakeAws aws = await FakeAws.StartAsync(static call => call.Target == Kms
            ? (400, """{"__type":"com.amazonaws.kms#AccessDeniedException","message":"not yours"}""")
            : (200, """{"Parameter":{"Value":"thekey"}}"""));
        ApiKeyProvider provider = Provider((Keys.KmsApiKey, "Q0lQSEVS"), (Keys.ApiKeySsmArn, "/x"), (Keys.ApiKey, "plain"), Endpoint(aws));
        Assert.Equal("thekey", (await provider.GetAsync(CancellationToken.None)).Key);
        string line = Assert.Single(Said);
        foreach (string part in (string[])["ERROR", "DD_KMS_API_KEY", "AccessDeniedException: not yours", "kms:Decrypt"])
        {
            Assert.Contains(part, line, StringComparison.Ordinal);
        }
    }

    /// <summary>A template that nobody filled in: no host can have that in its name.</summary>
    [Theory]
    [InlineData("arn:aws:secretsmanager:<region>:123456789012:secret:x")]
    [InlineData("arn:aws:secretsmanager:us east 1:123456789012:secret:x")]
    [InlineData("arn:aws:secretsmanager:us-east-1.evil.example/:123456789012:secret:x")]
    public async Task An_odd_region_costs_its_source(string arn)
    {
        await using FakeAws aws = await FakeAws.StartAsync(static _ => (200, """{"Parameter":{"Value":"thekey"}}"""));
        ApiKeyProvider provider = Provider((Keys.ApiKeySecretArn, arn), (Keys.ApiKeySsmArn, "/x"), (Keys.AwsEndpointSsm, aws.Url));
        Assert.Equal("thekey", (await provider.GetAsync(CancellationToken.None)).Key);
        string line = Assert.Single(Said);
        Assert.Contains(" DD_API_KEY_SECRET_ARN gives no API key: ", line, StringComparison.Ordinal);
        Assert.Contains("is no region of AWS", line, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Keys.KmsApiKey, "Q0lQSEVS")]
    [InlineData(Keys.ApiKeyKmsEncrypted, "Q0lQSEVS")]
    [InlineData(Keys.ApiKeySecretArn, "arn:x")]
    [InlineData("DATADOG_API_KEY_SSM_ARN", "/x")]
    public async Task A_failure_names_the_setting_that_was_set(string key, string value)
    {
        await using FakeAws aws = await FakeAws.StartAsync(static _ => (400, """{"__type":"AccessDeniedException"}"""));
        await Provider((key, value), Endpoint(aws)).GetAsync(CancellationToken.None);
        Assert.Contains($" {key} gives no API key: ", Assert.Single(Said), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_plain_key_is_the_last_resort()
    {
        await using FakeAws aws = await FakeAws.StartAsync(static _ => (500, ""));
        ApiKeyProvider provider = Provider((Keys.ApiKeySecretArn, "arn:x"), (Keys.ApiKey, "plain"), Endpoint(aws));
        Assert.Equal(new ApiKeyView(ApiKeyState.Known, "plain"), await provider.GetAsync(CancellationToken.None));
        Assert.Contains(Said, static line => line.Contains("DD_API_KEY is used instead", StringComparison.Ordinal));

        // It is not for ever: the source is asked again, and its key wins.
        aws.Answer = static _ => (200, """{"SecretString":"better"}""");
        _clock.Advance(TimeSpan.FromSeconds(6));
        await UntilAsync(provider, "better");
    }

    /// <summary>8.2: a failed resolution is tried again by a later flush, not by every one.</summary>
    [Fact]
    public async Task A_failure_is_tried_again_after_a_pause_that_grows()
    {
        await using FakeAws aws = await FakeAws.StartAsync(static _ => (500, ""));
        ApiKeyProvider provider = Provider((Keys.ApiKeySecretArn, "arn:x"), Endpoint(aws));
        foreach (int pauseSeconds in (int[])[0, 5, 10, 20])
        {
            _clock.Advance(TimeSpan.FromSeconds(pauseSeconds - 0.1));
            int before = aws.Calls.Count;
            if (pauseSeconds > 0)
            {
                Assert.Equal(ApiKeyState.Awaited, (await provider.GetAsync(CancellationToken.None)).State);
                Assert.Equal(before, aws.Calls.Count);
            }

            _clock.Advance(TimeSpan.FromSeconds(0.1));
            Assert.Equal(ApiKeyState.Awaited, (await provider.GetAsync(CancellationToken.None)).State);
            Assert.Equal(before + 1, aws.Calls.Count);
        }

        // Said once, however often it fails.
        Assert.Single(Said);
    }

    /// <summary>One loader; whoever's time is up leaves without, and does not end the asking.</summary>
    [Fact]
    public async Task Those_who_look_meanwhile_wait_as_long_as_they_can()
    {
        await using FakeAws aws = await FakeAws.StartAsync(static _ => (200, """{"SecretString":"thekey"}"""));
        aws.Gate = new TaskCompletionSource();
        ApiKeyProvider provider = Provider((Keys.ApiKeySecretArn, "arn:x"), Endpoint(aws));
        Task<ApiKeyView> patient = provider.GetAsync(CancellationToken.None).AsTask();
        Assert.Equal(ApiKeyState.Awaited, (await provider.GetAsync(new CancellationToken(canceled: true))).State);
        Assert.False(patient.IsCompleted);
        aws.Gate.SetResult();
        Assert.Equal("thekey", (await patient).Key);
        Assert.Single(aws.Calls);
    }

    /// <summary>05, defect 9: a failed reload keeps the old key; nobody waits for the new one.</summary>
    [Fact]
    public async Task A_key_is_reloaded_and_a_failed_reload_keeps_it()
    {
        await using FakeAws aws = await FakeAws.StartAsync(static _ => (200, """{"SecretString":"one"}"""));
        ApiKeyProvider provider = Provider((Keys.ApiKeySecretArn, "arn:x"), (Keys.ApiKeyReloadInterval, "60"), Endpoint(aws));
        Assert.Equal("one", (await provider.GetAsync(CancellationToken.None)).Key);
        _clock.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal("one", (await provider.GetAsync(CancellationToken.None)).Key);
        Assert.Single(aws.Calls);
        aws.Answer = static _ => (500, "");
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("one", (await provider.GetAsync(CancellationToken.None)).Key);
        await UntilAsync(() => aws.Calls.Count == 2 && Said.Length == 1);
        Assert.Equal("one", (await provider.GetAsync(CancellationToken.None)).Key);
        aws.Answer = static _ => (200, """{"SecretString":"two"}""");

        // The failed reload says so before it notes when: its pause may begin late.
        await UntilAsync(async () =>
        {
            _clock.Advance(TimeSpan.FromMilliseconds(250));
            return (await provider.GetAsync(CancellationToken.None)).Key == "two";
        });
    }

    /// <summary>Neither keys nor credentials nor cipher texts are ever said.</summary>
    [Fact]
    public async Task Nothing_secret_is_said()
    {
        await using FakeAws aws = await FakeAws.StartAsync(static _ => (400, """{"__type":"X","message":"m","SecretString":"s3cr3tvalue"}"""));
        ApiKeyProvider provider = Provider(
            (Keys.KmsApiKey, "Q0lQSEVSVEVYVA=="), (Keys.ApiKeySecretArn, "arn:x"), (Keys.ApiKeySsmArn, "/x"), (Keys.OrgUuid, "org"), Endpoint(aws));
        await provider.GetAsync(CancellationToken.None);
        Assert.Equal(4, Said.Length);
        foreach (string secret in (string[])["s3cr3tvalue", "AKID", "SECRETKEY", "TOKEN", "Q0lQSEVSVEVYVA"])
        {
            Assert.DoesNotContain(secret, string.Join('\n', Said), StringComparison.Ordinal);
        }
    }

    private string[] Said => Encoding.UTF8.GetString(_output.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static (string, string) Endpoint(FakeAws aws) => (Keys.AwsEndpoint, aws.Url);

    private ApiKeyProvider Provider(params (string, string)[] variables) => Provider("http://127.0.0.1:9", variables);

    private ApiKeyProvider Provider(string site, params (string, string)[] variables)
    {
        Settings settings = Environments.Read(
            [(Keys.AwsAccessKeyId, "AKID"), (Keys.AwsSecretAccessKey, "SECRETKEY"), (Keys.AwsSessionToken, "TOKEN"), (Keys.FunctionName, "my-fn"), .. variables]);
        return _provider = new ApiKeyProvider(settings.Secrets, site, _clock, new Log(LogLevel.Debug, _output));
    }

    private static Task UntilAsync(ApiKeyProvider provider, string key)
    {
        string? now = null;
        return UntilAsync(async () => (now = (await provider.GetAsync(CancellationToken.None)).Key) == key);
    }

    private static Task UntilAsync(Func<bool> condition) => UntilAsync(() => Task.FromResult(condition()));

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var over = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(2));
        while (!await condition())
        {
            await tick.WaitForNextTickAsync(over.Token);
        }
    }
}
