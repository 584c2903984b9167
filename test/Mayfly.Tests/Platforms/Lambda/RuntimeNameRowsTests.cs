using Mayfly.Platforms.Lambda;
using Mayfly.Tests.Platforms.Lambda.Usage;
using Xunit;

namespace Mayfly.Tests.Platforms.Lambda;

/// <summary>docs/spec/01-lambda-lifecycle.md, section 6.2 and TV15.</summary>
public sealed class RuntimeNameRowsTests : IDisposable
{
    private readonly ProcTree _tree = new();

    public void Dispose() => _tree.Dispose();

    [Theory]
    [InlineData("TV15", "A=1\0AWS_EXECUTION_ENV=AWS_Lambda_java123\0B=2\0", "java123")]
    [InlineData("last entry, no 0 behind it", "A=1\0AWS_EXECUTION_ENV=AWS_Lambda_nodejs20.x", "nodejs20.x")]
    [InlineData("quotes are removed", "AWS_EXECUTION_ENV=\"AWS_Lambda_python3.12\"\0", "python3.12")]
    [InlineData("container images", "AWS_EXECUTION_ENV=AWS_Lambda_Image\0", "Image")]
    [InlineData("the platform's own process is none", "AWS_EXECUTION_ENV=AWS_Lambda_rapid\0", "unknown")]
    [InlineData("nothing after the underscore", "AWS_EXECUTION_ENV=AWS_Lambda_\0", "unknown")]
    [InlineData("set empty", "AWS_EXECUTION_ENV=\0", "unknown")]
    [InlineData("not set", "A=1\0B=2\0", "unknown")]
    [InlineData("empty environment", "", "unknown")]
    public void From_the_environment_of_a_process(string row, string environ, string expected)
    {
        _tree.With("123/environ", environ);
        Assert.True(Detect() == expected, row);
    }

    [Fact]
    public void Process_1_and_what_is_no_process_are_not_asked()
    {
        _tree.With("1/environ", "AWS_EXECUTION_ENV=AWS_Lambda_one\0").With("self/environ", "AWS_EXECUTION_ENV=AWS_Lambda_self\0");
        _tree.With("123/environ", "A=1\0").With("124/status", "");
        Assert.Equal("unknown", Detect());
    }

    [Fact]
    public void The_platforms_own_process_does_not_hide_the_runtime()
    {
        _tree.With("10/environ", "AWS_EXECUTION_ENV=AWS_Lambda_rapid\0").With("30/environ", "AWS_EXECUTION_ENV=AWS_Lambda_rapid\0");
        _tree.With("20/environ", "AWS_EXECUTION_ENV=AWS_Lambda_dotnet8\0");
        Assert.Equal("dotnet8", Detect());
    }

    [Theory]
    [InlineData("TV15 Amazon Linux 2", "NAME=\"Amazon Linux\"\nPRETTY_NAME=\"Amazon Linux 2\"\n", "provided.al2")]
    [InlineData("TV15 Amazon Linux 2023", "PRETTY_NAME=\"Amazon Linux 2023.4.20240429\"\n", "provided.al2023")]
    [InlineData("without quotes", "PRETTY_NAME=Amazon Linux 2\n", "provided.al2")]
    [InlineData("another system", "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n", "unknown")]
    [InlineData("no such line", "NAME=\"Amazon Linux\"\n", "unknown")]
    [InlineData("TV15 unreadable", null, "unknown")]
    public void From_the_operating_system(string row, string? osRelease, string expected)
    {
        if (osRelease is not null)
        {
            _tree.With("os-release", osRelease);
        }

        Assert.True(Detect() == expected, row);
    }

    [Fact]
    public void A_tree_that_is_not_there_is_unknown() => Assert.Equal("unknown", RuntimeName.Detect("/not/there", "/not/there/either"));

    private string Detect() => RuntimeName.Detect(_tree.Root, Path.Combine(_tree.Root, "os-release"));
}
