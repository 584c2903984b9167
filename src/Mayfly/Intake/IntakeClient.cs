using System.Net;
using System.Net.Http.Headers;
using Mayfly.Compression;
using Mayfly.Config;
using Mayfly.Diagnostics;
using Mayfly.Outbound;

namespace Mayfly.Intake;

/// <summary>What became of one request to an intake.</summary>
public enum SendOutcome
{
    Delivered,

    /// <summary>The intake will never take this payload: drop it.</summary>
    Rejected,

    /// <summary>The intake takes no payload of this size; it may take the halves.</summary>
    TooLarge,

    /// <summary>Refused, timed out or failed on the other side: worth another attempt.</summary>
    Failed,
}

/// <summary>One outcome with what a person needs to know about it.</summary>
/// <param name="Outcome">What became of it.</param>
/// <param name="Detail">For a person.</param>
/// <param name="RetryAfter">How long the intake wants to be left alone; null = it did not say.</param>
/// <param name="IsKeyRefused">It was the key, not the payload.</param>
/// <param name="IsAnswered">The intake is there, whatever it thinks of this payload.</param>
public readonly record struct SendResult(SendOutcome Outcome, string Detail, TimeSpan? RetryAfter = null, bool IsKeyRefused = false, bool IsAnswered = false);

/// <summary>Sends payloads to the intake over HTTP.</summary>
public sealed class IntakeClient : IDisposable
{
    private readonly IntakeEndpoints _endpoints;
    private readonly OutboundClient _http;
    private readonly Log _log;
    private readonly TimeProvider _time;

    /// <summary>Those that have said that they do not take zstd. Never more than there are endpoints.</summary>
    private readonly HashSet<Uri> _withoutZstd = [];
    private readonly Lock _gate = new();

    /// <param name="settings">The user's.</param>
    /// <param name="log">Told which server is not trusted, and what to do; null: nobody is.</param>
    /// <param name="time">Counts what a freeze takes, and stands in for that of an intake that does not tell its own; null: the machine's.</param>
    public IntakeClient(Settings settings, Log? log = null, TimeProvider? time = null)
    {
        _time = time ?? TimeProvider.System;
        _endpoints = new IntakeEndpoints(settings);
        _log = log ?? Log.Silent;
        _http = new OutboundClient(settings.Outbound, settings.FlushTimeout, _log, _time);
    }

    /// <summary>Does some of the work of the first flush, if it will need TLS: see <see cref="OutboundClient.WarmUp"/>.</summary>
    public void WarmUp()
    {
        if (_endpoints.UsesTls)
        {
            _http.WarmUp();
        }
    }

    /// <summary>Copies of <paramref name="payload"/>, for the intakes beside the main one; copies have none.</summary>
    public IEnumerable<IntakePayload> CopiesOf(IntakePayload payload)
    {
        if (payload.Destination is not null)
        {
            return [];
        }

        if (payload.Forward is { } forward)
        {
            return forward.Copies.Select(destination => payload.CopyFor(destination));
        }

        BodyCompression compression = _endpoints[payload.Kind].Compression;
        return _endpoints.Additional(payload.Kind).Select(destination => payload.CopyFor(destination, destination.Endpoint.Compression == compression));
    }

    /// <summary>Sends one payload. Never throws for what the network or the intake does; cancellation counts as a failed attempt.</summary>
    public async Task<SendResult> SendAsync(IntakePayload payload, string apiKey, CancellationToken cancellation)
    {
        if (apiKey.AsSpan().IndexOfAnyExceptInRange('!', '~') >= 0)
        {
            return new SendResult(SendOutcome.Rejected, "the API key holds a character that no header can carry", IsKeyRefused: true);
        }

        using ForwardedAnswer answer = await ForwardAsync(payload, apiKey, cancellation);
        if (payload.Coding != ContentCoding.Zstd || answer.Response?.StatusCode != HttpStatusCode.UnsupportedMediaType || payload.Forward is not null)
        {
            return ResultOf(answer);
        }

        RememberWithoutZstd(EndpointOf(payload).Url);
        using ForwardedAnswer second = await ForwardAsync(payload, apiKey, cancellation);
        return ResultOf(second);
    }

    /// <summary>The way that a payload goes.</summary>
    public LaneKey LaneOf(IntakePayload payload)
    {
        if (payload.Forward is { } forward)
        {
            return new LaneKey(payload.Kind, (payload.Destination?.Endpoint.Url ?? forward.Url).Authority);
        }

        return new LaneKey(payload.Kind, payload.Destination?.Id ?? _endpoints[payload.Kind].Url.AbsoluteUri);
    }

    /// <summary>Finds the intake of a lane of another process, which had other settings perhaps; false: there is none any more.</summary>
    /// <param name="destination">Null for the main one.</param>
    public bool TryFind(LaneKey lane, out IntakeDestination? destination)
    {
        destination = null;
        if (lane.Kind == IntakeKind.Proxied)
        {
            return false;
        }

        destination = _endpoints.Additional(lane.Kind).FirstOrDefault(one => one.Id == lane.Where);
        return destination is not null || _endpoints[lane.Kind].Url.AbsoluteUri == lane.Where;
    }

    /// <summary>Compresses the payload, if it is to be, before it is kept.</summary>
    public void Prepare(IntakePayload payload)
    {
        if (payload.Forward is not null)
        {
            return;
        }

        IntakeEndpoint endpoint = EndpointOf(payload);
        BodyCompression compression = endpoint.Compression;
        if (compression.Coding == ContentCoding.Zstd && IsWithoutZstd(endpoint.Url))
        {
            compression = compression with { Coding = ContentCoding.Gzip };
        }

        // A copy that shares the body may compress it meanwhile: only what it is afterwards stays so.
        payload.Compress(compression);
        if (compression.Coding == ContentCoding.Gzip && payload.Coding == ContentCoding.Zstd)
        {
            payload.CompressAnew(compression);
        }
    }

