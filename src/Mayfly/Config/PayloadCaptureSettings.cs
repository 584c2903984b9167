namespace Mayfly.Config;

/// <summary>Whether event and response become tags of the <c>aws.lambda</c> span (docs/spec/01-lambda-lifecycle.md#49-payload-capture).</summary>
public sealed record PayloadCaptureSettings
{
    public required bool IsEnabled { get; init; }

    /// <summary>Objects and arrays down to this depth are taken apart; what lies deeper is one text. The payload itself is at depth 0.</summary>
    public required int MaxDepth { get; init; }

    internal static PayloadCaptureSettings Read(EnvReader env) => new()
    {
        IsEnabled = env.Bool(Keys.CapturePayload, @default: false),
        MaxDepth = env.Int(Keys.CapturePayloadMaxDepth, @default: 10, min: 0, max: int.MaxValue),
    };
}
