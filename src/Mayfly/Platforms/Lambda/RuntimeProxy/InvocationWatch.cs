using Mayfly.Diagnostics;
using Mayfly.Http;

namespace Mayfly.Platforms.Lambda.RuntimeProxy;

/// <summary>Copies the messages that concern an invocation and shows them to the observer. Nothing that goes wrong here reaches the stream.</summary>
internal sealed class InvocationWatch(IRuntimeProxyObserver observer, BodyBudget budget, RuntimeProxyCounters counters, Log log)
{
    /// <summary>The platform's own limit for events and responses.</summary>
    public const int CopyLimitBytes = 6 * 1024 * 1024;

    public MessageCopy BeginCopy(ReadOnlySpan<byte> head)
    {
        var copy = new MessageCopy(budget, CopyLimitBytes);
        copy.SetHead(head);
        return copy;
    }

    /// <summary>Shows a complete message. An event whose answer names no request concerns no invocation.</summary>
    public void Show(RuntimeRoute route, MessageCopy copy)
    {
        if (copy.IsDropped)
        {
            return;
        }

        string? requestId = route.Kind == RuntimeRouteKind.Next ? copy.Headers.Text("Lambda-Runtime-Aws-Request-Id") : route.RequestId;
        if (string.IsNullOrEmpty(requestId))
        {
            return;
        }

        counters.Copied(copy.Status);
        if (copy.Status != CopyStatus.Complete)
        {
            log.Once(
                $"runtime proxy copy {copy.Status}",
                LogLevel.Warn,
                $"runtime API proxy: an event or response of {requestId} passed by without being looked at ({copy.Status}): "
                + "its trigger, status code and captured payload are missing. It is said once.");
        }

        var message = new RuntimeMessage(requestId, copy.Headers, copy.Body, copy.Status, copy.Trailers);
        try
        {
            switch (route.Kind)
            {
                case RuntimeRouteKind.Next:
                    observer.NextAnswered(message);
                    break;
                case RuntimeRouteKind.Response:
                    observer.ResponsePosted(message);
                    break;
                default:
                    observer.ErrorPosted(message);
                    break;
            }
        }
        catch (Exception e)
        {
            // A broken invariant of ours costs what would have been learnt, never the function.
            log.Once("runtime proxy observer", LogLevel.Error, $"runtime API proxy: a message could not be processed: {e}");
        }
    }
}
