using Mayfly.Diagnostics;

namespace Mayfly.Platforms.Lambda;

/// <summary>What the sandbox wants of the extension now.</summary>
public enum SandboxEventKind
{
    /// <summary>Serve an invocation.</summary>
    Invoke,

    /// <summary>End by the deadline.</summary>
    Shutdown,

    /// <summary>SIGTERM: end soon.</summary>
    Terminated,

    /// <summary>The platform refuses to go on with this extension.</summary>
    Refused,
}

/// <summary>One step in the sandbox's life; <paramref name="Event"/> is set for <c>Invoke</c> and <c>Shutdown</c>.</summary>
public readonly record struct SandboxEvent(SandboxEventKind Kind, ExtensionEvent Event);

/// <summary>
/// Asks the platform for the next event until there is one that means something: nonsense and transport errors are waited out, so that a platform that answers
/// nonsense at once does not keep a core busy (docs/spec/01-lambda-lifecycle.md#25-exit-and-idle-conditions).
/// </summary>
public sealed class EventSource(ExtensionClient platform, string extensionId, TimeProvider time, Log log)
{
    private int _troubles;

    /// <param name="pending">A <c>next</c> that is on its way already; null: it is asked for now.</param>
    /// <param name="stop">Cancelled on SIGTERM.</param>
    public async Task<SandboxEvent> NextAsync(Task<ExtensionEvent>? pending, CancellationToken stop)
    {
        while (true)
        {
            try
            {
                ExtensionEvent current = await (pending ?? platform.NextAsync(extensionId, stop));
                if (current.Kind != ExtensionEventKind.Unknown)
                {
                    _troubles = 0;
                    return new SandboxEvent(current.Kind == ExtensionEventKind.Invoke ? SandboxEventKind.Invoke : SandboxEventKind.Shutdown, current);
                }
            }
            catch (OperationCanceledException)
            {
                return new SandboxEvent(SandboxEventKind.Terminated, default);
            }
            catch (HttpRequestException e) when (e.StatusCode is not null)
            {
                log.Error($"The platform ended the extension's life: {e.Message}.");
                return new SandboxEvent(SandboxEventKind.Refused, default);
            }
            catch (Exception e) when (e is HttpRequestException or IOException)
            {
                log.Once("next", LogLevel.Warn, $"Waiting for the next event failed and is tried again: {e.Message}.");
            }

            pending = null;
            await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(1000, 20 * Math.Pow(2, Math.Min(++_troubles, 6)))), time);
        }
    }
}
