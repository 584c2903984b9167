using System.Net;
using System.Text;
using Mayfly.Diagnostics;
using Mayfly.Http;
using Mayfly.Local.Emulator;
using Mayfly.Platforms.Lambda.RuntimeProxy;
using Mayfly.Tests.HouseRules;
using Mayfly.Tests.Local.Emulator;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.RuntimeProxy;

/// <summary>Runtimes as processes behind the proxy, in a sandbox that is frozen between invocations.</summary>
public sealed class EmulatorTests
{
    private const string NodeHandler = """
        'use strict'
        exports.handler = async event => {
          if (event.fail) throw new Error('cannot: €')
          return { ok: event.n }
        }
        """;

    [Fact]
    public async Task A_runtime_that_closes_each_connection_works_behind_the_proxy()
    {
        Scripts.Need();
        await RunAsync(Scripts.Runtime(), async (emulator, observer) =>
        {
            for (int i = 0; i < 3; i++)
            {
                InvocationResult result = await emulator.InvokeAsync(Encoding.UTF8.GetBytes($"{{\"n\":{i}}}"), new InvokeOptions { RequestId = $"r{i}" });
                Assert.Equal(InvocationStatus.Success, result.Status);
            }

            Assert.Equal(
                ["next r0 {\"n\":0}", "response r0 \"ok\"", "next r1 {\"n\":1}", "response r1 \"ok\"", "next r2 {\"n\":2}", "response r2 \"ok\""],
                observer.Messages.Select(static message => message.ToString()));
        });
    }

    [Fact]
    public async Task The_Node_sample_works_behind_the_proxy()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && File.Exists("/usr/bin/node"), "needs Linux and Node");
        string root = Directory.CreateTempSubdirectory("proxied").FullName;
        try
        {
            await File.WriteAllTextAsync(Path.Combine(root, "index.js"), NodeHandler, TestContext.Current.CancellationToken);
            var runtime = new ProcessCommand("/usr/bin/node", Path.Combine(SourceTree.Root, "samples/function-node/bootstrap.mjs"));
            await RunAsync(runtime, async (emulator, observer) =>
            {
                for (int i = 0; i < 3; i++)
                {
                    var options = new InvokeOptions { RequestId = $"r{i}", TraceHeader = "Root=1-2-3" };
                    InvocationResult result = await emulator.InvokeAsync(Encoding.UTF8.GetBytes($"{{\"n\":{i}}}"), options);
                    Assert.Equal(InvocationStatus.Success, result.Status);
                }

                InvocationResult failed = await emulator.InvokeAsync("{\"fail\":true}"u8.ToArray(), new InvokeOptions { RequestId = "r3" });
                Assert.Equal(InvocationStatus.HandledError, failed.Status);

                string[] kinds = ["next", "response", "next", "response", "next", "response", "next", "error"];
                Assert.Equal(kinds, observer.Messages.Select(static message => message.Kind));
                Assert.Equal("response r2 {\"ok\":2}", observer.Messages[5].ToString());
                Assert.Contains(new KeyValuePair<string, string>("Lambda-Runtime-Trace-Id", "Root=1-2-3"), observer.Messages[0].Headers);
                Assert.Equal("r3", observer.Messages[7].RequestId);
                Assert.Contains("cannot: €", observer.Messages[7].Text);
            }, root);
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    /// <summary>The HTTP client of .NET runtimes, with one worker after the other.</summary>
    [Fact]
    public async Task A_NET_client_works_behind_the_proxy()
    {
        await using LambdaEmulator emulator = await LambdaEmulator.StartAsync(Played.Options());
        var observer = new RecordingObserver();
        await using RuntimeApiProxy proxy = Proxy(emulator, observer);
        var address = new Uri($"http://{proxy.Addresses[0]}/2018-06-01/runtime/");
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = address, Timeout = Played.Patience };
        Task<InvocationResult> invoked = emulator.InvokeAsync("{}"u8.ToArray(), new InvokeOptions { RequestId = "r1" }, TestContext.Current.CancellationToken);
        for (int i = 1; i <= 3; i++)
        {
            using HttpResponseMessage next = await http.GetAsync("invocation/next", TestContext.Current.CancellationToken);
            Assert.Equal($"r{i}", next.Headers.GetValues("Lambda-Runtime-Aws-Request-Id").Single());
            using var streamed = new StreamContent(new MemoryStream("\"streamed\""u8.ToArray()));
            using var post = new HttpRequestMessage(HttpMethod.Post, $"invocation/r{i}/response") { Content = streamed };
            post.Headers.TransferEncodingChunked = true;
            post.Headers.ExpectContinue = i == 2;
            using HttpResponseMessage accepted = await http.SendAsync(post, TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.Accepted, accepted.StatusCode);
            if (i < 3)
            {
                // The invocation is over when the runtime asks for the next one, which then has to be there.
                Task<InvocationResult> before = invoked;
                invoked = NextInvocationAsync(before, emulator, $"r{i + 1}");
            }
        }

        using var end = new CancellationTokenSource();
        Task<HttpResponseMessage> waiting = http.GetAsync("invocation/next", end.Token);
        Assert.Equal("\"streamed\"", Encoding.UTF8.GetString((await invoked).ResponseBody.Span));
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        Assert.Equal(3, observer.Messages.Count(static message => message.ToString().EndsWith(" \"streamed\"", StringComparison.Ordinal)));
    }

    private static async Task<InvocationResult> NextInvocationAsync(Task<InvocationResult> before, LambdaEmulator emulator, string requestId)
    {
        Assert.Equal(InvocationStatus.Success, (await before).Status);
        return await emulator.InvokeAsync("{}"u8.ToArray(), new InvokeOptions { RequestId = requestId });
    }

    private static async Task RunAsync(ProcessCommand runtime, Func<LambdaEmulator, RecordingObserver, Task> test, string? workingDirectory = null)
    {
        var environment = new Dictionary<string, string>();
        ProcessCommand function = runtime with { Environment = environment };
        var options = new EmulatorOptions { Function = function, Timeout = TimeSpan.FromSeconds(20), WorkingDirectory = workingDirectory };
        await using LambdaEmulator emulator = await LambdaEmulator.StartAsync(options);
        var observer = new RecordingObserver();
        await using RuntimeApiProxy proxy = Proxy(emulator, observer);
        environment["AWS_LAMBDA_RUNTIME_API"] = proxy.Addresses[0].ToString();
        await test(emulator, observer);
    }

    private static RuntimeApiProxy Proxy(LambdaEmulator emulator, RecordingObserver observer)
    {
        var copies = new BodyBudget(64L * 1024 * 1024);
        RuntimeApiProxy proxy = RuntimeApiProxy.Bind(
            ProxyRig.Settings(new IPEndPoint(IPAddress.Loopback, 0)), emulator.RuntimeApiAddress, observer, copies, TimeProvider.System, Log.Silent)!;
        proxy.Start();
        return proxy;
    }
}
