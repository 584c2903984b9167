using System.Text;
using Mayfly.Platforms.Lambda.Triggers.Json;

namespace Mayfly.Platforms.Lambda.Triggers;

/// <summary>
/// The client context of a direct invocation, as the Runtime API hands it on in a header: a JSON object whose member <c>custom</c>, or <c>custom._datadog</c>,
/// holds what a tracer passed on (docs/spec/02-triggers.md#61-precedence).
/// </summary>
internal static class ClientContext
{
    public const string Header = "lambda-runtime-client-context";

    private static readonly JsonNames Names = new("custom");
    private static readonly JsonNames CustomNames = new("_datadog");

    /// <summary>Null for a text without such a member.</summary>
    public static TriggerContext? Read(string? header)
    {
        if (header is null || !JsonFields.TryRead(Encoding.UTF8.GetBytes(header), Names, out JsonFields context))
        {
            return null;
        }

        JsonView custom = context["custom"u8];
        JsonView datadog = custom.Fields(CustomNames)["_datadog"u8];
        return DatadogMember.FromObject(datadog.IsObject ? datadog : custom);
    }
}
