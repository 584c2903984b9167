using System.Text;
using System.Text.Json;
using Mayfly.Config;

namespace Mayfly.Secrets;

/// <summary>The places an API key can be asked for, one method each (docs/spec/01-lambda-lifecycle.md#84-aws-calls-sigv4-json-11).</summary>
internal static class SecretSources
{
    /// <summary>KMS: without an encryption context (the command line's keys), then with the one that the Lambda console adds.</summary>
    public static async Task<string> DecryptAsync(AwsClient aws, SecretSettings settings, CancellationToken cancellation)
    {
        AwsCredentials credentials = await aws.CredentialsAsync(cancellation);
        AwsService kms = aws.Service("kms");
        byte[]? answer = null;
        SecretFailure? refusal = null;
        try
        {
            answer = await aws.CallAsync(kms, credentials, "TrentService.Decrypt", DecryptBody(settings.KmsKey!.Value, null), cancellation);
        }
        catch (SecretFailure e) when (settings.FunctionName is not null)
        {
            refusal = e;
        }

        string? plaintext = answer is null ? null : JsonTexts.Find(answer, "Plaintext");
        if (plaintext is null && settings.FunctionName is { } functionName)
        {
            answer = await aws.CallAsync(kms, credentials, "TrentService.Decrypt", DecryptBody(settings.KmsKey!.Value, functionName), cancellation);
            plaintext = JsonTexts.Find(answer, "Plaintext");
        }

        return Decoded(plaintext ?? throw refusal ?? new SecretFailure("the answer of KMS has no Plaintext"));
    }

    /// <summary>Secrets Manager, in the region of the ARN.</summary>
    public static async Task<string> GetSecretAsync(AwsClient aws, SecretSettings settings, CancellationToken cancellation)
    {
        string arn = settings.SecretArn!.Value;
        byte[] body = Json(json => json.WriteString("SecretId", arn));
        AwsCredentials credentials = await aws.CredentialsAsync(cancellation);
        byte[] answer = await aws.CallAsync(aws.Service("secretsmanager", RegionOf(arn)), credentials, "secretsmanager.GetSecretValue", body, cancellation);
        if (JsonTexts.Find(answer, "SecretString") is { } text)
        {
            return KeyIn(text);
        }

        return JsonTexts.Find(answer, "SecretBinary") is { } binary ? KeyIn(Decoded(binary)) : throw new SecretFailure("the secret has no value");
    }

    /// <summary>SSM, in the region of the ARN; a plain name is a parameter of the function's own region.</summary>
    public static async Task<string> GetParameterAsync(AwsClient aws, SecretSettings settings, CancellationToken cancellation)
    {
        string name = settings.SsmArn!.Value;
        byte[] body = Json(json =>
        {
            json.WriteString("Name", name);
            json.WriteBoolean("WithDecryption", true);
        });
        AwsCredentials credentials = await aws.CredentialsAsync(cancellation);
        byte[] answer = await aws.CallAsync(aws.Service("ssm", RegionOf(name)), credentials, "AmazonSSM.GetParameter", body, cancellation);
        return JsonTexts.Find(answer, "Parameter", "Value") ?? throw new SecretFailure("the parameter has no value");
    }

    /// <summary>A secret that is a JSON object holds the key in <c>dd_api_key</c> or <c>apiKey</c>; any other text is the key.</summary>
    internal static string KeyIn(string secret)
    {
        byte[] json = Encoding.UTF8.GetBytes(secret);
        return JsonTexts.Find(json, "dd_api_key") ?? JsonTexts.Find(json, "apiKey") ?? secret;
    }

    /// <summary>The fourth part of an ARN; null for what is none.</summary>
    internal static string? RegionOf(string arn) => arn.Split(':') is ["arn", _, _, { Length: > 0 } region, ..] ? region : null;

    internal static byte[] DecryptBody(string cipherText, string? functionName) => Json(json =>
    {
        json.WriteString("CiphertextBlob", cipherText);
        if (functionName is not null)
        {
            json.WriteStartObject("EncryptionContext");
            json.WriteString("LambdaFunctionName", functionName);
            json.WriteEndObject();
        }
    });

    private static byte[] Json(Action<Utf8JsonWriter> members)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, PlainJson.Options))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }

        return stream.ToArray();
    }

    private static string Decoded(string base64)
    {
        try
        {
            return Encoding.UTF8.GetString(Convert.FromBase64String(base64));
        }
        catch (FormatException e)
        {
            throw new SecretFailure("the answer is no base64", e);
        }
    }
}
