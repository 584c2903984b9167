using Mayfly.Traces;
using Xunit;

namespace Mayfly.Tests.Traces;

/// <summary>docs/spec/03-traces.md#14-request-headers-that-are-read</summary>
public class TraceHeadersTests
{
    [Theory]
    [InlineData(null, false)]
    [InlineData("", false)]
    [InlineData("0", false)]
    [InlineData("f", false)]
    [InlineData("F", false)]
    [InlineData("FALSE", false)]
    [InlineData("False", false)]
    [InlineData("false", false)]
    [InlineData("1", true)]
    [InlineData("t", true)]
    [InlineData("true", true)]
    [InlineData("yes", true)]
    [InlineData("no", true)]
    [InlineData("fALSE", true)]
    [InlineData(" ", true)]
    public void Booleans(string? value, bool expected) => Assert.Equal(expected, TraceHeaders.IsTrue(value));

    [Fact]
    public void All_headers_are_read()
    {
        var sent = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
        {
            ["datadog-meta-lang"] = "nodejs",
            ["datadog-meta-lang-version"] = "v20",
            ["datadog-meta-lang-interpreter"] = "v8",
            ["datadog-meta-tracer-version"] = "5",
            ["datadog-container-id"] = "cid",
            ["x-datadog-process-tags"] = "a:b",
            ["datadog-client-computed-top-level"] = "1",
            ["datadog-client-computed-stats"] = "yes",
        };
        var expected = new TraceHeaders
        {
            Language = "nodejs",
            LanguageVersion = "v20",
            Interpreter = "v8",
            TracerVersion = "5",
            ContainerId = "cid",
            ProcessTags = "a:b",
            ComputedTopLevel = true,
            ComputedStats = true,
        };
        Assert.Equal(expected, TraceHeaders.From(sent, static (headers, name) => headers.GetValueOrDefault(name)));
        Assert.Equal(default, TraceHeaders.From(sent, static (_, _) => null));
    }
}
