using System.Globalization;
using Mayfly.Local.Emulator;
using Mayfly.Testing;
using Xunit;

namespace Mayfly.Tests.Local.Emulator;

/// <summary>Provisioned concurrency and proactive initialization: docs/spec/01-lambda-lifecycle.md (1.3, 1.5, 4.7).</summary>
public class InitAheadTests
{
    [Theory]
    [InlineData(InitializationTypes.ProvisionedConcurrency)]
    [InlineData(InitializationTypes.OnDemand)]
    public async Task The_first_invocation_may_come_long_after_INIT(string type)
    {
        var clock = new JumpingClock();
        await using TelemetrySink sink = await TelemetrySink.StartAsync();
        EmulatorOptions options = Played.Options("ext") with
        {
            InitializationType = type,
            Time = clock,
            RuntimeVersion = EmulatorOptions.DurableRuntimeVersion,
        };
        await using Played played = await Played.StartAsync(options);
        string id = await played.RegisteredIdAsync("ext");
        await played.SubscribeAsync(id, sink.Port);
        Task<IReadOnlyList<string>> extension = played.PlayExtensionAsync(id);
        Task runtime = played.PlayRuntimeAsync();
        Assert.True(await played.Emulator.InitializeAsync());
        clock.Jump(TimeSpan.FromMinutes(5));
        InvocationResult first = await played.InvokeAsync();
        InvocationResult second = await played.InvokeAsync();
        await played.Emulator.ShutdownAsync();
        await Task.WhenAll(extension, runtime);

        Assert.True(first.Cold && first.InitDuration < TimeSpan.FromMinutes(1));
        Assert.InRange(first.InitAhead!.Value, TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(6));
        Assert.True(second is { Cold: false, InitAhead: null });
        ReceivedEvent init = sink.Events.Single(one => one.Type == "platform.initStart");
        Assert.Equal((type, "init", "python:3.14.DurableFunction.v6"), (init.Text("initializationType"), init.Text("phase"), init.Text("runtimeVersion")));
        ReceivedEvent start = sink.Events.First(one => one.Type == "platform.start");
        Assert.True(TimeOf(start) - TimeOf(init) >= TimeSpan.FromMinutes(5));
        Assert.Equal(["INVOKE", "INVOKE", "SHUTDOWN(spindown)"], await extension);
        string[] kinds = [.. played.Emulator.Timeline.Select(entry => $"{entry.Kind} {entry.Subject}")];
        Assert.True(Array.IndexOf(kinds, "Frozen sandbox") < Array.IndexOf(kinds, "PhaseStarted INVOKE"));
    }

    [Theory]
    [InlineData(InitializationTypes.OnDemand, 10)]
    [InlineData(InitializationTypes.ProvisionedConcurrency, 900)]
    [InlineData(InitializationTypes.SnapStart, 900)]
    [InlineData(InitializationTypes.ManagedInstances, 900)]
    public void The_ten_seconds_of_INIT_are_for_on_demand_only(string type, int seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), (Played.Options() with { InitializationType = type }).InitLimit);

    private static DateTimeOffset TimeOf(ReceivedEvent happening) => DateTimeOffset.Parse(happening.Time, CultureInfo.InvariantCulture);
}
