using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ComfyServe.Gateway.Storage;

namespace ComfyServe.Gateway.Keys;

/// <summary>
/// The gateway's own root certificate, which clients add to those they trust, and the certificates that it signs for
/// workers. The original's worker asks without any credential, so such a certificate names only the address that asks.
/// </summary>
internal sealed class CertificateAuthority(TimeProvider time) : IDisposable
{
    private static readonly TimeSpan RootLife = TimeSpan.FromDays(3650);
    private static readonly TimeSpan WorkerLife = TimeSpan.FromDays(397);
    private static readonly TimeSpan Skew = TimeSpan.FromHours(1);
    private X509Certificate2? _root;

    /// <summary>The root certificate, PEM.</summary>
    public string RootPem { get; private set; } = "";

    /// <summary>Loads the root, or makes it.</summary>
    public async Task LoadAsync(IGatewayStore store, CancellationToken cancellationToken)
    {
        var key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(await store.SecretAsync("root-certificate-key", MakeKey, cancellationToken), out _);
        var raw = await store.SecretAsync("root-certificate", () => MakeRoot(key), cancellationToken);
        using var bare = X509CertificateLoader.LoadCertificate(raw);
        _root = bare.CopyWithPrivateKey(key);
        RootPem = _root.ExportCertificatePem() + "\n";
    }

    /// <summary>A certificate for the key of a signing request, or null if the request is malformed or not signed with its key.</summary>
    /// <param name="requestPem">The request, PEM.</param>
    /// <param name="caller">The address that asks.</param>
    /// <param name="trusted">The caller has proved that it is the worker: then the addresses that it asks for are granted too.</param>
    public string? Sign(string requestPem, IPAddress caller, bool trusted)
    {
        CertificateRequest asked;
        try
        {
            asked = CertificateRequest.LoadSigningRequestPem(requestPem, HashAlgorithmName.SHA256, CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions);
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException)
        {
            return null;
        }

        var root = _root ?? throw new InvalidOperationException("the root certificate is not loaded yet");
        var granted = new CertificateRequest(asked.SubjectName, asked.PublicKey, HashAlgorithmName.SHA256);
        granted.CertificateExtensions.Add(Names(asked, caller, trusted));
        granted.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, 0, critical: true));
        granted.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment, critical: true));
        granted.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], critical: false));
        var now = time.GetUtcNow();
        using var signed = granted.Create(
            root.SubjectName, X509SignatureGenerator.CreateForECDsa(root.GetECDsaPrivateKey()!), now - Skew, now + WorkerLife, RandomNumberGenerator.GetBytes(16));
        return signed.ExportCertificatePem() + "\n";
    }

    /// <inheritdoc/>
    public void Dispose() => _root?.Dispose();

    private static X509Extension Names(CertificateRequest asked, IPAddress caller, bool trusted)
    {
        var names = new SubjectAlternativeNameBuilder();
        List<IPAddress> addresses = [caller.IsIPv4MappedToIPv6 ? caller.MapToIPv4() : caller];
        if (trusted && asked.CertificateExtensions.OfType<X509SubjectAlternativeNameExtension>().FirstOrDefault() is { } wanted)
        {
            addresses.AddRange(wanted.EnumerateIPAddresses().Where(a => !a.Equals(IPAddress.Any)));
            foreach (var name in wanted.EnumerateDnsNames())
            {
                names.AddDnsName(name);
            }
        }

        foreach (var address in addresses.Distinct())
        {
            names.AddIpAddress(address);
        }

        return names.Build();
    }

    private static byte[] MakeKey()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return key.ExportPkcs8PrivateKey();
    }

    private byte[] MakeRoot(ECDsa key)
    {
        var request = new CertificateRequest("CN=ComfyServe gateway root", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: true, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        var now = time.GetUtcNow();
        using var root = request.CreateSelfSigned(now - Skew, now + RootLife);
        return root.Export(X509ContentType.Cert);
    }
}
