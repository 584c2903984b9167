using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Mayfly.EndToEnd.Agents;
using Mayfly.EndToEnd.Functions;
using Mayfly.Testing;
using Microsoft.Win32.SafeHandles;

namespace Mayfly.EndToEnd.Reference;

/// <summary>
/// A test's authority in a program that trusts a list of its own, which no variable changes: in the memory of the running program, and nowhere else, the public
/// key of one authority on that list is replaced by that of the test's, which has its name.
/// </summary>
internal static class AuthorityInMemory
{
    private const string Replaced = "CN=DigiCert Global Root G2,";

    /// <summary>Of the name that is replaced.</summary>
    public static TestAuthority Create()
    {
        using X509Certificate2 replaced = ReadReplaced();
        return TestAuthority.Like(replaced);
    }

    /// <summary>Makes the process, a child of this one, trust the authority.</summary>
    public static void Install(TestAuthority authority, int processId)
    {
        using X509Certificate2 replaced = ReadReplaced();
        using X509Certificate2 installed = X509CertificateLoader.LoadCertificate(authority.Der);
        byte[] from = ModulusOf(replaced);
        byte[] to = ModulusOf(installed);
        using SafeFileHandle memory = MemoryOf(processId);
        int found = 0;
        foreach (string line in File.ReadLines($"/proc/{processId}/maps").Where(IsReadable))
        {
            long[] range = [.. line.Split(' ')[0].Split('-').Select(static one => long.Parse(one, NumberStyles.HexNumber, CultureInfo.InvariantCulture))];
            byte[] bytes = new byte[range[1] - range[0]];
            int at = bytes.AsSpan(0, RandomAccess.Read(memory, bytes, range[0])).IndexOf(from);
            if (at >= 0)
            {
                RandomAccess.Write(memory, to, range[0] + at);
                found++;
            }
        }

        if (found == 0)
        {
            throw new InvalidOperationException($"The key of {Replaced} is not in the memory of process {processId}.");
        }
    }

    /// <summary>Skips the test where the system lets no process look into its children.</summary>
    private static SafeFileHandle MemoryOf(int processId)
    {
        try
        {
            return File.OpenHandle($"/proc/{processId}/mem", FileMode.Open, FileAccess.ReadWrite);
        }
        catch (UnauthorizedAccessException)
        {
            NodeProgram.SkipOrFail("The memory of a child cannot be written here (kernel.yama.ptrace_scope).");
            throw;
        }
    }

    /// <summary>By its permissions, and no page of the kernel's.</summary>
    private static bool IsReadable(string line) => line.Contains(" r", StringComparison.Ordinal) && !line.Contains("[v", StringComparison.Ordinal);

    /// <summary>One of the certificates that the agent brings along.</summary>
    private static X509Certificate2 ReadReplaced()
    {
        var roots = new X509Certificate2Collection();
        roots.ImportFromPemFile(Path.Combine(AgentUnderTest.Root, "src", "Mayfly", "Outbound", "roots.pem"));
        return roots.Single(static root => root.Subject.StartsWith(Replaced, StringComparison.Ordinal));
    }

    private static byte[] ModulusOf(X509Certificate2 certificate)
    {
        using RSA key = certificate.GetRSAPublicKey()!;
        return key.ExportParameters(includePrivateParameters: false).Modulus!;
    }
}
