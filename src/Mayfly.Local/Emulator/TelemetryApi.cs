namespace Mayfly.Local.Emulator;

/// <summary>The Telemetry API's subscription call (docs/spec/01-lambda-lifecycle.md#14-telemetry-api).</summary>
internal sealed class TelemetryApi(Sandbox sandbox, EmulatorOptions options)
{
    private const int MaxBodyBytes = 256 * 1024;

    public async Task SubscribeAsync(HttpContext http)
    {
        SandboxGeneration generation = sandbox.Generation;
        if (await ExtensionsApi.IdentifyAsync(http, generation) is not { } extension)
        {
            return;
        }

        byte[] body = await ApiAnswer.ReadBodyAsync(http, MaxBodyBytes) ?? [];
        if (TelemetrySubscription.TryParse(body, options.IsManaged, out string message) is not { } subscription)
        {
            await ApiAnswer.ErrorAsync(http, StatusCodes.Status400BadRequest, "ValidationError", message);
            return;
        }

        if (!generation.SubscriptionOpen)
        {
            await ApiAnswer.ForbiddenAsync(http, "Telemetry.SubscriptionClosed", "Telemetry API subscription is closed already");
            return;
        }

        if (!await sandbox.Telemetry.SubscribeAsync(extension.Name, subscription, replace: !options.IsManaged))
        {
            await ApiAnswer.ErrorAsync(http, StatusCodes.Status500InternalServerError, "InternalServerError", "Internal Server Error");
            return;
        }

        await ApiAnswer.WriteAsync(http, StatusCodes.Status200OK, "application/json", "\"OK\""u8.ToArray());
    }
}
