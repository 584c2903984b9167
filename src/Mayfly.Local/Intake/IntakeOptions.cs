using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Mayfly.Local.Intake;

/// <summary>How a <see cref="LocalIntake"/> listens and how much it keeps.</summary>
public sealed record IntakeOptions
{
    /// <summary>TCP port on 127.0.0.1; 0 = any free port.</summary>
    public int Port { get; init; }

    /// <summary>Largest body, compressed or not, in bytes; above it the answer is 413. Real intakes take less (docs/spec/04-metrics-logs.md, B.10).</summary>
    public int MaxBodyBytes { get; init; } = 64 << 20;

    /// <summary>Bytes of decompressed bodies whose contents are kept; beyond it the oldest requests are forgotten and counted.</summary>
    public long MaxStoredBytes { get; init; } = 512L << 20;

    /// <summary>A request without a <c>DD-API-KEY</c> header is answered 403, as by the real intakes.</summary>
    public bool RequireApiKey { get; init; } = true;

    /// <summary>With its private key: the intake speaks TLS; null: plain HTTP.</summary>
    public X509Certificate2? Certificate { get; init; }

    /// <summary>Certificates between that one and its root, which the intake sends along.</summary>
    public X509Certificate2Collection? CertificateChain { get; init; }

    /// <summary>With TLS: clients may choose HTTP/2.</summary>
    public bool OffersHttp2 { get; init; }

    /// <summary>With TLS: the versions that are offered; none: those of the system.</summary>
    public SslProtocols TlsVersions { get; init; }

    /// <summary>Clock of arrival times and of slow answers.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;
}
