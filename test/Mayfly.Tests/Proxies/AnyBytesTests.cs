using System.Globalization;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Mayfly.Proxies;
using Mayfly.Tests.Http;
using Xunit;

namespace Mayfly.Tests.Proxies;

/// <summary>Whatever clients send costs themselves only; the small parsers against what they are for.</summary>
public class AnyBytesTests
{
    private static readonly string[] Paths =
    [
        "/v0.1/pipeline_stats", "/profiling/v1/input", "/telemetry/proxy/", "/evp_proxy/v1/", "/evp_proxy/v4/api", "/debugger/v1/input", "/symdb/v1/input",
        "/openlineage/api/v1/lineage",
    ];

    /// <summary>Targets and headers of random bytes: a clear status, nothing left in memory, nothing sent anywhere but to the site.</summary>
    [Fact]
    public async Task Any_target_and_headers_get_an_answer()
    {
        await using ProxyRig rig = await ProxyRig.StartAtSiteAsync();
        var random = new Random(20261128);
        for (int round = 0; round < 2000; round++)
        {
            string target = Paths[random.Next(Paths.Length)] + (random.Next(3) == 0 ? "" : Noise(random, 12)) + (random.Next(2) == 0 ? "" : "?" + Noise(random, 20));
            string head = $"POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nX-Datadog-EVP-Subdomain: {(random.Next(2) == 0 ? "llmobs-intake" : Noise(random, 8))}\r\n"
                + $"X-Datadog-Additional-Tags: {Noise(random, 10)}\r\nX-Datadog-Timeout: {Noise(random, 4)}\r\nConnection: {Noise(random, 6)}\r\n\r\n";
            if (head.Contains("EVP-Subdomain: api\r\n", StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }

            RawAnswer answer = await RawHttp.OnceAsync(rig.Port, head, [1]);
            Assert.True(answer.Status is 200 or 400 or 404 or 429 or 502, $"{answer.Status} to {head}");
        }

        Assert.All(rig.Take(), static request => Assert.EndsWith(".datadoghq.com", request.Url.Host, StringComparison.OrdinalIgnoreCase));
        await rig.Budget.AssertFreeAsync();
        Assert.Equal((0, 0), (rig.Buffer.WaitingBytes, rig.Counts.Delivered));
    }

    /// <summary>A value that was put into a query is found in it again, whatever else is there.</summary>
    [Fact]
    public void A_parameter_is_found_again() => Prop.ForAll(ArbMap.Default.ArbFor<string>(), ArbMap.Default.ArbFor<string>(), static (before, text) =>
    {
        string value = Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text ?? ""));
        string query = QueryText.With("?" + before, "ddtags", value);
        return QueryText.Find(query, "ddtags") == value && query.Split('&').Count(static pair => pair.TrimStart('?').StartsWith("ddtags=", StringComparison.Ordinal)) >= 1;
    }).Check(FsCheck.Config.QuickThrowOnFailure.WithMaxTest(500));

    [Theory]
    [InlineData("", "?n=v")]
    [InlineData("?", "?n=v")]
    [InlineData("?a", "?a&n=v")]
    [InlineData("?n", "?n=v")]
    [InlineData("?n=1&a=b&n=2", "?a=b&n=v")]
    [InlineData("?nn=1&&a=%20+", "?nn=1&a=%20+&n=v")]
    public void The_other_parameters_stay(string query, string expected) => Assert.Equal(expected, QueryText.With(query, "n", "v"));

    [Theory]
    [InlineData("?n=%41%2c+%", "A, %")]
    [InlineData("?n=%4", "%4")]
    [InlineData("?n=%zz", "%zz")]
    [InlineData("?n=a=b", "a=b")]
    [InlineData("?n", "")]
    [InlineData("?m=1", null)]
    public void Escapes_are_resolved(string query, string? expected) => Assert.Equal(expected, QueryText.Find(query, "n"));

    [Theory]
    [InlineData("5s", 5.0)]
    [InlineData("300ms", 0.3)]
    [InlineData("1.5h", 5400.0)]
    [InlineData("1m30s", 90.0)]
    [InlineData("10us", 0.00001)]
    [InlineData("10µs", 0.00001)]
    [InlineData("1h1m1s1ms", 3661.001)]
    [InlineData("99999999h", 1_000_000.0)]
    [InlineData("5", null)]
    [InlineData("s", null)]
    [InlineData("", null)]
    [InlineData("0s", null)]
    [InlineData("-5s", null)]
    [InlineData("5 s", null)]
    [InlineData("5d", null)]
    [InlineData("1..2s", null)]
    public void Durations(string text, double? seconds) => Assert.Equal(seconds, GoDuration.Parse(text)?.TotalSeconds);

    [Fact]
    public void Any_duration_is_one_or_none() => Prop.ForAll(
        Gen.Elements("1", "0", ".", "s", "ms", "h", "-", "9", "µ", "e", " ").ArrayOf().Select(string.Concat).ToArbitrary(),
        static text => GoDuration.Parse(text) is not { } duration || duration > TimeSpan.Zero)
        .Check(FsCheck.Config.QuickThrowOnFailure.WithMaxTest(500));

    [Theory]
    [InlineData("a\r\nX: y", "a__X: y")]
    [InlineData("é€", "\u00c3\u00a9\u00e2\u0082\u00ac")]
    [InlineData("", "")]
    public void Tags_are_fit_for_headers(string text, string expected) => Assert.Equal(expected, ProxyTags.HeaderForm(text));

    private static string Noise(Random random, int most)
    {
        const string Likely = "/.?&=%:@;,#+-_~\\\"'<>[]{}|^`aZ09\u00e9\u00ff";
        return string.Concat(Enumerable.Range(0, random.Next(1, most)).Select(_ => Likely[random.Next(Likely.Length)].ToString(CultureInfo.InvariantCulture)));
    }
}
