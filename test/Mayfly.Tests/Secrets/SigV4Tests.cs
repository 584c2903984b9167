using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Mayfly.Secrets;
using Xunit;

namespace Mayfly.Tests.Secrets;

/// <summary>docs/spec/01-lambda-lifecycle.md 8.4, 8.6; vectors TV19 and TV20.</summary>
public class SigV4Tests
{
    private const string KeyId = "AKIDEXAMPLE";
    private const string Secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    [Theory]
    [InlineData("20240530T091011Z", "AQoDYXdzEJr...<remainder of session token>", "secretsmanager", "us-east-1", false, "secretsmanager.GetSecretValue", """{"SecretId":"arn:aws:secretsmanager:region:account-id:secret:secret-name"}""", "63d50106f9c0ab1f02c1f81d6c720b01bce369d45f63a8f6280ffe7945405b81")]
    [InlineData("20240530T091011Z", "AQoDYXdzEJr...<remainder of session token>", "ssm", "eu-west-1", false, "AmazonSSM.GetParameter", """{"Name":"arn:aws:ssm:eu-west-1:account-id:parameter/my-parameter","WithDecryption":true}""", "4bdd2a27b632981c73a70b52ea84e92d3e26fe2c768e9cf18b96630188748b7a")]
    [InlineData("20260102T030405Z", "SESSIONTOKEN", "kms", "us-east-1", false, "TrentService.Decrypt", """{"CiphertextBlob":"Q0lQSEVS"}""", "9892803e4c90c9ee129153023a0844fed37d3e3a45b8f48fd8d45ded21b7c42f")]
    [InlineData("20260102T030405Z", "SESSIONTOKEN", "kms", "us-east-1", false, "TrentService.Decrypt", """{"CiphertextBlob":"Q0lQSEVS","EncryptionContext":{"LambdaFunctionName":"my-fn"}}""", "33f3bdfa50eb378183474da27606090430c4376e5d5a56dc61e907567ea11374")]
    [InlineData("20260102T030405Z", "SESSIONTOKEN", "secretsmanager", "us-gov-west-1", true, "secretsmanager.GetSecretValue", """{"SecretId":"arn:aws-us-gov:secretsmanager:us-gov-west-1:123456789012:secret:dd"}""", "beff301d7e6e74149ec9ae3e60cc65350bc5d4cb73e52ff03e3df626e05fe37a")]
    public void Tv19(string date, string token, string name, string region, bool fips, string target, string body, string signature)
    {
        AwsService service = AwsService.Of(name, region, region, fips, new Dictionary<string, Uri>());
        KeyValuePair<string, string>[] headers =
        [
            new("content-type", "application/x-amz-json-1.1"), new("host", service.Host), new("x-amz-date", date), new("x-amz-security-token", token),
            new("x-amz-target", target),
        ];
        string authorization = SigV4.Authorization(new AwsCredentials(KeyId, Secret, token), service, headers, Encoding.UTF8.GetBytes(body));
        Assert.Equal(
            $"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/{date[..8]}/{region}/{name}/aws4_request, "
                + $"SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, Signature={signature}",
            authorization);
    }

    /// <summary>An address of one's own (<c>AWS_ENDPOINT_URL</c>) may have a path, which is sent, and signed. The signatures are another program's.</summary>
    [Theory]
    [InlineData("https://relay.example", "e9f76d14a934ad391fa795b17e57be28f1eb5f1bd885d958df2634fb5287d15f")]
    [InlineData("https://relay.example/aws", "d50153c20d84b5592b49f78498d105160d550c5a6ac4f48e1116d121d3a7405d")]
    [InlineData("https://relay.example/aws/?a=b#c", "9de9d6e3003c180c5c1c5b9c6174836341efd73d6ee4b3a6c15569bc5148c199")]
    [InlineData("https://relay.example/a%20b/c", "3d87a8f440fd6da05475bae90b625ce215b45787ad9d5f4adbcf98831d37710d")]
    public void The_path_that_is_sent_is_signed(string url, string signature)
    {
        AwsService service = AwsService.Of("ssm", "us-east-1", "us-east-1", usesFips: false, new Dictionary<string, Uri> { ["ssm"] = new Uri(url) });
        KeyValuePair<string, string>[] headers =
        [
            new("content-type", "application/x-amz-json-1.1"), new("host", service.Host), new("x-amz-date", "20260102T030405Z"),
            new("x-amz-target", "AmazonSSM.GetParameter"),
        ];
        string authorization = SigV4.Authorization(new AwsCredentials(KeyId, Secret, null), service, headers, """{"Name":"/x","WithDecryption":true}"""u8);
        Assert.EndsWith(", Signature=" + signature, authorization, StringComparison.Ordinal);
        Assert.Empty(service.Url.Query + service.Url.Fragment);
    }

    [Theory]
    [InlineData("https://relay.example", "https://relay.example")]
    [InlineData("https://relay.example/sts", "https://relay.example/sts")]
    public void The_proof_names_the_path_that_is_signed(string url, string named)
    {
        AwsService sts = AwsService.Of("sts", "us-east-1", "us-east-1", usesFips: false, new Dictionary<string, Uri> { ["sts"] = new Uri(url) });
        string proof = DelegatedAuth.Proof(new AwsCredentials(KeyId, Secret, null), sts, "org", DateTimeOffset.UnixEpoch);
        Assert.Equal(named, Encoding.UTF8.GetString(Convert.FromBase64String(proof.Split('|')[3])));
    }

