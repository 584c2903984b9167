using Mayfly.Config;
using Xunit;

namespace Mayfly.Tests.Config;

/// <summary>docs/spec/02-triggers.md#63-configuration-and-composition and the rows of 05-config.md sections 3, 4, 5 and 16 that it names.</summary>
public class PropagationSettingsTests
{
    [Theory]
    [InlineData("default", null, null, "Datadog TraceContext", 0)]
    [InlineData("05 §16", "Datadog, B3 ,x", null, "Datadog B3", 1)]
    [InlineData("every style", "b3multi,b3,baggage,tracecontext,datadog", null, "B3Multi B3 Baggage TraceContext Datadog", 0)]
    [InlineData("EXTRACT wins", "datadog", "TRACECONTEXT", "TraceContext", 0)]
    [InlineData("blank EXTRACT counts as not set", "b3", " ", "B3", 0)]
    [InlineData("nothing valid: default", "x,y", null, "Datadog TraceContext", 2)]
    [InlineData("nothing valid in EXTRACT: STYLE", "b3", "x", "B3", 1)]
    [InlineData("none alone", "none", null, "", 0)]
    [InlineData("none in EXTRACT", "datadog", "None", "", 0)]
    [InlineData("none is removed", "none,b3", null, "B3", 0)]
    [InlineData("commas", ",datadog,,", null, "Datadog", 0)]
    [InlineData("commas alone: default", ",,", null, "Datadog TraceContext", 0)]
    [InlineData("repeated", "b3,datadog,b3", null, "B3 Datadog", 0)]
    [InlineData("JSON list", """["tracecontext", "b3"]""", null, "TraceContext B3", 0)]
    public void Styles_are_read(string row, string? style, string? extract, string expected, int warnings)
    {
        Settings settings = Environments.Read(("DD_TRACE_PROPAGATION_STYLE", style ?? ""), ("DD_TRACE_PROPAGATION_STYLE_EXTRACT", extract ?? ""));
        Assert.Equal((row, expected, warnings), (row, string.Join(' ', settings.Propagation.ExtractStyles), settings.Warnings.Count));
    }

    [Fact]
    public void An_unknown_style_is_named() => Assert.Contains("b4", Assert.Single(Environments.Read(("DD_TRACE_PROPAGATION_STYLE", "b4,datadog")).Warnings));

    [Fact]
    public void Switches_are_off_unless_set()
    {
        Settings settings = Environments.Read();
        Assert.Equal((false, false, false, 10), Shown(settings));
        settings = Environments.Read(
            ("DD_TRACE_PROPAGATION_EXTRACT_FIRST", "True"),
            ("DATADOG_TRACE_PROPAGATION_HTTP_BAGGAGE_ENABLED", "1"),
            ("DD_CAPTURE_LAMBDA_PAYLOAD", "yes"),
            ("DD_CAPTURE_LAMBDA_PAYLOAD_MAX_DEPTH", "0"));
        Assert.Equal((true, true, true, 0), Shown(settings));

        static (bool, bool, bool, int) Shown(Settings s) =>
            (s.Propagation.ExtractFirst, s.Propagation.HttpBaggage, s.PayloadCapture.IsEnabled, s.PayloadCapture.MaxDepth);
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("ten")]
    public void A_depth_that_is_none_is_ten(string text)
    {
        Settings settings = Environments.Read(("DD_CAPTURE_LAMBDA_PAYLOAD_MAX_DEPTH", text));
        Assert.Equal((10, 1), (settings.PayloadCapture.MaxDepth, settings.Warnings.Count));
    }
}
