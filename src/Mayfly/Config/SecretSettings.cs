namespace Mayfly.Config;

/// <summary>Where the API key comes from (docs/spec/05-config.md#10-api-key, docs/spec/01-lambda-lifecycle.md#8-api-key). Null = not set.</summary>
public sealed record SecretSettings
{
    /// <summary>The plain key, without white space.</summary>
    public required string? PlainKey { get; init; }

    /// <summary>Delegated auth: the organisation's id.</summary>
    public required string? OrgUuid { get; init; }

    /// <summary>KMS cipher text, base64.</summary>
    public required string? KmsKey { get; init; }

    /// <summary>ARN of a secret in Secrets Manager.</summary>
    public required string? SecretArn { get; init; }

    /// <summary>ARN or name of an SSM parameter.</summary>
    public required string? SsmArn { get; init; }

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

    internal static SecretSettings Read(EnvReader env, string? plainKey)
    {
        string region = env.Text(Keys.Region, Keys.DefaultRegion) ?? "us-east-1";
        return new SecretSettings
        {
            PlainKey = plainKey,
            OrgUuid = env.Text(Keys.OrgUuid)?.Trim(),
            KmsKey = env.Text(Keys.KmsApiKey, Keys.ApiKeyKmsEncrypted)?.Trim(),
            SecretArn = env.Text(Keys.ApiKeySecretArn)?.Trim(),
            SsmArn = env.Text(Keys.ApiKeySsmArn)?.Trim(),
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
            if (env.Text(key, Keys.AwsEndpoint)?.Trim() is not { } text)
            {
                continue;
            }

            if (Uri.TryCreate(text, UriKind.Absolute, out Uri? url) && url.Scheme is "http" or "https")
            {
                endpoints[service] = url;
            }
            else
            {
                env.Warn(env.Text(key) is null ? Keys.AwsEndpoint : key, text, "an http or https URL, AWS's own host is used");
            }
        }

        return endpoints;
    }
}

/// <summary>What the environment holds of AWS credentials.</summary>
/// <param name="AccessKeyId">Empty where credentials have to be asked for (SnapStart).</param>
/// <param name="SessionToken">Null when there is none.</param>
/// <param name="ContainerUri">Where to ask for credentials; null = nowhere.</param>
/// <param name="ContainerToken">The Authorization header of that call, as it stands.</param>
public sealed record AwsAccess(string AccessKeyId, string SecretAccessKey, string? SessionToken, string? ContainerUri, string? ContainerToken);
