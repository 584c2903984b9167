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
if (args is ["--web"])
{
    // Behind a web adapter a function is a plain web application: it knows of no invocation.
    await new WebApplication(environment, tracer).RunAsync();
}

// On managed instances a runtime takes as many invocations at once as it is told.
await Task.WhenAll(Enumerable.Range(0, environment.Concurrency).Select(_ => ServeAsync()));

async Task ServeAsync()
{
    while (true)
    {
        await ServeOneAsync();
    }
}

async Task ServeOneAsync()
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
