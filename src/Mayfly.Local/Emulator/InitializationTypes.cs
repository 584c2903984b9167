namespace Mayfly.Local.Emulator;

/// <summary>
/// The values of AWS_LAMBDA_INITIALIZATION_TYPE that the emulator plays (docs/spec/01-lambda-lifecycle.md#15-init-types). Any other text is played like
/// <see cref="OnDemand"/>.
/// </summary>
public static class InitializationTypes
{
    public const string OnDemand = "on-demand";

    /// <summary>INIT ahead of any invocation, see <see cref="LambdaEmulator.InitializeAsync"/>; invocations as on demand.</summary>
    public const string ProvisionedConcurrency = "provisioned-concurrency";

    /// <summary>INIT, snapshot, and a RESTORE before the first invocation.</summary>
    public const string SnapStart = "snap-start";

    /// <summary>Several invocations at once in a sandbox that is never frozen.</summary>
    public const string ManagedInstances = "lambda-managed-instances";

    public static IReadOnlyList<string> All { get; } = [OnDemand, ProvisionedConcurrency, SnapStart, ManagedInstances];
}
