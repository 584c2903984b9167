using FunctionCSharp;

// A Lambda custom runtime in one loop: next, handler, response. The tracer around the handler says on the wire what an automatically instrumented .NET
// function says (docs/spec/07-observed-clients.md, section 5), so that the agent can be tried without a single package.
FunctionEnvironment environment = FunctionEnvironment.Read();
using var manifest = new Manifest(environment.ManifestPath);
using var runtime = new RuntimeClient(environment.RuntimeApi);
using var tracer = new Tracer(environment, manifest);
using var metrics = new DogStatsd(environment.DogStatsdPort, manifest);
var handler = new Handler(metrics, manifest);

await tracer.StartAsync();
while (true)
{
    Invocation invocation = await runtime.NextAsync();
    TraceContext trace = await tracer.StartInvocationAsync(invocation);
    try
    {
        byte[] response = await handler.HandleAsync(invocation, trace);
        await tracer.EndInvocationAsync(invocation, trace, response, error: null);
        await runtime.RespondAsync(invocation, response);
    }
    catch (Exception e)
    {
        await tracer.EndInvocationAsync(invocation, trace, response: [], e);
        await runtime.FailAsync(invocation, e);
    }
}
