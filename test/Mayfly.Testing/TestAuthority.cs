using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Mayfly.Testing;

/// <summary>A certificate authority of a test's own, which nobody else trusts.</summary>
public sealed class TestAuthority : IDisposable
{
    private readonly X509Certificate2 _certificate;

    private TestAuthority(X509Certificate2 certificate) => _certificate = certificate;

    /// <summary>A root.</summary>
    public static TestAuthority Create(string name = "Mayfly test root")
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = AuthorityRequest(name, key);
        return new TestAuthority(request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30)));
    }

    /// <summary>One that has the name of another, and a key of the same kind and size: to whoever goes by the name, that other one.</summary>
    /// <param name="other">With an RSA key.</param>
    public static TestAuthority Like(X509Certificate2 other)
    {
        using var key = RSA.Create(other.GetRSAPublicKey()!.KeySize);
        var request = new CertificateRequest(other.SubjectName, key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        return new TestAuthority(Restrict(request).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30)));
    }

    /// <summary>Its certificate in PEM form, as <c>DD_TLS_CERT_FILE</c> wants it.</summary>
    public string Pem => _certificate.ExportCertificatePem() + "\n";

    /// <summary>The same in binary form.</summary>
    public byte[] Der => _certificate.RawData;

    /// <summary>An authority below this one.</summary>
    public TestAuthority CreateIntermediate(string name = "Mayfly test intermediate")
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 signed = Sign(AuthorityRequest(name, key), DateTimeOffset.UtcNow.AddDays(20));
        return new TestAuthority(signed.CopyWithPrivateKey(key));
    }

    /// <summary>The certificate of a server, with its key.</summary>
    /// <param name="host">An address or a name.</param>
    /// <param name="isExpired">Its last day was yesterday.</param>
    public X509Certificate2 Issue(string host = "127.0.0.1", bool isExpired = false)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=" + host, key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        if (IPAddress.TryParse(host, out IPAddress? address))
        {
            names.AddIpAddress(address);
        }
        else
        {
            names.AddDnsName(host);
        }

        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], critical: true));
        using X509Certificate2 signed = Sign(request, DateTimeOffset.UtcNow.AddHours(isExpired ? -2 : 48));
        using X509Certificate2 whole = signed.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(whole.Export(X509ContentType.Pkcs12), password: null);
    }

    public void Dispose() => _certificate.Dispose();

    private static CertificateRequest AuthorityRequest(string name, ECDsa key) => Restrict(new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA256));

    private static CertificateRequest Restrict(CertificateRequest request)
    {
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        return request;
    }

    private X509Certificate2 Sign(CertificateRequest request, DateTimeOffset notAfter)
    {
        using RSA? rsa = _certificate.GetRSAPrivateKey();
        using ECDsa? elliptic = _certificate.GetECDsaPrivateKey();
        var generator = rsa is null ? X509SignatureGenerator.CreateForECDsa(elliptic!) : X509SignatureGenerator.CreateForRSA(rsa, RSASignaturePadding.Pkcs1);
        return request.Create(_certificate.SubjectName, generator, DateTimeOffset.UtcNow.AddHours(-12), notAfter, Guid.NewGuid().ToByteArray());
    }
}
