using Mayfly.Platforms.Lambda.Triggers;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.Triggers;

/// <summary>docs/spec/02-triggers.md#66-x-ray--awstraceheader</summary>
public class XRayHeaderTests
{
    [Theory]
    [InlineData("Root=1-65530000-0000000000000000000003e9;Parent=00000000000007d2;Sampled=1", 1001, 2002, 1)]
    [InlineData("Root=1-65530000-0000000000000000000003e9;Parent=00000000000007d2;Sampled=0", 1001, 2002, 0)]
    [InlineData("Root=1-65530000-0000000000000000000003e9;Parent=00000000000007d2", 1001, 2002, 0)]
    [InlineData("Root=1-65530000-0000000000000000000003e9; Sampled=1; Parent=00000000000007d2;Lineage=a:0", 1001, 2002, 1)]
    [InlineData("Root=1-00000000-00000000ffffffffffffffff;Parent=ffffffffffffffff;Sampled=1", ulong.MaxValue, ulong.MaxValue, 1)]
    public void Ids_that_a_Datadog_tracer_wrote(string header, ulong traceId, ulong spanId, int priority)
    {
        GeneratedContext? context = XRayHeader.Read(header);

        Assert.NotNull(context);
        Assert.Equal((traceId, spanId, priority), (context.TraceId, context.SpanId, context.Priority));
        Assert.Null(context.Origin);
        Assert.Empty(context.Tags);
    }

    [Theory]
    [InlineData("Root=1-64cc2edd-112fbf1701d1355973a11d57;Parent=7d5a9776024b2d42;Sampled=0")] // X-Ray's own.
    [InlineData("Root=1-6553")] // The reference panics.
    [InlineData("Root=")]
    [InlineData("Root=1-65530000-0000000000000000000003e9")]
    [InlineData("Root=1-65530000-0000000000000000000003e9;Parent=0000000000000000;Sampled=1")]
    [InlineData("Root=1-65530000-000000000000000000000000;Parent=00000000000007d2;Sampled=1")]
    [InlineData("Root=1-6553000g-0000000000000000000003e9;Parent=00000000000007d2;Sampled=1")]
    [InlineData("Root=2-65530000-0000000000000000000003e9;Parent=00000000000007d2;Sampled=1")]
    [InlineData("Root=1-65530000-0000000000000000000003e90;Parent=00000000000007d2;Sampled=1")]
    [InlineData("Root=1-65530000-0000000000000000000003e9;Parent=xyz;Sampled=1")]
    [InlineData("root=1-65530000-0000000000000000000003e9;Parent=00000000000007d2;Sampled=1")]
    [InlineData("")]
    [InlineData(null)]
    public void Anything_else_is_no_context(string? header) => Assert.Null(XRayHeader.Read(header));

    [Fact]
    public void Every_beginning_of_a_header_is_harmless()
    {
        const string Header = "Root=1-65530000-0000000000000000000003e9;Parent=00000000000007d2;Sampled=1";
        foreach (int length in Enumerable.Range(0, Header.Length))
        {
            GeneratedContext? context = XRayHeader.Read(Header[..length]);
            Assert.True(context is null or { TraceId: 1001 });
        }
    }
}
