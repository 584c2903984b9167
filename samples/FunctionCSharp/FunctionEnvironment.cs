using System.Globalization;

namespace FunctionCSharp;

/// <summary>What the function reads from its environment, with the ports that an agent has when nobody says otherwise.</summary>
internal sealed record FunctionEnvironment(
    string RuntimeApi, string FunctionName, string ServiceName, int LifecyclePort, int DogStatsdPort, int TracePort, string? ManifestPath,
    int Concurrency, int WebPort)
{
    public static FunctionEnvironment Read() => new(
        Text("AWS_LAMBDA_RUNTIME_API") ?? throw new InvalidOperationException("AWS_LAMBDA_RUNTIME_API is not set: start this function through `mayfly-local`."),
        Text("AWS_LAMBDA_FUNCTION_NAME") ?? "function",
        Text("DD_SERVICE") ?? Text("AWS_LAMBDA_FUNCTION_NAME") ?? "function",
        Port("MAYFLY_LIFECYCLE_PORT", 8124),
        Port("DD_DOGSTATSD_PORT", 8125),
        Port("DD_TRACE_AGENT_PORT", 8126),
        Text("MAYFLY_DEMO_MANIFEST"),
        Port("AWS_LAMBDA_MAX_CONCURRENCY", 1),
        Port("PORT", 8080));

    private static string? Text(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    private static int Port(string name, int fallback) =>
        int.TryParse(Text(name), NumberStyles.None, CultureInfo.InvariantCulture, out int port) && port is > 0 and < 65536 ? port : fallback;
}
