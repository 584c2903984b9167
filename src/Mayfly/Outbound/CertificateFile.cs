using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Mayfly.Outbound;

/// <summary>Reads certificates out of files as they are found in the field: bundles, with anything between the certificates, or a single binary one.</summary>
internal static class CertificateFile
{
    private const int LimitBytes = 8 * 1024 * 1024;

    /// <summary>Adds the certificates of a file to <paramref name="certificates"/>; returns what is wrong with it, for a person, null: nothing.</summary>
    /// <remarks>One certificate that cannot be read costs itself.</remarks>
    public static string? Read(string path, X509Certificate2Collection certificates)
    {
        try
        {
            using FileStream file = File.OpenRead(path);
            if (file.Length > LimitBytes)
            {
                return $"it is larger than {LimitBytes >> 20} MiB";
            }

            byte[] content = new byte[file.Length];
            file.ReadExactly(content);
            return Parse(content, certificates);
        }
        catch (FileNotFoundException)
        {
            return "there is no such file";
        }
        catch (DirectoryNotFoundException)
        {
            return "there is no such file";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return $"it cannot be read: {e.Message}";
        }
    }

    /// <summary>As <see cref="Read"/>, of what a file holds.</summary>
    public static string? Parse(ReadOnlySpan<byte> content, X509Certificate2Collection certificates)
    {
        int broken = 0;
        int found = 0;
        string text = Encoding.Latin1.GetString(content);
        for (int at = 0; PemEncoding.TryFind(text.AsSpan(at), out PemFields fields); at += fields.Location.End.Value)
        {
            ReadOnlySpan<char> item = text.AsSpan(at);
            if (!item[fields.Label].SequenceEqual("CERTIFICATE"))
            {
                continue;
            }

            byte[] der = Convert.FromBase64String(item[fields.Base64Data].ToString());
            found += Add(der, certificates) ? 1 : 0;
            broken += 1;
        }

        broken -= found;
        if (found + broken == 0)
        {
            return Add(content, certificates) ? null : "it holds no certificate";
        }

        return broken == 0 ? null : $"{broken} of its {found + broken} certificates cannot be read";
    }

    private static bool Add(ReadOnlySpan<byte> der, X509Certificate2Collection certificates)
    {
        try
        {
            certificates.Add(X509CertificateLoader.LoadCertificate(der));
            return true;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }
}
