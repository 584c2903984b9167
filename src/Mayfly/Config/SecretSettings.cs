namespace Mayfly.Config;

/// <summary>Where the API key comes from (docs/spec/05-config.md#10-api-key, docs/spec/01-lambda-lifecycle.md#8-api-key). Null = not set.</summary>
public sealed record SecretSettings
{
    /// <summary>The plain key, without white space.</summary>
    public required KeySetting? Plain { get; init; }

    /// <summary>Delegated auth: the organisation's id.</summary>
    public required KeySetting? OrgUuid { get; init; }

    /// <summary>KMS cipher text, base64.</summary>
    public required KeySetting? KmsKey { get; init; }

    /// <summary>ARN of a secret in Secrets Manager.</summary>
    public required KeySetting? SecretArn { get; init; }

    /// <summary>ARN or name of an SSM parameter.</summary>
    public required KeySetting? SsmArn { get; init; }

    /// <summary>Age at which a key that was resolved is resolved anew; zero = never.</summary>
    public required TimeSpan ReloadInterval { get; init; }

    /// <summary>Calls go to the FIPS hosts of AWS.</summary>
    public required bool UsesFips { get; init; }

    /// <summary>Of the function: the default region of the calls, and the partition that names the hosts.</summary>
    public required string Region { get; init; }

    /// <summary>KMS encryption context of keys that the Lambda console encrypted.</summary>
    public required string? FunctionName { get; init; }

    public required AwsAccess Access { get; init; }

    /// <summary>Hosts to call instead of AWS's, by service in lower case (<c>kms</c>, <c>secretsmanager</c>, <c>ssm</c>, <c>sts</c>).</summary>
    public required IReadOnlyDictionary<string, Uri> Endpoints { get; init; }

    /// <summary>True: the key has to be asked for.</summary>
    public bool IsRemote => (OrgUuid ?? KmsKey ?? SecretArn ?? SsmArn) is not null;

    public string? PlainKey => Plain?.Value;

    /// <summary>For people: what to look at when the key is refused.</summary>
    public string Title => (OrgUuid ?? KmsKey ?? SecretArn ?? SsmArn ?? Plain)?.Title ?? Keys.ApiKey;

    internal static SecretSettings Read(EnvReader env, KeySetting? plain)
    {
        SecretSettings settings = ReadAll(env, plain);
        string?[] sources =
        [
            settings.OrgUuid?.Title, settings.KmsKey?.Title, env.TitleIfSet(Keys.ApiKeyKmsEncrypted), settings.SecretArn?.Title, settings.SsmArn?.Title,
            settings.Plain?.Title,
        ];
        string[] titles = [.. sources.OfType<string>().Distinct()];
        if (titles.Length > 1)
        {
            env.Advise($"Several settings give the API key: {string.Join(", ", titles)}. {titles[0]} is used, others only where it gives none.");
        }

        return settings;
    }

    private static SecretSettings ReadAll(EnvReader env, KeySetting? plain)
    {
        string region = env.Text(Keys.Region, Keys.DefaultRegion) ?? "us-east-1";
        return new SecretSettings
        {
            Plain = plain,
            OrgUuid = KeySetting.Read(env, Keys.OrgUuid),
            KmsKey = KeySetting.Read(env, Keys.KmsApiKey, Keys.ApiKeyKmsEncrypted),
            SecretArn = KeySetting.Read(env, Keys.ApiKeySecretArn),
            SsmArn = KeySetting.Read(env, Keys.ApiKeySsmArn),
            ReloadInterval = env.Seconds(Keys.ApiKeyReloadInterval, TimeSpan.Zero, TimeSpan.Zero),
            UsesFips = env.BoolOrNull(Keys.FipsMode) ?? region.StartsWith("us-gov-", StringComparison.Ordinal),
            Region = region,
            FunctionName = env.Text(Keys.FunctionName),
            Access = new AwsAccess(
                env.Text(Keys.AwsAccessKeyId) ?? "",
                env.Text(Keys.AwsSecretAccessKey) ?? "",
                env.Text(Keys.AwsSessionToken),
                env.Text(Keys.AwsContainerCredentials),
                env.Text(Keys.AwsContainerToken)),
            Endpoints = ReadEndpoints(env),
        };
    }

    private static Dictionary<string, Uri> ReadEndpoints(EnvReader env)
    {
        var endpoints = new Dictionary<string, Uri>();
        foreach ((string service, string key) in (ReadOnlySpan<(string, string)>)
        [
            ("kms", Keys.AwsEndpointKms), ("secretsmanager", Keys.AwsEndpointSecretsManager), ("ssm", Keys.AwsEndpointSsm), ("sts", Keys.AwsEndpointSts),
        ])
        {
            Uri? endpoint = env.First<Uri?>([key], TryRead, $"an http or https URL, that of {Keys.AwsEndpoint} or AWS's own is used", null)
                ?? env.First<Uri?>([Keys.AwsEndpoint], TryRead, "an http or https URL, AWS's own hosts are used", null);
            if (endpoint is not null)
            {
                endpoints[service] = endpoint;
            }
        }

        return endpoints;

        static bool TryRead(SettingValue value, out Uri? url) => Uri.TryCreate(value.Text.Trim(), UriKind.Absolute, out url) && url.Scheme is "http" or "https";
    }
}

/// <summary>What the environment holds of AWS credentials.</summary>
/// <param name="AccessKeyId">Empty where credentials have to be asked for (SnapStart).</param>
/// <param name="SessionToken">Null when there is none.</param>
/// <param name="ContainerUri">Where to ask for credentials; null = nowhere.</param>
/// <param name="ContainerToken">The Authorization header of that call, as it stands.</param>
public sealed record AwsAccess(string AccessKeyId, string SecretAccessKey, string? SessionToken, string? ContainerUri, string? ContainerToken);
