namespace Mayfly.Secrets;

/// <summary>What signs a request to AWS.</summary>
/// <param name="SessionToken">Null or empty = none, and no header of it.</param>
internal sealed record AwsCredentials(string AccessKeyId, string SecretAccessKey, string? SessionToken)
{
    public bool HasToken => !string.IsNullOrEmpty(SessionToken);
}
