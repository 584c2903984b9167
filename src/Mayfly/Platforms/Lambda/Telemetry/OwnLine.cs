namespace Mayfly.Platforms.Lambda.Telemetry;

/// <summary>
/// Recognises lines of this agent, <c>MAYFLY | LEVEL | text</c>, which the platform hands back as <c>extension</c> records. They do not become log events:
/// what the agent says about sending would be sent, and said again.
/// </summary>
/// <remarks>docs/spec/04-metrics-logs.md#d-the-agents-own-log-output</remarks>
internal static class OwnLine
{
    public static bool Is(ReadOnlySpan<byte> line) => line.StartsWith("MAYFLY | "u8);
}
