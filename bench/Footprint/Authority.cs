using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Mayfly.Footprint;

/// <summary>A certificate authority of its own, as intakes' are: RSA, a root, an intermediate that servers send along, a server certificate for 127.0.0.1.</summary>
internal static class Authority
{
    /// <summary>What a server needs, and the root in PEM form.</summary>
    public static (SslStreamCertificateContext Server, string RootPem) Create()
    {
        using var rootKey = RSA.Create(2048);
        using var middleKey = RSA.Create(2048);
        using var serverKey = RSA.Create(2048);
        using X509Certificate2 root = RequestOf("root", rootKey, isAuthority: true).CreateSelfSigned(From, Until);
        using X509Certificate2 middle = RequestOf("intermediate", middleKey, isAuthority: true).Create(root, From, Until, [1]);
        using X509Certificate2 signer = middle.CopyWithPrivateKey(middleKey);
        CertificateRequest request = RequestOf("127.0.0.1", serverKey, isAuthority: false);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 server = request.Create(signer, From, Until, [2]);
        using X509Certificate2 withKey = server.CopyWithPrivateKey(serverKey);
        X509Certificate2 own = X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pkcs12), password: null);
        var chain = new X509Certificate2Collection(X509CertificateLoader.LoadCertificate(middle.RawData));
        return (SslStreamCertificateContext.Create(own, chain, offline: true), root.ExportCertificatePem());
    }

    private static readonly DateTimeOffset From = DateTimeOffset.UtcNow.AddHours(-1);

    private static readonly DateTimeOffset Until = DateTimeOffset.UtcNow.AddHours(12);

    private static CertificateRequest RequestOf(string name, RSA key, bool isAuthority)
    {
        var request = new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(isAuthority, hasPathLengthConstraint: false, 0, critical: true));
        return request;
    }
}
