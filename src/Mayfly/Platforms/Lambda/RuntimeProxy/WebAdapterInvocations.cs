using System.Text.Json;
using Mayfly.Diagnostics;
using Mayfly.Platforms.Lambda.Invocations;
using Mayfly.Platforms.Lambda.Propagation;
using Mayfly.Platforms.Lambda.Triggers;

namespace Mayfly.Platforms.Lambda.RuntimeProxy;

/// <summary>
/// A web application behind the Lambda Web Adapter knows nothing of invocations: what passes the proxy stands for the start and end calls of a tracer, and its
/// spans are put below the invocation's (docs/spec/01-lambda-lifecycle.md#9-runtime-api-proxy, LWA facts).
/// </summary>
public sealed class WebAdapterInvocations(InvocationTracker invocations, InvocationEvents events, Reparenting reparenting, TimeProvider time, Log log)
    : IRuntimeProxyObserver
{
    public void NextAnswered(in RuntimeMessage answer)
    {
        var headers = new Carrier();
        foreach ((string name, string value) in answer.Headers.ToTexts())
        {
            headers.Add(name, value);
        }

        StartCall call = events.Read(answer.Body.Span, headers, NowNs);
        if (reparenting.TryAdd(answer.RequestId, RandomId.Next(), call.Upstream?.SpanId ?? 0, call.Upstream?.TraceId ?? 0))
        {
            invocations.StartCalled(answer.RequestId, call);
        }
        else
        {
            log.Once(
                "web adapter request id",
                LogLevel.Warn,
                $"The Runtime API gave the request id {answer.RequestId} a second time; "
                + "the second event is not looked at, and its aws.lambda span may be wrong.");
        }
    }

    /// <summary>A stream that fails half-way says so in its trailers.</summary>
    public void ResponsePosted(in RuntimeMessage response)
    {
        InvocationError? error = response.Trailers.Text("Lambda-Runtime-Function-Error-Type") is { } type
            ? ErrorOf(Decoded(response.Trailers.Text("Lambda-Runtime-Function-Error-Body"))) with { Type = type }
            : null;
        End(response, ResponseStatusCode.Read(response.Body.Span), error);
    }

    public void ErrorPosted(in RuntimeMessage error) =>
        End(error, statusCode: null, ErrorOf(error.Body.Span));

    private void End(in RuntimeMessage message, string? statusCode, InvocationError? error)
    {
        ulong spanId = reparenting.TryFind(message.RequestId, out ReparentedInvocation known) ? known.InvocationSpanId : 0;
        var call = new EndCall(NowNs, known.TraceId, spanId, known.ParentId, Priority: null, [], statusCode, error)
        {
            Captured = events.Capture(message.Body.Span, PayloadCapture.ResponseKey),
        };
        invocations.EndCalled(message.RequestId, call);
    }

    private static byte[] Decoded(string? base64)
    {
        byte[] bytes = new byte[base64?.Length ?? 0];
        return Convert.TryFromBase64String(base64 ?? "", bytes, out int count) ? bytes[..count] : [];
    }

    /// <summary><c>{"errorMessage","errorType","stackTrace"}</c>; a body that is none is an error without a text.</summary>
    private static InvocationError ErrorOf(ReadOnlySpan<byte> body)
    {
        string message = "", type = "";
        try
        {
            var reader = new Utf8JsonReader(body);
            while (reader.Read())
            {
                if (reader.TokenType != JsonTokenType.PropertyName || reader.CurrentDepth != 1)
                {
                    continue;
                }

                bool isMessage = reader.ValueTextEquals("errorMessage"u8);
                bool isType = reader.ValueTextEquals("errorType"u8);
                if ((isMessage || isType) && reader.Read() && reader.TokenType == JsonTokenType.String)
                {
                    (message, type) = isMessage ? (reader.GetString()!, type) : (message, reader.GetString()!);
                }
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // The error counts, its text is lost.
        }

        return new InvocationError(message, type, "");
    }

    private long NowNs => (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100;
}

/// <summary>The runtime calls the agent by itself: what passes the proxy is not looked at.</summary>
public sealed class UnobservedInvocations : IRuntimeProxyObserver
{
    public void NextAnswered(in RuntimeMessage answer)
    {
    }

    public void ResponsePosted(in RuntimeMessage response)
    {
    }

    public void ErrorPosted(in RuntimeMessage error)
    {
    }
}
