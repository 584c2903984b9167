using System.Text;
using Mayfly.Platforms.Lambda.Triggers;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda.Triggers;

/// <summary>docs/spec/02-triggers.md#36-status-code-and-errors</summary>
public class ResponseStatusCodeTests
{
    [Theory]
    [InlineData("""{"statusCode":200}""", "200")]
    [InlineData("""{"body":"{\"statusCode\":500}","statusCode":404}""", "404")]
    [InlineData("""{"statusCode":"200"}""", "200")]
    [InlineData("""{"statusCode":200.0}""", "200")]
    [InlineData("""{"statusCode":"502.0"}""", "502")]
    [InlineData("""{"statusCode":100}""", "100")]
    [InlineData("""{"statusCode":599}""", "599")]
    [InlineData("""{"statusCode":99}""", null)]
    [InlineData("""{"statusCode":600}""", null)]
    [InlineData("""{"statusCode":200.5}""", null)]
    [InlineData("""{"statusCode":-200}""", null)]
    [InlineData("""{"statusCode":"OK"}""", null)]
    [InlineData("""{"statusCode":" 200"}""", null)]
    [InlineData("""{"statusCode":true}""", null)]
    [InlineData("""{"statusCode":null}""", null)]
    [InlineData("""{"statusCode":[200]}""", null)]
    [InlineData("""{"statusCode":1e400}""", null)]
    [InlineData("""{"StatusCode":200}""", null)]
    [InlineData("""{"a":{"statusCode":200}}""", null)]
    [InlineData("""[{"statusCode":200}]""", null)]
    [InlineData("""{"statusCode":""", null)]
    [InlineData("\"statusCode\"", null)]
    [InlineData("", null)]
    public void A_whole_number_in_any_form(string response, string? expected) =>
        Assert.Equal(expected, ResponseStatusCode.Read(Encoding.UTF8.GetBytes(response)));

    [Theory]
    [InlineData("500", true)]
    [InlineData("599", true)]
    [InlineData("499", false)]
    [InlineData("5", false)]
    [InlineData("5000", false)]
    [InlineData(null, false)]
    public void Errors_of_the_function(string? code, bool expected) => Assert.Equal(expected, ResponseStatusCode.IsServerError(code));
}
