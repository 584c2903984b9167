namespace Mayfly.Platforms.Compat;

/// <summary>AWS Lambda that runs a web server and no extension.</summary>
/// <remarks>docs/spec/06-compat-and-init.md#a13-aws-lambda-lite-native-http-and-the-sentinel-file</remarks>
public static class LambdaLite
{
    /// <param name="initializationType">Value of <c>AWS_LAMBDA_INITIALIZATION_TYPE</c>; null when unset.</param>
    public static bool IsLambdaLite(string? initializationType) => initializationType == "native-http";
}
