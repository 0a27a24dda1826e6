using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Sluice.Tests.Webhooks;

/// <summary>What a sink shows when it speaks TLS; none where it is called by https and does not.</summary>
internal sealed record ServerIdentity(X509Certificate2? Certificate)
{
    public static ServerIdentity None { get; } = new((X509Certificate2?)null);

    public static ServerIdentity SelfSigned(string name)
    {
        using RSA key = RSA.Create(2048);
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        return new ServerIdentity(CertificateAuthority.Request(name, key, issuer: false).CreateSelfSigned(now.AddDays(-1), now.AddDays(1)));
    }
}

/// <summary>Signs certificates for sinks. Its own certificate is what a sender has to trust.</summary>
internal sealed class CertificateAuthority
{
    private readonly X509Certificate2 _certificate;

    public CertificateAuthority()
    {
        using RSA key = RSA.Create(2048);
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        _certificate = Request("authority of a test", key, issuer: true).CreateSelfSigned(now.AddDays(-30), now.AddDays(30));
    }

    public X509Certificate2Collection Roots => [X509CertificateLoader.LoadCertificate(_certificate.RawData)];

    public ServerIdentity Issue(string name, DateTimeOffset? from = null, DateTimeOffset? until = null)
    {
        using RSA key = RSA.Create(2048);
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        using X509Certificate2 signed = Request(name, key, issuer: false).Create(_certificate, from ?? now.AddDays(-1), until ?? now.AddDays(1), RandomNumberGenerator.GetBytes(8));
        return new ServerIdentity(signed.CopyWithPrivateKey(key));
    }

    internal static CertificateRequest Request(string name, RSA key, bool issuer)
    {
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(issuer, false, 0, true));
        if (!issuer)
        {
            SubjectAlternativeNameBuilder names = new();
            names.AddDnsName(name);
            request.CertificateExtensions.Add(names.Build());
        }
        return request;
    }
}
