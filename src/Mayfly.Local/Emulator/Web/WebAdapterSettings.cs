using System.Globalization;

namespace Mayfly.Local.Emulator.Web;

/// <summary>
/// Settings of the web adapter, under the names of the public Lambda Web Adapter (docs/spec/01-lambda-lifecycle.md#9-runtime-api-proxy). What does not parse
/// counts as not set.
/// </summary>
internal sealed record WebAdapterSettings
{
    private const int UsualPort = 8080;

    /// <summary>Where it registers as an extension, <c>host:port</c>.</summary>
    public required string RuntimeApi { get; init; }

    /// <summary>Where it takes invocations from: the Runtime API, or a proxy before it.</summary>
    public required Uri InvocationApi { get; init; }

    /// <summary>The application, on 127.0.0.1.</summary>
    public int Port { get; init; } = UsualPort;

    public int ReadinessPort { get; init; } = UsualPort;

    public string ReadinessPath { get; init; } = "/";

    /// <summary>A connection is enough; no request is made.</summary>
    public bool ReadinessByTcp { get; init; }

    /// <summary>Where events go that are no HTTP requests, as a POST.</summary>
    public string PassThroughPath { get; init; } = "/events";

    /// <summary>Taken off the beginning of request paths.</summary>
    public string BasePath { get; init; } = "";

    /// <summary>How many invocations it takes at once.</summary>
    public int Concurrency { get; init; } = 1;

    /// <summary>Reads the variables through <paramref name="variable"/>; null if there is no Runtime API.</summary>
    public static WebAdapterSettings? Read(Func<string, string?> variable)
    {
        if (variable("AWS_LAMBDA_RUNTIME_API") is not { Length: > 0 } runtimeApi)
        {
            return null;
        }

        int port = Number("AWS_LWA_PORT") ?? Number("PORT") ?? UsualPort;
        return new WebAdapterSettings
        {
            RuntimeApi = runtimeApi,
            InvocationApi = Address(variable("AWS_LWA_LAMBDA_RUNTIME_API_PROXY")) ?? new Uri($"http://{runtimeApi}"),
            Port = port,
            ReadinessPort = Number("AWS_LWA_READINESS_CHECK_PORT") ?? port,
            ReadinessPath = variable("AWS_LWA_READINESS_CHECK_PATH") ?? "/",
            ReadinessByTcp = string.Equals(variable("AWS_LWA_READINESS_CHECK_PROTOCOL"), "tcp", StringComparison.OrdinalIgnoreCase),
            PassThroughPath = variable("AWS_LWA_PASS_THROUGH_PATH") ?? "/events",
            BasePath = variable("AWS_LWA_REMOVE_BASE_PATH") ?? "",
            Concurrency = Math.Max(1, Number("AWS_LAMBDA_MAX_CONCURRENCY") ?? 1),
        };

        int? Number(string name) => int.TryParse(variable(name), NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : null;
    }

    /// <summary><c>host:port</c> or a URI.</summary>
    private static Uri? Address(string? text) =>
        text is not { Length: > 0 } ? null
        : Uri.TryCreate(text.Contains("://", StringComparison.Ordinal) ? text : "http://" + text, UriKind.Absolute, out Uri? uri) ? uri
        : null;
}
