using Mayfly.Platforms.Lambda.Propagation;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.Propagation;

/// <summary>docs/spec/02-triggers.md#66-x-ray--awstraceheader and #12, entry 5.</summary>
public class XRayHeaderTests
{
    [Theory]
    [InlineData("the example", "Root=1-65530000-0000000000000000000003e9;Parent=00000000000007d2;Sampled=1", "1001/2002 p=1")]
    [InlineData("not sampled", "Root=1-65530000-0000000000000000000003e9;Parent=00000000000007d2;Sampled=0", "1001/2002 p=0")]
    [InlineData("undecided", "Root=1-65530000-0000000000000000000003e9;Parent=00000000000007d2;Sampled=?", "1001/2002 p=0")]
    [InlineData("no decision", "Root=1-65530000-0000000000000000000003e9;Parent=00000000000007d2", "1001/2002 p=0")]
    [InlineData("other order, blanks, lineage", "Lineage=a:0; Sampled=1; Parent=7d2; Self=1-x; Root=1-65530000-0000000000000000000003E9", "1001/2002 p=1")]
    [InlineData("largest ids", "Root=1-00000000-00000000ffffffffffffffff;Parent=ffffffffffffffff;Sampled=1", "18446744073709551615/18446744073709551615 p=1")]
    [InlineData("no padding: X-Ray's own", "Root=1-64cc2edd-112fbf1701d1355973a11d57;Parent=7d5a9776024b2d42;Sampled=0", Contexts.None)]
    [InlineData("§12 #5: short root", "Root=1-6553;Parent=00000000000007d2;Sampled=1", Contexts.None)]
    [InlineData("short id", "Root=1-65530000-00000000000003e9;Parent=00000000000007d2;Sampled=1", Contexts.None)]
    [InlineData("long id", "Root=1-65530000-00000000000000000000003e9;Parent=00000000000007d2;Sampled=1", Contexts.None)]
    [InlineData("other version", "Root=2-65530000-0000000000000000000003e9;Parent=00000000000007d2;Sampled=1", Contexts.None)]
    [InlineData("time is no hex", "Root=1-6553zzzz-0000000000000000000003e9;Parent=00000000000007d2;Sampled=1", Contexts.None)]
    [InlineData("id is no hex", "Root=1-65530000-00000000000000000000z3e9;Parent=00000000000007d2;Sampled=1", Contexts.None)]
    [InlineData("trace id 0", "Root=1-65530000-000000000000000000000000;Parent=00000000000007d2;Sampled=1", Contexts.None)]
    [InlineData("parent 0", "Root=1-65530000-0000000000000000000003e9;Parent=0000000000000000;Sampled=1", Contexts.None)]
    [InlineData("parent is no hex", "Root=1-65530000-0000000000000000000003e9;Parent=xyz;Sampled=1", Contexts.None)]
    [InlineData("other case", "root=1-65530000-0000000000000000000003e9;Parent=00000000000007d2;Sampled=1", Contexts.None)]
    [InlineData("no parent", "Root=1-65530000-0000000000000000000003e9;Sampled=1", Contexts.None)]
    [InlineData("no root", "Parent=00000000000007d2;Sampled=1", Contexts.None)]
    [InlineData("empty", "", Contexts.None)]
    [InlineData("absent", null, Contexts.None)]
    [InlineData("semicolons", ";;;", Contexts.None)]
    public void A_header_gives_a_context(string row, string? header, string expected) =>
        Assert.Equal((row, expected), (row, Contexts.Describe(XRayHeader.Read(header))));

    [Fact]
    public void Every_beginning_of_a_header_is_harmless()
    {
        const string Header = "Root=1-65530000-0000000000000000000003e9;Parent=00000000000007d2;Sampled=1";
        Assert.All(Enumerable.Range(0, Header.Length), static length => Assert.True(XRayHeader.Read(Header[..length]) is null or { TraceId: 1001 }));
    }
}
