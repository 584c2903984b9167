using Mayfly.Config;
using Mayfly.Config.Files;
using Xunit;

namespace Mayfly.Tests.Config.Files;

/// <summary>docs/spec/05-config.md#1-sources-and-merge-order, the file.</summary>
public sealed class ConfigFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mayfly-config-").FullName;

    private string FilePath => Path.Combine(_folder, "datadog.yaml");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_file_in_the_task_root_is_found()
    {
        Assert.Null(ConfigFile.Find(_folder));
        File.WriteAllText(FilePath, "site: datadoghq.eu");
        Assert.Equal("datadoghq.eu", Settings.Read(new EnvReader(static _ => null, ConfigFile.Find(_folder))).Intake.Site);
    }

    [Fact]
    public void An_empty_file_sets_nothing()
    {
        File.WriteAllText(FilePath, "");
        Assert.Null(ConfigFile.Find(_folder));
        File.WriteAllText(FilePath, "# site: datadoghq.eu\n");
        Assert.Empty(ReadFile().Errors);
    }

    [Fact]
    public void A_folder_of_that_name_is_no_file()
    {
        Directory.CreateDirectory(FilePath);
        Assert.Null(ConfigFile.Find(_folder));
    }

    [Fact]
    public void A_file_beyond_the_limit_costs_itself_and_one_sentence()
    {
        File.WriteAllText(FilePath, "site: datadoghq.eu\n#" + new string('x', ConfigFile.SizeLimitBytes));
        Assert.Equal(
            $"{FilePath} is larger than 1048576 bytes. Nothing in it is used; environment variables and defaults hold. Take out what is not needed.",
            AssertRefused());
    }

    [Fact]
    public void A_broken_file_costs_itself_and_one_sentence_that_says_where()
    {
        File.WriteAllText(FilePath, "site: datadoghq.eu\nlogs_config:\n  processing_rules: [\n");
        string error = AssertRefused();
        Assert.Contains($"{FilePath} cannot be parsed in line ", error, StringComparison.Ordinal);
        Assert.EndsWith("environment variables and defaults hold. Correct that line, or remove the file.", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_of_other_bytes_is_refused()
    {
        File.WriteAllBytes(FilePath, [0x7f, 0x45, 0x4c, 0x46, 0, 1, 2, 0xff, 0xfe, 0]);
        AssertRefused();
    }

    [Fact]
    public void Too_many_keys_are_refused()
    {
        File.WriteAllText(FilePath, "a: &a {" + string.Join(", ", Enumerable.Range(0, 6000).Select(static i => $"k{i}: 1")) + "}\nb: *a\n");
        Assert.Contains("more than 10000 keys", AssertRefused(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("site: a.com\nsite: b.com", "datadog.yaml, line 1: site is set again in line 2, which is used.")]
    [InlineData("proxy:\n  https: http://a\nproxy.https: http://b", "datadog.yaml, line 2: proxy.https is set again in line 3, which is used.")]
    [InlineData("vector:\n  logs: {enabled: true}", null)]
    [InlineData("logs_config: {use_compression: true}\nlogs_config: {compression_level: 1}", null)]
    public void A_key_that_is_there_twice_is_pointed_out(string yaml, string? warning)
    {
        var file = ConfigFile.Parse(yaml);
        Assert.Equal(warning is null ? [] : [warning], file.Warnings);
        Assert.Empty(file.Errors);
    }

    private string AssertRefused()
    {
        Settings settings = Settings.Read(new EnvReader(static name => name == Keys.ApiKey ? "the-key" : null, ReadFile()));
        Assert.Equal("the-key", settings.ApiKey);
        Assert.Equal("datadoghq.com", settings.Intake.Site);
        Assert.Empty(settings.Warnings);
        return Assert.Single(settings.Errors);
    }

    private ConfigFile ReadFile() => ConfigFile.Find(_folder)!;
}
