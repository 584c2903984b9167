using Mayfly.Platforms.Lambda;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda;

/// <summary>docs/spec/01-lambda-lifecycle.md 6.2; vector TV15.</summary>
public sealed class RuntimeNameTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("mayfly-runtime-name").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData("123", "A=1\0AWS_EXECUTION_ENV=AWS_Lambda_java123\0B=2\0", "java123")]
    [InlineData("123", "AWS_EXECUTION_ENV=AWS_Lambda_dotnet8", "dotnet8")]
    [InlineData("123", "AWS_EXECUTION_ENV=\"AWS_Lambda_Image\"\0", "Image")]
    [InlineData("123", "AWS_EXECUTION_ENV=\0", "provided.al2")]
    [InlineData("123", "XAWS_EXECUTION_ENV=AWS_Lambda_java8\0", "provided.al2")]
    [InlineData("123", "", "provided.al2")]
    [InlineData("1", "AWS_EXECUTION_ENV=AWS_Lambda_rapid\0", "provided.al2")]
    [InlineData("self", "AWS_EXECUTION_ENV=AWS_Lambda_java8\0", "provided.al2")]
    public void It_stands_in_the_environment_of_another_process(string pid, string environ, string expected)
    {
        Directory.CreateDirectory(Path.Combine(_root, pid));
        File.WriteAllText(Path.Combine(_root, pid, "environ"), environ);
        Directory.CreateDirectory(Path.Combine(_root, "77"));
        Assert.Equal(expected, RuntimeName.Detect(_root, OsRelease("PRETTY_NAME=\"Amazon Linux 2\"")));
    }

    [Theory]
    [InlineData("PRETTY_NAME=\"Amazon Linux 2\"", "provided.al2")]
    [InlineData("NAME=x\nPRETTY_NAME=\"Amazon Linux 2023.4.20240429\"\n", "provided.al2023")]
    [InlineData("PRETTY_NAME=\"Debian\"", "unknown")]
    [InlineData("", "unknown")]
    public void Else_the_operating_system_tells(string osRelease, string expected) => Assert.Equal(expected, RuntimeName.Detect(_root, OsRelease(osRelease)));

    [Fact]
    public void What_cannot_be_read_is_unknown() => Assert.Equal("unknown", RuntimeName.Detect(Path.Combine(_root, "none"), Path.Combine(_root, "none")));

    private string OsRelease(string text)
    {
        string file = Path.Combine(_root, "os-release");
        File.WriteAllText(file, text);
        return file;
    }
}
