using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Mayfly.Config;
using Mayfly.Diagnostics;

namespace Mayfly.Outbound;

/// <summary>
/// Decides which servers are who they say: by the authorities that intakes and AWS use, which are built in, and the user's own
/// (<c>DD_TLS_CERT_FILE</c>); where those do not know it, by the system's (docs/spec/05-config.md#9-proxy-and-http-client).
/// </summary>
/// <remarks>Loads OpenSSL: made with the first connection that needs it. Thread-safe.</remarks>
internal sealed class ServerTrust
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const X509ChainStatusFlags UnknownRoot = X509ChainStatusFlags.PartialChain | X509ChainStatusFlags.UntrustedRoot;

    private readonly TlsSettings _settings;
    private readonly Log _log;
    private readonly Lock _gate = new();
    private readonly X509Certificate2Collection _own = [];
    private readonly X509Certificate2Collection _roots = [];

    /// <summary>The system's, once they were needed; then those of them that were.</summary>
    private X509Certificate2Collection? _system;

    public ServerTrust(TlsSettings settings, Log log)
    {
        (_settings, _log) = (settings, log);
        if (settings.CertFile is { } file && CertificateFile.Read(file, _own) is { } problem)
        {
            log.Once(
                Keys.TlsCertFile,
                LogLevel.Warn,
                $"{Keys.TlsCertFile}={file}: {problem}. What is signed by a certificate that is missing there is not trusted, and data may not get out. "
                + "Set it to a file of certificates in PEM form that the agent may read, such as one of the function's package under /var/task.");
        }

        _roots.AddRange(_own);
        using Stream builtIn = typeof(ServerTrust).Assembly.GetManifestResourceStream("Mayfly.roots.pem")!;
        byte[] content = new byte[builtIn.Length];
        builtIn.ReadExactly(content);
        CertificateFile.Parse(content, _roots);
    }

    /// <summary>How a connection is to check the other side.</summary>
    public SslClientAuthenticationOptions Options() => new()
    {
        CertificateChainPolicy = PolicyOf(_roots),
        RemoteCertificateValidationCallback = Accept,
    };

    private bool Accept(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (errors == SslPolicyErrors.None)
        {
            return true;
        }

        string host = (sender as SslStream)?.TargetHostName ?? "";
        if (errors != SslPolicyErrors.RemoteCertificateChainErrors || chain is null || certificate is not X509Certificate2 server)
        {
            bool isOfOther = errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch);
            Refuse(host, isOfOther ? "is for another host" : "is missing", "Check the host name of the intake or of the proxy.");
            return false;
        }

        if (LacksRootOnly(chain) && (EndsAtOwn(chain) || IsOfSystem(server, chain)))
        {
            return true;
        }

        string status = string.Join(", ", chain.ChainStatus.Select(static one => one.Status.ToString()).Distinct());
        if (LacksRootOnly(chain))
        {
            Refuse(
                host,
                $"was issued by {chain.ChainElements[^1].Certificate.Issuer}, whom nobody here trusts",
                "If that is your own authority, or a proxy that looks into TLS, put its certificate in PEM form into a file and set "
                + $"{Keys.TlsCertFile} to its path.");
        }
        else
        {
            bool isOfTime = status == nameof(X509ChainStatusFlags.NotTimeValid);
            string remedy = isOfTime ? "Renew it, or check the clock." : "Find out what answers there, such as a proxy, and with which certificate.";
            Refuse(host, $"is not valid ({status})", remedy);
        }

        return false;
    }

    private void Refuse(string host, string what, string remedy) =>
        _log.Once($"tls {host} {what}", LogLevel.Error, $"The certificate of {host} {what}: nothing is sent there. {remedy}");

    private static bool LacksRootOnly(X509Chain chain) =>
        chain.ChainStatus.All(static one => (one.Status & ~UnknownRoot) == X509ChainStatusFlags.NoError) && chain.ChainElements.Count > 0;

    /// <summary>The user may trust an authority without its root.</summary>
    private bool EndsAtOwn(X509Chain chain) =>
        chain.ChainElements.Any(element => _own.Any(own => own.RawDataMemory.Span.SequenceEqual(element.Certificate.RawDataMemory.Span)));

    private bool IsOfSystem(X509Certificate2 server, X509Chain known)
    {
        lock (_gate)
        {
            if (!OperatingSystem.IsLinux())
            {
                return Builds(server, known, new X509ChainPolicy(), out _);
            }

            // All of them are a megabyte or two: what is kept is the one that was needed, and read anew if that does not do.
            if (_system is { } kept && Builds(server, known, PolicyOf(kept), out _))
            {
                return true;
            }

            X509Certificate2Collection all = SystemRoots.Read(_settings, _log);
            bool isTrusted = Builds(server, known, PolicyOf(all), out X509Certificate2? root);
            if (isTrusted)
            {
                _system = [.. _system ?? [], root!];
            }

            foreach (X509Certificate2 one in all)
            {
                if (!ReferenceEquals(one, root))
                {
                    one.Dispose();
                }
            }

            return isTrusted;
        }
    }

    private static bool Builds(X509Certificate2 server, X509Chain known, X509ChainPolicy policy, out X509Certificate2? root)
    {
        Restrict(policy);
        policy.ExtraStore.AddRange(known.ChainPolicy.ExtraStore);
        foreach (X509ChainElement element in known.ChainElements)
        {
            policy.ExtraStore.Add(element.Certificate);
        }

        using var chain = new X509Chain { ChainPolicy = policy };
        bool builds = chain.Build(server);
        root = builds ? X509CertificateLoader.LoadCertificate(chain.ChainElements[^1].Certificate.RawDataMemory.Span) : null;
        return builds;
    }

    private static X509ChainPolicy PolicyOf(X509Certificate2Collection roots)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust };
        policy.CustomTrustStore.AddRange(roots);
        return Restrict(policy);
    }

    /// <summary>No other host is asked for anything: intermediates come with the handshake, and a flush has no time for revocation lists.</summary>
    private static X509ChainPolicy Restrict(X509ChainPolicy policy)
    {
        policy.RevocationMode = X509RevocationMode.NoCheck;
        policy.DisableCertificateDownloads = true;
        if (policy.ApplicationPolicy.Count == 0)
        {
            policy.ApplicationPolicy.Add(new Oid(ServerAuthentication));
        }

        return policy;
    }
}
