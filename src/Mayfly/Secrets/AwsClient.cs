using System.Net.Http.Headers;
using System.Text;
using Mayfly.Config;
using Mayfly.Diagnostics;
using Mayfly.Outbound;

namespace Mayfly.Secrets;

/// <summary>
/// Calls AWS for secrets, and the intake for a key, each call within <see cref="CallTimeout"/>: through the user's proxy, as what is sent later, but never
/// without looking at the certificate. Made only when there is a secret to ask for (docs/spec/01-lambda-lifecycle.md#84-aws-calls-sigv4-json-11,
/// #83-credentials).
/// </summary>
internal sealed class AwsClient(SecretSettings settings, OutboundSettings outbound, TimeProvider time, Log log) : IDisposable
{
    /// <summary>docs/spec/01-lambda-lifecycle.md#82-timing.</summary>
    public static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(3);

    private const string JsonType = "application/x-amz-json-1.1";
    private const int AnswerLimitBytes = 256 * 1024;

    private readonly OutboundClient _http = new(Checked(outbound), CallTimeout, log, time);

    /// <summary>The container's own endpoint is behind no proxy.</summary>
    private readonly OutboundClient _direct = new(Checked(outbound) with { Proxy = OutboundProxySettings.None }, CallTimeout, log, time);

    /// <summary>A service in <paramref name="region"/>, else in the function's own.</summary>
    public AwsService Service(string name, string? region = null) =>
        AwsService.Of(name, region ?? settings.Region, settings.Region, settings.UsesFips, settings.Endpoints);

    /// <summary>The environment's credentials; where it has none, those of the container endpoint, asked anew each time.</summary>
    /// <exception cref="SecretFailure">There are none.</exception>
    public async Task<AwsCredentials> CredentialsAsync(CancellationToken cancellation)
    {
        AwsAccess access = settings.Access;
        if (access is { AccessKeyId: "", SecretAccessKey: "", ContainerUri: { } uri, ContainerToken: { } token })
        {
            if (!Uri.TryCreate(uri, UriKind.Absolute, out Uri? address))
            {
                throw new SecretFailure($"{Keys.AwsContainerCredentials} is no URL");
            }

            using var request = new HttpRequestMessage(HttpMethod.Get, address);
            request.Headers.TryAddWithoutValidation("Authorization", token);
            byte[] answer = await SendAsync(_direct, request, "the container's credentials", cancellation);
            return new AwsCredentials(
                JsonTexts.Find(answer, "AccessKeyId") ?? "",
                JsonTexts.Find(answer, "SecretAccessKey") ?? "",
                JsonTexts.Find(answer, "Token"));
        }

        return access.AccessKeyId.Length > 0 && access.SecretAccessKey.Length > 0
            ? new AwsCredentials(access.AccessKeyId, access.SecretAccessKey, access.SessionToken)
            : throw new SecretFailure("there are no AWS credentials in the environment");
    }

    /// <summary>One call of a JSON 1.1 service; returns the body of the answer.</summary>
    /// <exception cref="SecretFailure">No answer, or one that is no success.</exception>
    public async Task<byte[]> CallAsync(AwsService service, AwsCredentials credentials, string target, byte[] body, CancellationToken cancellation)
    {
        var headers = new List<KeyValuePair<string, string>>
        {
            new("content-type", JsonType),
            new("host", service.Host),
            new("x-amz-date", SigV4.AmzDate(time.GetUtcNow())),
        };
        if (credentials.HasToken)
        {
            headers.Add(new("x-amz-security-token", credentials.SessionToken!));
        }

        headers.Add(new("x-amz-target", target));
        using var request = new HttpRequestMessage(HttpMethod.Post, service.Url) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(JsonType);
        foreach ((string name, string value) in headers.Where(static header => header.Key.StartsWith("x-amz-", StringComparison.Ordinal)))
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        request.Headers.TryAddWithoutValidation("Authorization", SigV4.Authorization(credentials, service, headers, body));
        return await SendAsync(request, $"{target} at {service.Host}", cancellation);
    }

    /// <summary>Sends within <see cref="CallTimeout"/>; returns the body of a 2xx answer.</summary>
    /// <exception cref="SecretFailure">No answer, or another one.</exception>
    public Task<byte[]> SendAsync(HttpRequestMessage request, string what, CancellationToken cancellation) => SendAsync(_http, request, what, cancellation);

    public void Dispose()
    {
        _http.Dispose();
        _direct.Dispose();
    }

    private static OutboundSettings Checked(OutboundSettings outbound) =>
        outbound with { Tls = outbound.Tls with { SkipsValidation = false }, PrefersHttp2 = false };

    private async Task<byte[]> SendAsync(OutboundClient http, HttpRequestMessage request, string what, CancellationToken cancellation)
    {
        using var timeout = new CancellationTokenSource(CallTimeout, time);
        using CancellationTokenRegistration cut = cancellation.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), timeout);
        try
        {
            using HttpResponseMessage answer = await http.SendAsync(request, timeout.Token);
            byte[] body = await ReadAsync(answer.Content, timeout.Token);
            return answer.IsSuccessStatusCode ? body : throw new SecretFailure($"{what} answered {(int)answer.StatusCode} {ReasonOf(body)}".TrimEnd());
        }
        catch (OperationCanceledException e)
        {
            throw new SecretFailure($"{what} did not answer within {CallTimeout.TotalSeconds} s", e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or InvalidOperationException or UriFormatException)
        {
            throw new SecretFailure($"{what} cannot be reached: {OutboundClient.ReasonOf(e)}", e);
        }
    }

    /// <exception cref="IOException">It is longer than any answer of AWS.</exception>
    private static async Task<byte[]> ReadAsync(HttpContent content, CancellationToken cancellation)
    {
        await content.LoadIntoBufferAsync(AnswerLimitBytes, cancellation);
        return await content.ReadAsByteArrayAsync(cancellation);
    }

    /// <summary>AWS's error code and message; never what might hold a secret.</summary>
    private static string ReasonOf(byte[] body)
    {
        string? code = JsonTexts.Find(body, "__type");
        string? message = JsonTexts.Find(body, "message") ?? JsonTexts.Find(body, "Message");
        var reason = new StringBuilder(code?[(code.LastIndexOf('#') + 1)..]);
        return (message is null ? reason : reason.Append(reason.Length > 0 ? ": " : "").Append(message)).ToString();
    }
}
