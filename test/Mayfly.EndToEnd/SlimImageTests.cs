using System.Diagnostics;
using Mayfly.EndToEnd.Agents;
using Mayfly.EndToEnd.Compat;
using Mayfly.Local.Emulator;
using Mayfly.Local.Intake;
using Mayfly.Testing;
using Xunit;

namespace Mayfly.EndToEnd;

/// <summary>
/// The one file in an image that has nothing but the C library, and the device that every container has: no OpenSSL, no certificates, no <c>/tmp</c>, no
/// <c>/proc</c>, no shell (docs/spec/06-compat-and-init.md, "MUST be one self-contained file").
/// </summary>
public class SlimImageTests
{
    private const string Native = "native";

    [Fact]
    public async Task The_native_agent_delivers_over_TLS_in_a_root_with_only_glibc()
    {
        Assert.SkipUnless(AgentUnderTest.Names.Any(static row => row.Data == Native), "there is no native agent (./build.sh agent)");
        Assert.SkipUnless(Environment.IsPrivilegedProcess && File.Exists("/usr/bin/dpkg-query"), "only root may change the root, and Debian knows the files of glibc");
        DirectoryInfo root = Directory.CreateTempSubdirectory("mayfly-slim-");
        try
        {
            await CopyPackageAsync("libc6", root.FullName);
            root.CreateSubdirectory("dev");
            await OutputOfAsync("/usr/bin/mknod", Path.Combine(root.FullName, "dev", "urandom"), "c", "1", "9");
            File.Copy(AgentUnderTest.Path(Native), Path.Combine(root.FullName, "mayfly"));
            using TestAuthority authority = TestAuthority.Create();
            await File.WriteAllTextAsync(Path.Combine(root.FullName, "ca.pem"), authority.Pem, TestContext.Current.CancellationToken);
            LocalIntake tls = await LocalIntake.StartAsync(new IntakeOptions { Certificate = authority.Issue(), OffersHttp2 = true });
            await using Beside beside = await Beside.StartAsync(
                new ProcessCommand("/usr/sbin/chroot", root.FullName, "/mayfly"),
                hasLogs: true,
                tls,
                new("MAYFLY_MODE", "compat"),
                new("DD_TLS_CERT_FILE", "/ca.pem"));
            await beside.SendTraceAsync(new SampleSpan());
            await beside.SendLogsAsync("""[{"message":"slim","timestamp":1700000000000}]""");
            beside.Agent.SendSigTerm();
            Assert.Equal(0, await beside.Agent.ExitCodeAsync(Until.Patience));
            Assert.True(tls.Spans.Count == 1, beside.Agent.ToString());
            Assert.Equal("slim", Assert.Single(tls.Logs).Message);
        }
        finally
        {
            root.Delete(recursive: true);
        }
    }

    /// <summary>The files of an installed package, and nothing else.</summary>
    private static async Task CopyPackageAsync(string package, string root)
    {
        string[] files = (await OutputOfAsync("/usr/bin/dpkg-query", "-L", package)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Contains(files, static file => file.EndsWith("/libc.so.6", StringComparison.Ordinal));
        foreach (string file in files.Where(static file => file.StartsWith("/lib", StringComparison.Ordinal) && File.Exists(file)))
        {
            Directory.CreateDirectory(root + Path.GetDirectoryName(file));
            File.Copy(file, root + file);
        }
    }

    private static async Task<string> OutputOfAsync(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, process.ExitCode);
        return output;
    }
}