    [Fact]
    public void Tv19_the_bodies_are_those_that_are_sent()
    {
        Assert.Equal("""{"CiphertextBlob":"Q0lQSEVS"}""", Encoding.UTF8.GetString(SecretSources.DecryptBody("Q0lQSEVS", null)));
        Assert.Equal(
            """{"CiphertextBlob":"a+b/==","EncryptionContext":{"LambdaFunctionName":"my-fn"}}""",
            Encoding.UTF8.GetString(SecretSources.DecryptBody("a+b/==", "my-fn")));
    }

    [Fact]
    public void Tv20()
    {
        AwsService sts = AwsService.Of("sts", "us-east-1", "us-east-1", usesFips: false, new Dictionary<string, Uri>());
        DateTimeOffset now = DateTimeOffset.ParseExact("20260102T030405Z", "yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
        string proof = DelegatedAuth.Proof(new AwsCredentials(KeyId, Secret, "SESSIONTOKEN"), sts, "00000000-1111-2222-3333-444444444444", now);
        string[] parts = proof.Split('|');
        byte[] body = Convert.FromBase64String(parts[0]);
        byte[] headers = Convert.FromBase64String(parts[1]);
        Assert.Equal("ab821ae955788b0e33ebd34c208442ccfc2d406e2edc5e7a39bd6458fbb4f843", Convert.ToHexStringLower(SHA256.HashData(body)));
        Assert.Contains("9cb48b380515c5c3595f5a05b9880f3d04ea71d0ad3e12bdbefbeedba15c8603", Encoding.UTF8.GetString(headers), StringComparison.Ordinal);
        Assert.Equal(490, headers.Length);
        Assert.Equal("08f887007c24361b2bc36424bdacb3237691d0e1366facb351074783b5e95107", Convert.ToHexStringLower(SHA256.HashData(headers)));
        Assert.StartsWith("QWN0aW9uPUdldENhbGxlcklkZW50aXR5JlZlcnNpb249MjAxMS0wNi0xNQ==|eyJBdXRob3JpemF0aW9uIjpb", proof, StringComparison.Ordinal);
        Assert.EndsWith("|POST|aHR0cHM6Ly9zdHMudXMtZWFzdC0xLmFtYXpvbmF3cy5jb20=", proof, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("kms", "us-east-1", "us-east-1", false, "https://kms.us-east-1.amazonaws.com/")]
    [InlineData("ssm", "eu-west-1", "us-east-1", false, "https://ssm.eu-west-1.amazonaws.com/")]
    [InlineData("kms", "cn-north-1", "cn-north-1", false, "https://kms.cn-north-1.amazonaws.com.cn/")]
    [InlineData("sts", "cn-north-1", "cn-north-1", false, "https://sts.cn-north-1.amazonaws.com.cn/")]
    [InlineData("secretsmanager", "us-gov-west-1", "us-gov-west-1", true, "https://secretsmanager-fips.us-gov-west-1.amazonaws.com/")]
    [InlineData("kms", "us-gov-west-1", "us-gov-west-1", true, "https://kms-fips.us-gov-west-1.amazonaws.com/")]
    [InlineData("sts", "us-gov-east-1", "us-gov-east-1", true, "https://sts.us-gov-east-1.amazonaws.com/")]
    [InlineData("ssm", "us-gov-west-1", "us-gov-west-1", true, "https://ssm.us-gov-west-1.amazonaws.com/")]
    [InlineData("sts", "us-east-1", "us-east-1", true, "https://sts-fips.us-east-1.amazonaws.com/")]
    [InlineData("ssm", "us-east-2", "us-east-2", true, "https://ssm-fips.us-east-2.amazonaws.com/")]
    public void Hosts(string name, string region, string own, bool fips, string url) =>
        Assert.Equal(url, AwsService.Of(name, region, own, fips, new Dictionary<string, Uri>()).Url.AbsoluteUri);

    [Theory]
    [InlineData("arn:aws:secretsmanager:eu-west-3:1:secret:x", "eu-west-3")]
    [InlineData("arn:aws:ssm::1:parameter/x", null)]
    [InlineData("/my/parameter", null)]
    [InlineData("a:b:c:d", null)]
    public void The_region_is_the_ARN_s(string arn, string? region) => Assert.Equal(region, SecretSources.RegionOf(arn));

    /// <summary>TV21; 05, 16.</summary>
    [Theory]
    [InlineData("""{"dd_api_key":"a","apiKey":"b"}""", "a")]
    [InlineData("""{"apiKey":"b","apiKeyId":"some-uuid"}""", "b")]
    [InlineData("""{"other":"c"}""", """{"other":"c"}""")]
    [InlineData("""{"dd_api_key":"a""", """{"dd_api_key":"a""")]
    [InlineData("""{"x":{"dd_api_key":"no"},"dd_api_key":"a"}""", "a")]
    [InlineData("plain", "plain")]
    [InlineData("[1]", "[1]")]
    public void Tv21_the_key_in_a_secret(string secret, string key) => Assert.Equal(key, SecretSources.KeyIn(secret));

    [Theory]
    [InlineData("datadoghq.com", "https://api.datadoghq.com/api/v2/intake-key")]
    [InlineData(" us5.datadoghq.com/path ", "https://api.us5.datadoghq.com/api/v2/intake-key")]
    [InlineData("", "https://api.datadoghq.com/api/v2/intake-key")]
    [InlineData("http://127.0.0.1:80/", "http://127.0.0.1/api/v2/intake-key")]
    public void The_intake_s_url(string site, string url) => Assert.Equal(url, DelegatedAuth.UrlOf(site).AbsoluteUri);
}
