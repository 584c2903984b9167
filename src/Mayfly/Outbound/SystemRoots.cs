using System.Security.Cryptography.X509Certificates;
using Mayfly.Config;
using Mayfly.Diagnostics;

namespace Mayfly.Outbound;

/// <summary>
/// The authorities that the system, or the user through <c>SSL_CERT_FILE</c> and <c>SSL_CERT_DIR</c>, trusts. Reading all of them costs tens of milliseconds of
/// CPU: it is done when a server's authority is none of the built-in ones (docs/decisions/0009-tls.md).
/// </summary>
internal static class SystemRoots
{
    private const int MostFilesOfFolder = 2_000;

    /// <summary>Where systems keep all in one file: Red Hat and Amazon Linux, Debian and Alpine, SUSE, BSD.</summary>
    private static readonly string[] KnownFiles =
    [
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
    ];

    /// <summary>
    /// All of them. A file of the user's that does not exist stands for nothing: on Lambda, images for .NET set one that does not, to save time.
    /// </summary>
    public static X509Certificate2Collection Read(TlsSettings settings, Log log)
    {
        var roots = new X509Certificate2Collection();
        string? file = settings.SystemFile is { } own && File.Exists(own) ? own : KnownFiles.FirstOrDefault(File.Exists);
        if (file is not null && CertificateFile.Read(file, roots) is { } problem && file == settings.SystemFile)
        {
            log.Once(
                Keys.SystemCertFile,
                LogLevel.Warn,
                $"{Keys.SystemCertFile}={file}: {problem}. Set it to a file of certificates in PEM form, or remove it to use the system's.");
        }

        foreach (string folder in (settings.SystemFolders ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries))
        {
            ReadFolder(folder, roots);
        }

        return roots;
    }

    /// <summary>Links under hashed names stand beside the files they mean: the same certificate twice does no harm.</summary>
    private static void ReadFolder(string folder, X509Certificate2Collection roots)
    {
        try
        {
            foreach (string file in Directory.EnumerateFiles(folder).Take(MostFilesOfFolder))
            {
                CertificateFile.Read(file, roots);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            // A folder that is not there, or not for this user, adds nothing.
        }
    }
}
