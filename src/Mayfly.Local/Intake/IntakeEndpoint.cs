using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Microsoft.AspNetCore.Connections.Features;

namespace Mayfly.Local.Intake;

/// <summary>Serves one request of the intake: fault, read, decompress, decode, store, answer.</summary>
internal sealed class IntakeEndpoint(IntakeOptions options, RequestStore store, IntakeFaults faults, Action<ReceivedRequest> received)
{
    private const int RawBodyKept = 64 << 10;

    public async Task HandleAsync(HttpContext context)
    {
        string path = context.Request.Path.Value ?? "/";
        (IntakeFault? fault, CancellationToken ended) = faults.Take(path);
        var request = new ReceivedRequest
        {
            Sequence = 0,
            Method = context.Request.Method,
            Protocol = context.Request.Protocol,
            Path = path,
            Status = 0,
            ContentEncoding = context.Request.Headers.ContentEncoding.ToString() is { Length: > 0 } encoding ? encoding : null,
            Headers = Headers(context.Request),
            ArrivedAt = options.Clock.GetUtcNow(),
            Fault = fault?.Kind,
        };
        if (fault?.Kind == IntakeFaultKind.Reset)
        {
            Keep(request with { Error = "fault: connection reset" });
            context.Abort();
            return;
        }

        try
        {
            byte[]? body = await BodyReader.ReadAsync(context.Request.Body, options.MaxBodyBytes, context.RequestAborted);
            request = request with { ArrivedAt = options.Clock.GetUtcNow(), BytesCompressed = body?.Length ?? 0 };
            if (body is null)
            {
                await AnswerAsync(context, Keep(request with { Status = 413, Error = $"body is longer than {options.MaxBodyBytes} bytes" }));
                return;
            }

            await ProcessAsync(context, request, body, fault, ended);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or BadHttpRequestException)
        {
            // The client left, the listener was closed, or a hang was ended: there is nobody to answer.
            context.Abort();
        }
    }

    private async Task ProcessAsync(HttpContext context, ReceivedRequest request, byte[] body, IntakeFault? fault, CancellationToken ended)
    {
        if (fault?.Kind is IntakeFaultKind.Hang or IntakeFaultKind.HalfClose)
        {
            Keep(request with { Error = "fault: no answer" });
            if (fault.Kind == IntakeFaultKind.HalfClose)
            {
                context.Features.Get<IConnectionSocketFeature>()!.Socket.Shutdown(SocketShutdown.Send);
            }

            using var either = CancellationTokenSource.CreateLinkedTokenSource(ended, context.RequestAborted);
            await Task.Delay(Timeout.InfiniteTimeSpan, options.Clock, either.Token);
        }
        else if (fault?.Kind == IntakeFaultKind.Status)
        {
            if (fault.RetryAfterSeconds is { } seconds)
            {
                context.Response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
            }

            await AnswerAsync(context, Keep(request with { Status = fault.StatusCode, Error = $"fault: answered {fault.StatusCode}" }));
        }
        else
        {
            if (fault?.Kind == IntakeFaultKind.Slow)
            {
                await Task.Delay(fault.Delay, options.Clock, context.RequestAborted);
            }

            ReceivedRequest done = Keep(await DecodeAsync(request, body));
            if (fault?.Kind == IntakeFaultKind.CloseMidResponse)
            {
                await CloseMidResponseAsync(context, done.Status);
            }
            else
            {
                await AnswerAsync(context, done);
            }
        }
    }

