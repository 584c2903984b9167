using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Pipelines;
using Mayfly.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Mayfly.Http;

/// <summary>One request and its answer. A thin view on the server's features: copying it costs nothing, and it is dead once the handler returned.</summary>
public readonly struct HttpExchange(IFeatureCollection features, BodyBudget budget)
{
    private const int FirstDeclaredBytes = 128 * 1024;
    private const int DeclaredFactor = 8;

    private readonly IHttpRequestFeature _request = features.GetRequiredFeature<IHttpRequestFeature>();
    private readonly IHttpResponseFeature _response = features.GetRequiredFeature<IHttpResponseFeature>();

    /// <summary>What all bodies may take of memory; a handler that turns a body into something else takes from it as well.</summary>
    public BodyBudget Budget { get; } = budget;

    public string Method => _request.Method;

    public string Path => _request.Path;

    /// <summary>The path as the client wrote it, escapes and dots included; always begins with a slash.</summary>
    public string RawPath => _request.RawTarget is ['/', ..] target ? target.Split('?', 2)[0] : Path;

    /// <summary>The query as the client wrote it, with its question mark; empty: there is none.</summary>
    public string Query => _request.QueryString;

    /// <summary>Request headers; names compare without case.</summary>
    public IHeaderDictionary RequestHeaders => _request.Headers;

    /// <summary>Response headers; set before <see cref="RespondAsync(int, ReadOnlyMemory{byte}, string)"/>.</summary>
    public IHeaderDictionary ResponseHeaders => _response.Headers;

    /// <summary>The first value of a request header, or null.</summary>
    public string? Header(string name)
    {
        Microsoft.Extensions.Primitives.StringValues values = _request.Headers[name];
        return values.Count == 0 ? null : values[0];
    }

    /// <summary>
    /// Reads the whole body, decompressing it if Content-Encoding says so. What the client declares is never trusted: memory grows as bytes arrive.
    /// </summary>
    public async ValueTask<RequestBody> ReadBodyAsync(int limitBytes)
    {
        RequestBody raw = await ReadEncodedBodyAsync(limitBytes);
        string? encoding = Header("Content-Encoding");
        if (raw.Status != BodyStatus.Ok || encoding is null || encoding.Equals("identity", StringComparison.OrdinalIgnoreCase))
        {
            return raw;
        }

        using (raw)
        {
            return Decompress(raw, encoding, limitBytes);
        }
    }

    /// <summary>As <see cref="ReadBodyAsync"/>, but as the client sent it, whatever its Content-Encoding: for those who only pass it on.</summary>
    public ValueTask<RequestBody> ReadEncodedBodyAsync(int limitBytes) =>
        _request.Headers.ContentLength > limitBytes ? ValueTask.FromResult(new RequestBody(BodyStatus.TooLarge)) : ReadRawAsync(limitBytes);

    public ValueTask RespondAsync(int status) => RespondAsync(status, default, "text/plain");

    /// <summary>Answers with a body whose bytes outlive the exchange.</summary>
    public async ValueTask RespondAsync(int status, ReadOnlyMemory<byte> body, string contentType)
    {
        _response.StatusCode = status;
        _response.Headers.ContentLength = body.Length;
        if (body.Length > 0)
        {
            _response.Headers.ContentType = contentType;
            PipeWriter writer = features.GetRequiredFeature<IHttpResponseBodyFeature>().Writer;
            await writer.WriteAsync(body);
        }
    }

    /// <summary>
    /// Answers with what comes out of <paramref name="body"/>, as it comes; the headers are set already. When that ends in the middle, the connection is
    /// cut: the client must not take a part for the whole.
    /// </summary>
    /// <param name="status">Status of the answer.</param>
    /// <param name="body">Read to its end, not disposed.</param>
    /// <param name="lengthBytes">Length of the body; null = unknown.</param>
    /// <param name="cancellation">Ends the reading.</param>
    public async ValueTask RespondFromAsync(int status, Stream body, long? lengthBytes, CancellationToken cancellation)
    {
        _response.StatusCode = status;
        _response.Headers.ContentLength = lengthBytes;
        try
        {
            await body.CopyToAsync(features.GetRequiredFeature<IHttpResponseBodyFeature>().Stream, cancellation);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or HttpRequestException)
        {
            features.GetRequiredFeature<IHttpRequestLifetimeFeature>().Abort();
        }
    }

    /// <summary>Answers with a short text for a person.</summary>
    public ValueTask RespondAsync(int status, string text) => RespondAsync(status, System.Text.Encoding.UTF8.GetBytes(text), "text/plain; charset=utf-8");

    /// <summary>The answer for a body that could not be read: 413, 429 with Retry-After, or 400.</summary>
    public ValueTask RespondUnreadableAsync(BodyStatus status)
    {
        switch (status)
        {
            case BodyStatus.TooLarge:
                return RespondAsync(StatusCodes.Status413PayloadTooLarge, "payload too large");
            case BodyStatus.NoRoom:
                ResponseHeaders.RetryAfter = "1";
                return RespondAsync(StatusCodes.Status429TooManyRequests, "too many requests in memory");
            case BodyStatus.BadEncoding:
                return RespondAsync(StatusCodes.Status400BadRequest, "body does not match its content encoding");
            default:
                return RespondAsync(StatusCodes.Status400BadRequest, "unexpected end of body");
        }
    }

    private async ValueTask<RequestBody> ReadRawAsync(int limitBytes)
    {
        PipeReader reader = features.Get<IRequestBodyPipeFeature>()?.Reader ?? PipeReader.Create(_request.Body);
        PooledBuffer buffer = PooledBuffer.Rent();
        long taken = 0;
        try
        {
            while (true)
            {
                ReadResult read = await reader.ReadAsync();
                MakeRoom(buffer, read.Buffer.Length, _request.Headers.ContentLength ?? 0);
                BodyStatus status = Append(buffer, read.Buffer, limitBytes, ref taken);

                // Also where the rest is not wanted: the server reads it off the connection only from a reader that is not in the middle of something,
                // and the client would see a broken connection instead of the status.
                reader.AdvanceTo(read.Buffer.End);
                if (status == BodyStatus.Ok && read.IsCompleted)
                {
                    return new RequestBody(buffer, Budget, taken);
                }

                if (status != BodyStatus.Ok || read.IsCanceled)
                {
                    return GiveBack(buffer, taken, status == BodyStatus.Ok ? BodyStatus.Incomplete : status);
                }
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or BadHttpRequestException or ObjectDisposedException)
        {
            return GiveBack(buffer, taken, BodyStatus.Incomplete);
        }
    }

    /// <summary>What the client says of the length saves growing and copying, but memory is no more than a few times what it has sent.</summary>
    private static void MakeRoom(PooledBuffer buffer, long moreBytes, long declaredBytes)
    {
        if (moreBytes > 0 && buffer.Capacity - buffer.Length < moreBytes)
        {
            long expected = Math.Min(declaredBytes, Math.Max(FirstDeclaredBytes, (buffer.Length + moreBytes) * DeclaredFactor));
            buffer.GetSpan((int)Math.Max(0, Math.Min(expected, int.MaxValue / 2) - buffer.Length));
        }
    }

    private BodyStatus Append(PooledBuffer buffer, in ReadOnlySequence<byte> bytes, int limitBytes, ref long taken)
    {
        foreach (ReadOnlyMemory<byte> segment in bytes)
        {
            if (buffer.Length + (long)segment.Length > limitBytes)
            {
                return BodyStatus.TooLarge;
            }

            if (!Budget.TryTake(segment.Length))
            {
                return BodyStatus.NoRoom;
            }

            taken += segment.Length;
            buffer.Write(segment.Span);
        }

        return BodyStatus.Ok;
    }

    private RequestBody GiveBack(PooledBuffer buffer, long takenBytes, BodyStatus status)
    {
        buffer.Dispose();
        Budget.Release(takenBytes);
        return new RequestBody(status);
    }

    private RequestBody Decompress(RequestBody raw, string encoding, int limitBytes)
    {
        using var source = new MemoryStream(raw.Array, 0, raw.Length, writable: false);
        using Stream? inflater = encoding.ToLowerInvariant() switch
        {
            "gzip" or "x-gzip" => new GZipStream(source, CompressionMode.Decompress),
            "deflate" => new ZLibStream(source, CompressionMode.Decompress),
            _ => null,
        };
        if (inflater is null)
        {
            return new RequestBody(BodyStatus.BadEncoding);
        }

        PooledBuffer buffer = PooledBuffer.Rent();
        long taken = 0;
        BodyStatus status = BodyStatus.Ok;
        try
        {
            while (true)
            {
                Span<byte> room = buffer.GetSpan(4096);
                int count = inflater.Read(room);
                if (count == 0)
                {
                    break;
                }

                if (buffer.Length + (long)count > limitBytes)
                {
                    status = BodyStatus.TooLarge;
                    break;
                }

                if (!Budget.TryTake(count))
                {
                    status = BodyStatus.NoRoom;
                    break;
                }

                taken += count;
                buffer.Advance(count);
            }
        }
        catch (InvalidDataException)
        {
            status = BodyStatus.BadEncoding;
        }

        if (status == BodyStatus.Ok && raw.Length > 0 && inflater is GZipStream && IsCutShort(raw.Bytes.Span, buffer.Length))
        {
            status = BodyStatus.BadEncoding;
        }

        return status == BodyStatus.Ok ? new RequestBody(buffer, Budget, taken) : GiveBack(buffer, taken, status);
    }

    /// <summary>
    /// <see cref="GZipStream"/> takes the end of its input for the end of the data. The last four bytes of a gzip body tell the length of its last member: in a
    /// body
    /// that was cut they are anything, almost always more than came out.
    /// </summary>
    private static bool IsCutShort(ReadOnlySpan<byte> gzip, int length) =>
        gzip.Length < 18 || BinaryPrimitives.ReadUInt32LittleEndian(gzip[^4..]) > (uint)length;
}
