using Mayfly.Config;
using Mayfly.Config.Files;
using Xunit;

namespace Mayfly.Tests.Config;

/// <summary>docs/spec/05-config.md 10; what the values are for is tested in Secrets.</summary>
public class SecretSettingsTests
{
    private static readonly Dictionary<string, Func<SecretSettings, string?>> Shown = new()
    {
        [Keys.OrgUuid] = static s => s.OrgUuid?.Value,
        [Keys.KmsApiKey] = static s => s.KmsKey?.Value,
        [Keys.ApiKeyKmsEncrypted] = static s => s.KmsKey?.Value,
        [Keys.ApiKeySecretArn] = static s => s.SecretArn?.Value,
        [Keys.ApiKeySsmArn] = static s => s.SsmArn?.Value,
        [Keys.ApiKeyReloadInterval] = static s => s.ReloadInterval.ToString(),
        [Keys.FipsMode] = static s => s.UsesFips.ToString(),
        [Keys.AwsAccessKeyId] = static s => s.Access.AccessKeyId,
        [Keys.AwsSecretAccessKey] = static s => s.Access.SecretAccessKey,
        [Keys.AwsSessionToken] = static s => s.Access.SessionToken,
        [Keys.AwsContainerCredentials] = static s => s.Access.ContainerUri,
        [Keys.AwsContainerToken] = static s => s.Access.ContainerToken,
        [Keys.AwsEndpoint] = static s => string.Join(' ', s.Endpoints.Values.Select(static url => url.AbsoluteUri)),
        [Keys.AwsEndpointKms] = static s => s.Endpoints.GetValueOrDefault("kms")?.AbsoluteUri,
        [Keys.AwsEndpointSecretsManager] = static s => s.Endpoints.GetValueOrDefault("secretsmanager")?.AbsoluteUri,
        [Keys.AwsEndpointSsm] = static s => s.Endpoints.GetValueOrDefault("ssm")?.AbsoluteUri,
        [Keys.AwsEndpointSts] = static s => s.Endpoints.GetValueOrDefault("sts")?.AbsoluteUri,
    };

    /// <summary>The keys that this record reads.</summary>
    internal static IEnumerable<string> KeysRead => Shown.Keys;

    public static TheoryData<string, string, string?> Good => new()
    {
        { Keys.OrgUuid, " u ", "u" },
        { Keys.KmsApiKey, "Q0lQSEVS\n", "Q0lQSEVS" },
        { Keys.ApiKeyKmsEncrypted, "Q0lQSEVS", "Q0lQSEVS" },
        { Keys.ApiKeySecretArn, "arn:x", "arn:x" },
        { Keys.ApiKeySsmArn, "/x", "/x" },
        { Keys.ApiKeyReloadInterval, "60", "00:01:00" },
        { Keys.ApiKeyReloadInterval, "0", "00:00:00" },
        { Keys.FipsMode, "TRUE", "True" },
        { Keys.AwsAccessKeyId, "a", "a" },
        { Keys.AwsSecretAccessKey, "b", "b" },
        { Keys.AwsSessionToken, "c", "c" },
        { Keys.AwsContainerCredentials, "http://169.254.1.1/c", "http://169.254.1.1/c" },
        { Keys.AwsContainerToken, "t", "t" },
        { Keys.AwsEndpoint, "http://127.0.0.1:1", "http://127.0.0.1:1/ http://127.0.0.1:1/ http://127.0.0.1:1/ http://127.0.0.1:1/" },
        { Keys.AwsEndpointKms, "https://kms.local", "https://kms.local/" },
        { Keys.AwsEndpointSecretsManager, "https://sm.local", "https://sm.local/" },
        { Keys.AwsEndpointSsm, "https://ssm.local", "https://ssm.local/" },
        { Keys.AwsEndpointSts, "https://sts.local", "https://sts.local/" },
    };

    [Theory, MemberData(nameof(Good))]
    public void A_good_value_is_used_without_a_word(string key, string value, string? expected)
    {
        Settings settings = Environments.Read((key, value));
        Assert.Equal((expected, 0), (Shown[key](settings.Secrets), settings.Warnings.Count));
    }

    [Theory]
    [InlineData(Keys.ApiKeyReloadInterval, "often")]
    [InlineData(Keys.FipsMode, "certainly")]
    [InlineData(Keys.AwsEndpoint, "ftp://x")]
    [InlineData(Keys.AwsEndpointKms, "nowhere")]
    public void A_bad_value_costs_its_key_and_one_warning(string key, string value)
    {
        Settings settings = Environments.Read((key, value), (Keys.ApiKey, "k"));
        Assert.Equal(Shown[key](Environments.Read().Secrets), Shown[key](settings.Secrets));
        Assert.StartsWith(key, Assert.Single(settings.Warnings), StringComparison.Ordinal);
        Assert.Equal("k", settings.Secrets.PlainKey);
    }

