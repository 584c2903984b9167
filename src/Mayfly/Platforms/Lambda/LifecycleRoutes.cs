using System.Globalization;
using System.Text;
using System.Text.Unicode;
using Mayfly.Diagnostics;
using Mayfly.Http;
using Mayfly.Platforms.Lambda.Invocations;
using Mayfly.Platforms.Lambda.Propagation;
using Mayfly.Platforms.Lambda.Triggers;
using Microsoft.AspNetCore.Http;

namespace Mayfly.Platforms.Lambda;

/// <summary>
/// The API on port 8124 that tracers of universally instrumented runtimes call around each handler (docs/spec/01-lambda-lifecycle.md#3-local-http-api-on-8124).
/// Both calls stand on the function's critical path: they are answered from memory.
/// </summary>
/// <param name="invocations">Takes the calls.</param>
/// <param name="events">Reads what the calls bring.</param>
/// <param name="isLocalTest">No telemetry comes: a call to <c>/lambda/flush</c>, or that the handler has returned, ends the invocation.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Told of calls that are nobody's.</param>
public sealed class LifecycleRoutes(InvocationTracker invocations, InvocationEvents events, bool isLocalTest, TimeProvider time, Log log)
{
    /// <summary>The platform's own limit for events and responses.</summary>
    private const int BodyLimitBytes = 6 * 1024 * 1024;

    private const string RequestIdHeader = "lambda-runtime-aws-request-id";
    private const string ErrorHeader = "x-datadog-invocation-error";

    private static readonly byte[] EmptyObject = "{}"u8.ToArray();

    public RouteTable Table()
    {
        return new RouteTable()
            .Map("/lambda/start-invocation", StartInvocationAsync, "POST")
            .Map("/lambda/end-invocation", EndInvocationAsync, "POST")
            .Map("/lambda/hello", AnswerOkAsync)
            .Map("/lambda/flush", FlushAsync)
            .Map("/lambda/ping", AnswerOkAsync)
            .Map("/trace-context", AnswerOkAsync)
            .Map("/lambda/trace-context", AnswerOkAsync);
    }

    private static ValueTask AnswerOkAsync(HttpExchange exchange) => exchange.RespondAsync(StatusCodes.Status200OK, EmptyObject, "application/json");

    /// <summary>Answered at once; only a local emulator means something by it.</summary>
    private ValueTask FlushAsync(HttpExchange exchange)
    {
        if (isLocalTest)
        {
            invocations.CurrentFinished(NowNs);
        }

        return AnswerOkAsync(exchange);
    }

    private async ValueTask StartInvocationAsync(HttpExchange exchange)
    {
        using RequestBody body = await exchange.ReadBodyAsync(BodyLimitBytes);
        StartCall call = events.Read(body.Bytes.Span, PropagationHeader.CarrierOf(exchange.RequestHeaders), NowNs);
        WarnUnless(invocations.StartCalled(exchange.Header(RequestIdHeader), call));
        foreach ((string name, string value) in StartInvocationHeaders.Of(call.Upstream))
        {
            exchange.ResponseHeaders[name] = value;
        }

        await AnswerOkAsync(exchange);
    }

    private async ValueTask EndInvocationAsync(HttpExchange exchange)
    {
        // Read to the end before anything else: the runtime's end may be processed right after the answer (order trap in #33).
        using RequestBody body = await exchange.ReadBodyAsync(BodyLimitBytes);
        var call = new EndCall(
            NowNs,
            IdText.ParseDecimal(exchange.Header(DatadogStyle.TraceIdHeader)),
            IdText.ParseDecimal(exchange.Header(DatadogStyle.SpanIdHeader)),
            IdText.ParseDecimal(exchange.Header(DatadogStyle.ParentIdHeader)),
            PriorityOf(exchange),
            DatadogTags.Read(exchange.Header(DatadogStyle.TagsHeader)),
            ResponseStatusCode.Read(body.Bytes.Span),
            ErrorOf(exchange))
        {
            Captured = events.Capture(body.Bytes.Span, PayloadCapture.ResponseKey),
        };
        WarnUnless(invocations.EndCalled(exchange.Header(RequestIdHeader), call));
        if (isLocalTest)
        {
            invocations.CurrentFinished(NowNs);
        }

        await AnswerOkAsync(exchange);
    }

    private void WarnUnless(bool isKnown)
    {
        if (!isKnown)
        {
            log.Once(
                "lifecycle without id",
                LogLevel.Warn,
                $"A tracer called without {RequestIdHeader} while several invocations were open, so nobody knows which one it meant: "
                + "aws.lambda spans are missing. A newer tracer sends the header.");
        }
    }

    private static double? PriorityOf(HttpExchange exchange)
    {
        string? text = exchange.Header(DatadogStyle.PriorityHeader);
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double priority) && double.IsFinite(priority) ? priority : null;
    }

    private static InvocationError? ErrorOf(HttpExchange exchange)
    {
        string? message = exchange.Header(ErrorHeader + "-msg");
        string? type = exchange.Header(ErrorHeader + "-type");
        string? stack = exchange.Header(ErrorHeader + "-stack");
        bool isError = "true".Equals(exchange.Header(ErrorHeader), StringComparison.OrdinalIgnoreCase)
            || !string.IsNullOrEmpty(message) || !string.IsNullOrEmpty(type) || !string.IsNullOrEmpty(stack);
        return isError ? new InvocationError(Decoded(message), Decoded(type), Decoded(stack)) : null;
    }

    /// <summary>Some tracers send base64, some plain text. The decoded form counts only if it is text: a plain word can be valid base64 by accident.</summary>
    internal static string Decoded(string? header)
    {
        if (string.IsNullOrEmpty(header))
        {
            return "";
        }

        byte[] bytes = new byte[header.Length];

        // The decoder skips blanks, of which plain text has many and base64 none.
        if (header.Contains(' ', StringComparison.Ordinal) || !Convert.TryFromBase64String(header, bytes, out int count))
        {
            return Plain(header);
        }

        ReadOnlySpan<byte> decoded = bytes.AsSpan(0, count);
        bool isText = Utf8.IsValid(decoded) && decoded.IndexOfAnyInRange((byte)0, (byte)8) < 0 && !decoded.ContainsAny(OtherControls);
        return isText ? Encoding.UTF8.GetString(decoded) : Plain(header);
    }

    /// <summary>The server gives each byte of a header as one character; most clients mean UTF-8.</summary>
    private static string Plain(string header)
    {
        if (Ascii.IsValid(header))
        {
            return header;
        }

        byte[] bytes = Encoding.Latin1.GetBytes(header);
        return Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : header;
    }

    /// <summary>Control characters above 8 other than tab, line feed and carriage return.</summary>
    private static readonly System.Buffers.SearchValues<byte> OtherControls =
        System.Buffers.SearchValues.Create([11, 12, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 127]);

    private long NowNs => (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100;
}
