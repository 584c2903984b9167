namespace Mayfly.Config;

/// <summary>What kind of sandbox Lambda made, from <c>AWS_LAMBDA_INITIALIZATION_TYPE</c> (docs/spec/01-lambda-lifecycle.md#15-init-types).</summary>
public enum SandboxKind
{
    /// <summary><c>on-demand</c>, unset, or a word that is not known: one invocation at a time, frozen in between.</summary>
    OnDemand,

    /// <summary><c>provisioned-concurrency</c>: initialized ahead of demand, else like on-demand.</summary>
    ProvisionedConcurrency,

    /// <summary><c>snap-start</c>: continues from a snapshot that was taken after INIT.</summary>
    SnapStart,

    /// <summary><c>lambda-managed-instances</c>: many invocations at once, never frozen.</summary>
    ManagedInstances,
}

internal static class SandboxKinds
{
    public static SandboxKind Parse(string? initializationType) => initializationType?.ToLowerInvariant() switch
    {
        "provisioned-concurrency" => SandboxKind.ProvisionedConcurrency,
        "snap-start" => SandboxKind.SnapStart,
        "lambda-managed-instances" => SandboxKind.ManagedInstances,
        _ => SandboxKind.OnDemand,
    };
}
