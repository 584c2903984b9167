namespace Mayfly.Local.Emulator;

/// <summary>Made-up credentials of the function's role; nothing on this machine accepts them.</summary>
internal sealed record AwsCredentials(string AccessKeyId, string SecretAccessKey, string Token, DateTimeOffset Expiration)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(6);

    public static AwsCredentials New(TimeProvider time) =>
        new("emulated", "emulated", $"emulated-{Guid.NewGuid():n}", time.GetUtcNow() + Lifetime);
}
