using System.Text;

namespace Mayfly.Local.Emulator;

/// <summary>
/// The endpoint that AWS_CONTAINER_CREDENTIALS_FULL_URI names under SnapStart, where the variables cannot hold keys: they would be in the snapshot
/// (docs/spec/01-lambda-lifecycle.md#11-the-extension-process). Without the right token the answer is 404, as AWS's code has it.
/// </summary>
internal sealed class CredentialsApi(Sandbox sandbox)
{
    public const string Path = "/2021-04-23/credentials";

    public Task GetAsync(HttpContext http)
    {
        if (http.Request.Headers.Authorization != sandbox.Variables.ContainerToken)
        {
            return ApiAnswer.TextAsync(http, StatusCodes.Status404NotFound, "cannot get credentials for the provided token\n");
        }

        AwsCredentials credentials = sandbox.Credentials;
        return ApiAnswer.TextAsync(http, StatusCodes.Status200OK, Encoding.UTF8.GetString(ApiAnswer.Json(writer =>
        {
            writer.WriteString("AccessKeyId", credentials.AccessKeyId);
            writer.WriteString("SecretAccessKey", credentials.SecretAccessKey);
            writer.WriteString("Token", credentials.Token);
            writer.WriteString("Expiration", credentials.Expiration);
        })));
    }
}
