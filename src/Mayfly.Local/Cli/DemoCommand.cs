using System.CommandLine;
using Mayfly.Local.Demo;
using Mayfly.Local.Emulator;
using Mayfly.Local.Intake;
using Spectre.Console;

namespace Mayfly.Local.Cli;

/// <summary>
/// <c>demo</c>: builds the sample function and the agent, sends the function through the situations that matter and prints what arrived. Exit code 0 only if
/// everything that was sent arrived.
/// </summary>
internal static class DemoCommand
{
    private const string SampleProject = "samples/FunctionCSharp";
    private const string EventFolder = "samples/events";

    /// <summary>Long enough for the processes to be seen stopped, and for what is in flight to be caught by it.</summary>
    private static readonly TimeSpan FreezeTime = TimeSpan.FromMilliseconds(250);

    public static Command Create()
    {
        Option<int> intakePort = new("--intake-port") { Description = "Port of the local intake on 127.0.0.1 (default: any free port).", HelpName = "PORT" };
        Option<bool> json = new("--json") { Description = "Print the report as JSON." };
        Option<bool> verbose = new("--verbose") { Description = "Print the lines that function and agent write, and every request to the intake." };

        // Its steps are about one invocation at a time: time-outs that reset, a start that is cold.
        Option<string> type = CommonOptions.InitializationType(InitializationTypes.All.Except([InitializationTypes.ManagedInstances]));
        var command = new Command("demo", "Run a sample function with the agent and check that everything it sends arrives.")
        {
            CommonOptions.Agent, CommonOptions.Timeout, type, intakePort, json, verbose,
        };
        command.SetAction((result, cancellation) => RunAsync(
            result.GetValue(CommonOptions.Agent),
            TimeSpan.FromSeconds(result.GetValue(CommonOptions.Timeout)),
            result.GetValue(type)!,
            result.GetValue(intakePort),
            result.GetValue(json),
            result.GetValue(verbose),
            cancellation));
        return command;
    }

    private static async Task<int> RunAsync(
        string? agentPath, TimeSpan timeout, string initializationType, int intakePort, bool asJson, bool verbose, CancellationToken cancellation)
    {
        IAnsiConsole console = ReportText.OpenConsole();
        var report = new ReportText(console);
        await using LocalIntake intake = await CommonOptions.StartIntakeAsync(intakePort, "--intake-port", cancellation);
        if (verbose)
        {
            intake.Received += request => Say(ReportText.Request(request));
        }

        Repository repository = Repository.Find();
        Say("Building the agent and the sample function ...");
        ProcessCommand agent = await AgentProgram.ResolveAsync(agentPath, cancellation);
        string function = await repository.BuildAsync(SampleProject, cancellation);
        string manifest = Path.GetTempFileName();
        try
        {
            await using LocalSession session = await LocalSession.StartAsync(
                new LocalSessionOptions
                {
                    Agent = agent,
                    Function = new ProcessCommand(Repository.DotnetPath, function),
                    FunctionName = "coffee-shop",
                    Timeout = timeout,
                    InitializationType = initializationType,
                    Variables = new Dictionary<string, string> { ["DD_SERVICE"] = "coffee-shop", ["DD_ENV"] = "demo", ["MAYFLY_DEMO_MANIFEST"] = manifest },
                    WorkingDirectory = repository.Root,
                    Output = verbose ? line => Say($"{line.Process}: {line.Line}") : null,
                },
                intake,
                cancellation);
            if (initializationType != InitializationTypes.OnDemand)
            {
                Say("Initializing ahead");
                await session.InitializeAsync(cancellation);
            }

            List<DemoInvocation> invocations = await InvokeAsync(session, repository, Say, cancellation);
            SentManifest sent = SentManifest.Parse(await File.ReadAllLinesAsync(manifest, cancellation));
            DeliveryReport delivery = DeliveryCheck.Compare(sent, invocations, intake.Requests);
            List<InvocationView> views = [.. invocations.Select(i => InvocationView.Of(i, intake))];
            if (asJson)
            {
                Console.Out.WriteLine(ReportJson.Write(delivery, views));
            }
            else
            {
                Print(report, views, intake, delivery, session);
            }

            return delivery.Complete ? 0 : 1;
        }
        finally
        {
            File.Delete(manifest);
        }

        // JSON is for a program: nothing else on standard output.
        void Say(string text) => (asJson ? Console.Error : Console.Out).WriteLine(text);
    }

    private static async Task<List<DemoInvocation>> InvokeAsync(
        LocalSession session, Repository repository, Action<string> say, CancellationToken cancellation)
    {
        var invocations = new List<DemoInvocation>();
        foreach ((string title, string file) in DemoEvents.Steps)
        {
            say($"Invoking: {title}");
            byte[] content = await File.ReadAllBytesAsync(Path.Combine(repository.Root, EventFolder, file), cancellation);
            invocations.Add(await session.InvokeAsync(title, DemoEvents.Refresh(content, DateTimeOffset.UtcNow), cancellation));
            await Task.Delay(FreezeTime, cancellation);
        }

        say("Shutting down");
        await session.ShutdownAsync(cancellation);
        return invocations;
    }

    private static void Print(ReportText report, List<InvocationView> views, LocalIntake intake, DeliveryReport delivery, LocalSession session)
    {
        foreach (string notice in session.Notices)
        {
            report.Line($"Note: {notice}");
        }

        for (int i = 0; i < views.Count; i++)
        {
            report.Invocation(i + 1, views[i]);
        }

        report.Enhanced(InvocationView.Enhanced(intake));
        report.Summary(delivery, session.AgentLines);
    }
}
