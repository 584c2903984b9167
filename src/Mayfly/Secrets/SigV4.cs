using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Mayfly.Secrets;

/// <summary>
/// AWS Signature Version 4 of a POST without a query (docs/spec/01-lambda-lifecycle.md#84-aws-calls-sigv4-json-11).
/// </summary>
internal static class SigV4
{
    private const string Algorithm = "AWS4-HMAC-SHA256";

    /// <summary>The form in which a time is signed and sent: <c>20240530T091011Z</c>.</summary>
    public static string AmzDate(DateTimeOffset now) => now.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);

    /// <summary>The value of the Authorization header.</summary>
    /// <param name="service">Is called.</param>
    /// <param name="headers">Everything that is signed, names in lower case, sorted; must hold <c>host</c> and <c>x-amz-date</c>.</param>
    public static string Authorization(
        AwsCredentials credentials, AwsService service, IReadOnlyList<KeyValuePair<string, string>> headers, ReadOnlySpan<byte> body)
    {
        string amzDate = headers.First(static header => header.Key == "x-amz-date").Value;
        string scope = $"{amzDate[..8]}/{service.Region}/{service.Name}/aws4_request";
        string signedHeaders = string.Join(';', headers.Select(static header => header.Key));
        string headerLines = string.Concat(headers.Select(static header => $"{header.Key}:{header.Value}\n"));
        string canonical = $"POST\n{PathOf(service.Url)}\n\n{headerLines}\n{signedHeaders}\n{Hash(body)}";
        string toSign = $"{Algorithm}\n{amzDate}\n{scope}\n{Hash(Encoding.UTF8.GetBytes(canonical))}";
        byte[] key = Encoding.UTF8.GetBytes("AWS4" + credentials.SecretAccessKey);
        foreach (string part in (string[])[amzDate[..8], service.Region, service.Name, "aws4_request"])
        {
            key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(part));
        }

        string signature = Hex(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(toSign)));
        return $"{Algorithm} Credential={credentials.AccessKeyId}/{scope}, SignedHeaders={signedHeaders}, Signature={signature}";
    }

    /// <summary>As it is sent, each part of it encoded once more, as all services but S3 want it.</summary>
    private static string PathOf(Uri url) => string.Join('/', url.AbsolutePath.Split('/').Select(Uri.EscapeDataString));

    private static string Hash(ReadOnlySpan<byte> bytes) => Hex(SHA256.HashData(bytes));

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);
}