    /// <summary>As <see cref="SendAsync"/>, for those who want the answer itself, which they dispose.</summary>
    public async Task<ForwardedAnswer> ForwardAsync(IntakePayload payload, string apiKey, CancellationToken cancellation)
    {
        // What is passed on is named by its intake only: paths and queries are the clients', and there may be any number.
        string where = "";
        try
        {
            using HttpRequestMessage request = RequestOf(payload, apiKey);
            where = payload.Forward is null ? request.RequestUri!.ToString() : request.RequestUri!.GetLeftPart(UriPartial.Authority);
            HttpResponseMessage response = await _http.SendAsync(request, cancellation);
            return new ForwardedAnswer(response, TimedOut: false, $"{(int)response.StatusCode} from {where}");
        }
        catch (OperationCanceledException)
        {
            return new ForwardedAnswer(null, TimedOut: true, $"no answer from {where} in time");
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // Of whatever kind: the payload stays with its owner, who keeps or drops it.
            return new ForwardedAnswer(null, TimedOut: false, $"{where} cannot be reached: {OutboundClient.ReasonOf(e)}");
        }
    }

    public void Dispose() => _http.Dispose();

    /// <summary>
    /// 2xx delivered; 408, 425, 429 and 5xx worth another attempt; 413 too large; the rest refused for good
    /// (docs/spec/04-metrics-logs.md#b11-response-handling, #c11-shipping).
    /// </summary>
    internal static SendOutcome Judge(HttpStatusCode status) => (int)status switch
    {
        >= 200 and < 300 => SendOutcome.Delivered,
        408 or 425 or 429 or >= 500 => SendOutcome.Failed,
        413 => SendOutcome.TooLarge,
        _ => SendOutcome.Rejected,
    };

    private SendResult ResultOf(ForwardedAnswer answer)
    {
        if (answer.Response is not { } response)
        {
            return new SendResult(SendOutcome.Failed, answer.Detail);
        }

        bool isKeyRefused = response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden;
        return new SendResult(Judge(response.StatusCode), answer.Detail, RetryAfter(response), isKeyRefused, IsAnswered: true);
    }

    private IntakeEndpoint EndpointOf(IntakePayload payload) => payload.Destination?.Endpoint ?? _endpoints[payload.Kind];

    private bool IsWithoutZstd(Uri url)
    {
        lock (_gate)
        {
            return _withoutZstd.Contains(url);
        }
    }

    private void RememberWithoutZstd(Uri url)
    {
        lock (_gate)
        {
            _withoutZstd.Add(url);
        }

        _log.Once(
            $"without zstd {url}",
            LogLevel.Warn,
            $"{url} does not take zstd: it gets gzip from now on. {Keys.Compression}=gzip saves asking once in each sandbox.");
    }

    /// <summary>A date counts from the intake's clock, where it tells it.</summary>
    private TimeSpan? RetryAfter(HttpResponseMessage response)
    {
        RetryConditionHeaderValue? header = response.Headers.RetryAfter;
        return header?.Delta ?? (header?.Date - (response.Headers.Date ?? _time.GetUtcNow()));
    }

    private HttpRequestMessage RequestOf(IntakePayload payload, string apiKey)
    {
        if (payload.Forward is { } forward)
        {
            return Request(forward, payload.Destination?.Endpoint.Url ?? forward.Url, payload, apiKey);
        }

        Prepare(payload);
        return Request(EndpointOf(payload), payload, apiKey);
    }

    private static HttpRequestMessage Request(ForwardedRequest forward, Uri url, IntakePayload payload, string apiKey)
    {
        var method = new HttpMethod(forward.Method);
        bool hasBody = payload.Body.Length > 0 || method == HttpMethod.Post || method == HttpMethod.Put;
        var request = new HttpRequestMessage(method, url) { Content = hasBody ? new ReadOnlyMemoryContent(payload.Body.Written) : null };
        foreach ((string name, string value) in forward.Headers)
        {
            if (!request.Headers.TryAddWithoutValidation(name, value))
            {
                request.Content?.Headers.TryAddWithoutValidation(name, value);
            }
        }

        (string keyHeader, string key) = forward.TakesBearer
            ? (OutboundClient.AuthorizationHeader, $"Bearer {apiKey}")
            : (OutboundClient.ApiKeyHeader, apiKey);
        request.Headers.TryAddWithoutValidation(keyHeader, key);
        return request;
    }

    private static HttpRequestMessage Request(IntakeEndpoint endpoint, IntakePayload payload, string apiKey)
    {
        var content = new ReadOnlyMemoryContent(payload.Body.Written);
        content.Headers.ContentType = new MediaTypeHeaderValue(endpoint.ContentType);
        if (Codecs.NameOf(payload.Coding) is { } coding)
        {
            content.Headers.ContentEncoding.Add(coding);
        }

        var request = new HttpRequestMessage(HttpMethod.Post, endpoint.Url) { Content = content };
        request.Headers.TryAddWithoutValidation(OutboundClient.ApiKeyHeader, apiKey);
        request.Headers.TryAddWithoutValidation("User-Agent", BuildInfo.UserAgent);
        foreach ((string name, string value) in endpoint.Headers.Concat(payload.Headers))
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return request;
    }
}