    private async Task<ReceivedRequest> DecodeAsync(ReceivedRequest request, byte[] body)
    {
        if (request.Path == IntakePaths.Validate)
        {
            return request with { Status = request.ApiKey is null && options.RequireApiKey ? 403 : 200, BytesRaw = body.Length };
        }

        if (IntakePaths.PassedOn.Contains(request.Path))
        {
            return request with { Status = 202, BytesRaw = body.Length, RawBody = Start(body) };
        }

        if (request.Path is not (IntakePaths.Traces or IntakePaths.Stats or IntakePaths.Series or IntakePaths.Sketches or IntakePaths.Logs or IntakePaths.Events
            or IntakePaths.ServiceChecks))
        {
            return request with { Status = 404, Error = "no such intake path", RawBody = Start(body) };
        }

        if (request.Method != HttpMethods.Post)
        {
            return request with { Status = 405, Error = "method is not POST" };
        }

        if (request.ApiKey is null && options.RequireApiKey)
        {
            return request with { Status = 403, Error = "no DD-API-KEY header", RawBody = Start(body) };
        }

        (BodyStatus status, byte[] raw) = await BodyReader.DecompressAsync(body, request.ContentEncoding, options.MaxBodyBytes);
        request = request with { BytesRaw = raw.Length };
        return status switch
        {
            BodyStatus.UnknownEncoding => request with
            {
                Status = 415,
                Error = $"undecodable: content encoding {request.ContentEncoding}",
                RawBody = Start(body),
            },
            BodyStatus.Corrupt => request with { Status = 400, Error = $"undecodable: not valid {request.ContentEncoding}", RawBody = Start(body) },
            BodyStatus.TooLarge => request with { Status = 413, Error = $"decompressed body is longer than {options.MaxBodyBytes} bytes" },
            _ => Decode(request, raw),
        };
    }

    private static ReceivedRequest Decode(ReceivedRequest request, byte[] raw)
    {
        try
        {
            return request.Path switch
            {
                IntakePaths.Traces => request with { Status = 200, Spans = TraceDecoder.Decode(raw) },
                IntakePaths.Series => request with { Status = 202, Metrics = MetricDecoder.DecodeSeries(raw) },
                IntakePaths.Sketches => request with { Status = 202, Metrics = MetricDecoder.DecodeSketches(raw) },
                IntakePaths.Logs => request with { Status = 202, Logs = LogDecoder.Decode(raw) },
                IntakePaths.Events => request with { Status = 202, Events = EventDecoder.DecodeEvents(raw) },
                IntakePaths.ServiceChecks => request with { Status = 202, ServiceChecks = EventDecoder.DecodeServiceChecks(raw) },
                _ => request with { Status = 202, Stats = StatsDecoder.Decode(raw), RawBody = raw },
            };
        }
        catch (Exception e) when (e is InvalidProtocolBufferException or InvalidDataException or JsonException)
        {
            return request with { Status = 400, Error = $"undecodable: {e.Message}", RawBody = Start(raw) };
        }
    }

    private ReceivedRequest Keep(ReceivedRequest request)
    {
        request = store.Add(request);
        received(request);
        return request;
    }

    private static async Task AnswerAsync(HttpContext context, ReceivedRequest request)
    {
        context.Response.StatusCode = request.Status;
        if (request.Status is StatusCodes.Status204NoContent or StatusCodes.Status304NotModified)
        {
            return; // These have no body.
        }

        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(Answer(request), context.RequestAborted);
    }

    private static string Answer(ReceivedRequest request) =>
        request.Error is { } error ? $$"""{"errors":["{{JsonEncodedText.Encode(error)}}"]}"""
        : request.Path == IntakePaths.Validate ? $$"""{"valid":{{(request.Status == 200 ? "true" : "false")}}}"""
        : request.Path == IntakePaths.Series ? """{"errors":[]}"""
        : "{}";

    private static async Task CloseMidResponseAsync(HttpContext context, int status)
    {
        context.Response.StatusCode = status;
        context.Response.ContentLength = 100;
        await context.Response.Body.WriteAsync(Encoding.ASCII.GetBytes("{"), context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
        context.Abort();
    }

    private static Dictionary<string, string> Headers(HttpRequest request)
    {
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach ((string name, Microsoft.Extensions.Primitives.StringValues value) in request.Headers)
        {
            bool secret = name.Equals(ReceivedRequest.ApiKeyHeader, StringComparison.OrdinalIgnoreCase);
            headers[name] = secret ? ReceivedRequest.MaskApiKey(value.ToString()) : value.ToString();
        }

        return headers;
    }

    private static ReadOnlyMemory<byte> Start(byte[] body) => body.AsMemory(0, Math.Min(body.Length, RawBodyKept));
}