    /// <summary>05, 7: <c>ENC[…]</c>.</summary>
    [Theory]
    [InlineData("DD_API_KEY=ENC[key]", "DD_API_KEY", null)]
    [InlineData("DATADOG_API_KEY=ENC[key]", "DATADOG_API_KEY", null)]
    [InlineData("DD_API_KEY=ENC[key] DATADOG_API_KEY=k", "DD_API_KEY", "k")]
    [InlineData("DD_APM_DEBUGGER_API_KEY=ENC[key]", "DD_APM_DEBUGGER_API_KEY", null)]
    [InlineData("DD_API_KEY=ENC[key", null, "ENC[key")]
    public void A_handle_of_a_secret_backend_is_no_key(string environment, string? wrong, string? key)
    {
        EnvReader env = Environments.Parse(environment);
        Settings settings = Settings.Read(env);
        Assert.Equal((key, false), (settings.ApiKey, settings.Secrets.IsRemote));
        Assert.Null(settings.Proxies.DebuggerLogs.ApiKey);
        Assert.Equal(wrong is null ? 0 : 1, settings.Errors.Count);
        Assert.All(settings.Errors, line => Assert.StartsWith($"{wrong} holds a handle of a secret backend (ENC[", line, StringComparison.Ordinal));
        Assert.Empty(settings.Warnings);
    }

    [Fact]
    public void Nor_in_a_file_or_beside_an_address()
    {
        Settings settings = Settings.Read(new EnvReader(static _ => null, ConfigFile.Parse(
            "api_key: ENC[a]\nadditional_endpoints: {https://b: ['ENC[b]', k]}\nlogs_config:\n  additional_endpoints: [{api_key: 'ENC[c]', Host: h}]")));
        Assert.Null(settings.ApiKey);
        Assert.Equal("k", Assert.Single(settings.Intake.AdditionalMetrics).ApiKey.Value);
        Assert.Empty(settings.LogShipping.Additional);
        Assert.Equal(3, settings.Errors.Concat(settings.Warnings).Count(static line => line.Contains("ENC[…]", StringComparison.Ordinal)));
    }

    /// <summary>01, 8.5.</summary>
    [Theory]
    [InlineData("DD_API_KEY=a", null)]
    [InlineData("DD_API_KEY_KMS_ENCRYPTED=a", null)]
    [InlineData("DD_API_KEY=a DD_API_KEY_SECRET_ARN=b", "DD_API_KEY_SECRET_ARN, DD_API_KEY. DD_API_KEY_SECRET_ARN is used")]
    [InlineData("DD_API_KEY_SSM_ARN=a DD_API_KEY_KMS_ENCRYPTED=b", "DD_API_KEY_KMS_ENCRYPTED, DD_API_KEY_SSM_ARN. DD_API_KEY_KMS_ENCRYPTED is used")]
    [InlineData("DD_KMS_API_KEY=a DD_API_KEY_KMS_ENCRYPTED=b", "DD_KMS_API_KEY, DD_API_KEY_KMS_ENCRYPTED. DD_KMS_API_KEY is used")]
    [InlineData("DD_API_KEY=a DD_ORG_UUID=b DD_API_KEY_SSM_ARN=c", "DD_ORG_UUID, DD_API_KEY_SSM_ARN, DD_API_KEY. DD_ORG_UUID is used")]
    public void Several_sources_of_the_key_are_one_warning(string environment, string? expected)
    {
        EnvReader env = Environments.Parse(environment);
        Settings.Read(env);
        Assert.Equal(expected is null ? [] : [$"Several settings give the API key: {expected}, others only where it gives none."], env.Warnings);
    }

    /// <summary>05, 14: unset → true in regions starting us-gov-.</summary>
    [Theory]
    [InlineData("us-gov-west-1", null, true)]
    [InlineData("us-gov-west-1", "false", false)]
    [InlineData("us-east-1", null, false)]
    public void Fips_follows_the_region(string region, string? value, bool expected) =>
        Assert.Equal(expected, Environments.Read([(Keys.Region, region), .. value is null ? [] : ((string, string)[])[(Keys.FipsMode, value)]]).Secrets.UsesFips);
}
