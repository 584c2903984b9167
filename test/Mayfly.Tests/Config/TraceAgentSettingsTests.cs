using Mayfly.Config;
using Xunit;

namespace Mayfly.Tests.Config;

/// <summary>docs/spec/03-traces.md#8-environment-variables-read-by-this-component: the receiver and the samplers.</summary>
public class TraceAgentSettingsTests
{
    /// <summary>The keys of these records, which have no row in <see cref="SettingsTests"/>.</summary>
    internal static readonly string[] KeysRead =
    [
        Keys.TracesEnabled, Keys.TraceSocket, Keys.TraceV10, Keys.ErrorTps, Keys.ErrorTrackingStandalone, Keys.ProbabilisticSampler,
        Keys.ProbabilisticSamplerPercentage, Keys.ProbabilisticSamplerSeed, Keys.AdditionalTraces,
    ];

    [Fact]
    public void Nothing_set()
    {
        Settings settings = Settings.Read(new EnvReader(static _ => null));
        Assert.Equal((8126, null, false), (settings.Listeners.TracePort, settings.Listeners.TraceSocket, settings.Listeners.AdvertisesTraceV10));
        Assert.Equal(new SamplingSettings(), settings.Sampling);
        Assert.Empty(settings.Warnings);
    }

    [Theory]
    [InlineData("/run/apm.socket", "/run/apm.socket")]
    [InlineData(" unix:///run/apm.socket ", "/run/apm.socket")]
    public void Socket(string value, string path) => Assert.Equal(path, Read((Keys.TraceSocket, value)).Listeners.TraceSocket);

    [Fact]
    public void An_agent_without_traces_listens_nowhere()
    {
        ListenerSettings listeners = Read((Keys.TracesEnabled, "false"), (Keys.TraceSocket, "/s"), (Keys.TracePort, "1")).Listeners;
        Assert.Equal((0, null), (listeners.TracePort, listeners.TraceSocket));
    }

    [Fact]
    public void V10_is_told_on_request() => Assert.True(Read((Keys.TraceV10, "1")).Listeners.AdvertisesTraceV10);

    [Fact]
    public void Samplers()
    {
        SamplingSettings sampling = Read(
            (Keys.ErrorTps, "2.5"), (Keys.ErrorTrackingStandalone, "true"), (Keys.ProbabilisticSampler, "true"), (Keys.ProbabilisticSamplerPercentage, "12.5"),
            (Keys.ProbabilisticSamplerSeed, "4294967295"), (Keys.ComputeStats, "true")).Sampling;
        Assert.Equal(
            new SamplingSettings { ErrorTps = 2.5, KeepsErrorsOnly = true, Percentage = 12.5, HashSeed = uint.MaxValue, ComputesStats = true }, sampling);
    }

    [Fact]
    public void A_percentage_without_the_sampler_does_nothing() => Assert.Null(Read((Keys.ProbabilisticSamplerPercentage, "1")).Sampling.Percentage);

    /// <summary>The reference keeps nothing then.</summary>
    [Fact]
    public void The_sampler_without_a_percentage_keeps_everything_and_says_so()
    {
        Settings settings = Read((Keys.ProbabilisticSampler, "true"));
        Assert.Equal(100, settings.Sampling.Percentage);
        Assert.Contains(Keys.ProbabilisticSamplerPercentage, Assert.Single(settings.Warnings), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Keys.ErrorTps, "many")]
    [InlineData(Keys.ErrorTps, "-1")]
    [InlineData(Keys.ErrorTps, "NaN")]
    [InlineData(Keys.ProbabilisticSamplerSeed, "4294967296")]
    [InlineData(Keys.TraceV10, "perhaps")]
    public void What_is_not_understood_costs_itself(string key, string value)
    {
        Settings settings = Read((key, value));
        Assert.Contains(key, Assert.Single(settings.Warnings), StringComparison.Ordinal);
        Assert.Equal(new SamplingSettings(), settings.Sampling);
        Assert.False(settings.Listeners.AdvertisesTraceV10);
    }

    [Theory]
    [InlineData(
        """{"https://trace.agent.datadoghq.eu":["k1"," k2 "],"other.example/":["k3"]}""",
        "https://trace.agent.datadoghq.eu/api/v0.2/traces k1;https://trace.agent.datadoghq.eu/api/v0.2/traces k2;https://other.example/api/v0.2/traces k3",
        0)]
    [InlineData("""{"https://x/api/v0.2/traces":["k"]}""", "https://x/api/v0.2/traces k", 0)]
    [InlineData("""{"https://x":"k","https://y":[1,{"a":[]},"k"],"https://z":[""]}""", "https://x/api/v0.2/traces k;https://y/api/v0.2/traces k", 3)]
    [InlineData("""{"ftp://x":["k"],"https://y":["k"]}""", "https://y/api/v0.2/traces k", 1)]
    [InlineData("""{"https://x":["k"]""", "", 1)]
    [InlineData("""["https://x"]""", "", 1)]
    [InlineData("{} {}", "", 1)]
    [InlineData("https://x", "", 1)]
    [InlineData("{}", "", 0)]
    public void Additional_endpoints(string value, string expected, int errors)
    {
        Settings settings = Read((Keys.AdditionalTraces, value));
        Assert.Equal(expected, string.Join(';', settings.Intake.AdditionalTraces.Select(static one => $"{one.Url} {one.ApiKey.Value}")));
        Assert.Equal(errors, settings.Errors.Count);
    }

    private static Settings Read(params (string Key, string Value)[] variables) =>
        Settings.Read(new EnvReader(key => Array.Find(variables, variable => variable.Key == key).Value));
}
