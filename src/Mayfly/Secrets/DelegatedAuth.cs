using System.Net.Http.Headers;
using System.Text;

namespace Mayfly.Secrets;

/// <summary>
/// An API key in exchange for a signed call of AWS's identity service, which the intake makes itself
/// (docs/spec/01-lambda-lifecycle.md#86-delegated-auth-dd_org_uuid).
/// </summary>
internal static class DelegatedAuth
{
    private const string IdentityBody = "Action=GetCallerIdentity&Version=2011-06-15";
    private const string IdentityType = "application/x-www-form-urlencoded; charset=utf-8";

    /// <param name="aws">Signs, and sends.</param>
    /// <param name="site">Such as <c>datadoghq.com</c>, or a URL to use as it is.</param>
    /// <param name="orgUuid">The organisation.</param>
    /// <param name="now">The time of the signature.</param>
    public static async Task<string> GetKeyAsync(AwsClient aws, string site, string orgUuid, DateTimeOffset now, CancellationToken cancellation)
    {
        AwsCredentials credentials = await aws.CredentialsAsync(cancellation);
        using var request = new HttpRequestMessage(HttpMethod.Post, UrlOf(site)) { Content = new ByteArrayContent([]) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.TryAddWithoutValidation("Authorization", "Delegated " + Proof(credentials, aws.Service("sts"), orgUuid, now));
        byte[] answer = await aws.SendAsync(request, "the intake's delegated authentication", cancellation);
        return JsonTexts.Find(answer, "data", "attributes", "api_key") ?? throw new SecretFailure("the answer of the delegated authentication has no key");
    }

    /// <summary><c>base64(body)|base64(headers)|POST|base64(url)</c>.</summary>
    internal static string Proof(AwsCredentials credentials, AwsService sts, string orgUuid, DateTimeOffset now)
    {
        byte[] body = Encoding.UTF8.GetBytes(IdentityBody);
        var signed = new List<KeyValuePair<string, string>>
        {
            new("content-type", IdentityType),
            new("host", sts.Host),
            new("x-amz-date", SigV4.AmzDate(now)),
        };
        if (credentials.HasToken)
        {
            signed.Add(new("x-amz-security-token", credentials.SessionToken!));
        }

        signed.Add(new("x-ddog-org-id", orgUuid));
        string authorization = SigV4.Authorization(credentials, sts, signed, body);
        var headers = new StringBuilder($$"""{"Authorization":["{{authorization}}"]""");
        foreach ((string name, string value) in signed)
        {
            headers.Append($$""","{{Titled(name)}}":["{{Escaped(value)}}"]""");
        }

        headers.Append('}');

        // Without the slash that an address has where it has no path.
        string url = sts.Url.GetLeftPart(sts.Url.AbsolutePath == "/" ? UriPartial.Authority : UriPartial.Path);
        return $"{Base64(IdentityBody)}|{Base64(headers.ToString())}|POST|{Base64(url)}";
    }

    internal static Uri UrlOf(string site)
    {
        if (site.Contains("://", StringComparison.Ordinal))
        {
            return new Uri(site.TrimEnd('/') + "/api/v2/intake-key");
        }

        string host = site.Trim().Split('/')[0];
        return new Uri($"https://api.{(host.Length == 0 ? "datadoghq.com" : host)}/api/v2/intake-key");
    }

    /// <summary><c>x-amz-date</c> → <c>X-Amz-Date</c>.</summary>
    private static string Titled(string name) => string.Join('-', name.Split('-').Select(static part => char.ToUpperInvariant(part[0]) + part[1..]));

    /// <summary>Header values hold nothing that JSON escapes; whatever a user put there does no harm.</summary>
    private static string Escaped(string value) => value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal);

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
