using Mayfly.Config;
using Xunit;

namespace Mayfly.Tests.Config;

/// <summary><c>DD_SERVICE_MAPPING</c>: docs/spec/02-triggers.md#32-service-name.</summary>
public class ServiceMappingTests
{
    [Theory]
    [InlineData("a:x,b:y", "a", "x")]
    [InlineData(" a : x , b:y", "a", "x")]
    [InlineData("a:x,b:y", "b", "y")]
    [InlineData("a:x,a:y", "a", "y")]
    [InlineData("a:x", "A", null)]
    [InlineData("a:x", null, null)]
    [InlineData("a:x:y", "a", null)]
    [InlineData("a:", "a", null)]
    [InlineData(":x", "", null)]
    [InlineData("a:a", "a", null)]
    [InlineData("a", "a", null)]
    [InlineData("", "a", null)]
    [InlineData(null, "a", null)]
    public void Entries_of_the_mapping(string? text, string? key, string? expected) => Assert.Equal(expected, ServiceMapping.Parse(text).Find(key));

    [Fact]
    public void Entries_that_are_not_understood_are_told() => Assert.Equal(["a", "b:", "c:d:e"], ServiceMapping.Parse("a, b: ,x:y,c:d:e,").Rejected);

    [Fact]
    public void An_entry_that_is_not_understood_is_warned_of_by_name()
    {
        Settings settings = Environments.Read((Keys.ServiceMapping, "a:b, c:d ,e"));
        Assert.Equal("a:b,c:d", settings.Triggers.ServiceMapping.ToString());
        Assert.StartsWith("DD_SERVICE_MAPPING=e ", Assert.Single(settings.Warnings), StringComparison.Ordinal);
    }
}
