using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;

namespace ComfyServe.Gateway.Tests.Http;

public sealed class CertificateTests(SharedGateway shared) : IClassFixture<SharedGateway>
{
    private readonly RunningGateway _gateway = shared.Gateway;
    private readonly string _name = "c" + Guid.NewGuid().ToString("N");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task SignedCertificate_OfTheAskingAddress_IsTrustedThroughTheServedRoot()
    {
        await _gateway.EndpointAsync(_name);
        var (id, _) = await _gateway.PlaceAsync(_name);
        using var key = RSA.Create(2048);
        var root = X509Certificate2.CreateFromPem(await _gateway.Client.GetStringAsync(_gateway.Url + "/static/jvastai_root.cer", Token));
        using var answer = await _gateway.SendAsync(HttpMethod.Post, $"/api/v0/sign_cert/?instance_id={id}", Request(key), key: null);
        using var certificate = X509Certificate2.CreateFromPem(await answer.Content.ReadAsStringAsync(Token)).CopyWithPrivateKey(key);
        await using var server = await ServeAsync(certificate);
        using var client = Trusting(root);

        var text = await client.GetStringAsync(server.Urls.First(), Token);

        Assert.Equal("hello", text);
        Assert.Equal([IPAddress.Loopback], certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().Single().EnumerateIPAddresses());
    }

    [Fact]
    public async Task SignCertificate_WithTheWorkersToken_GrantsTheAddressesAskedFor()
    {
        await _gateway.EndpointAsync(_name);
        var (id, token) = await _gateway.PlaceAsync(_name);
        using var key = RSA.Create(2048);

        using var answer = await _gateway.SendAsync(HttpMethod.Post, $"/api/v0/sign_cert/?instance_id={id}", Request(key, "203.0.113.7"), token);
        using var certificate = X509Certificate2.CreateFromPem(await answer.Content.ReadAsStringAsync(Token));

        var addresses = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().Single().EnumerateIPAddresses();
        Assert.Equal([IPAddress.Loopback, IPAddress.Parse("203.0.113.7")], addresses);
    }

    [Fact]
    public async Task SignCertificate_UnknownWorkerOrNoRequest_IsRefused()
    {
        await _gateway.EndpointAsync(_name);
        var (id, _) = await _gateway.PlaceAsync(_name);
        using var key = RSA.Create(2048);

        using var unknown = await _gateway.SendAsync(HttpMethod.Post, "/api/v0/sign_cert/?instance_id=999999", Request(key), key: null);
        using var nonsense = await _gateway.SendAsync(HttpMethod.Post, $"/api/v0/sign_cert/?instance_id={id}", new StringContent("nonsense"), key: null);

        Assert.Equal([401, 400], [(int)unknown.StatusCode, (int)nonsense.StatusCode]);
    }

    private static ByteArrayContent Request(RSA key, string address = "0.0.0.0")
    {
        var request = new CertificateRequest("CN=pyworker.vast.ai", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Parse(address));
        request.CertificateExtensions.Add(names.Build());
        return new ByteArrayContent(System.Text.Encoding.ASCII.GetBytes(request.CreateSigningRequestPem()));
    }

    private static async Task<WebApplication> ServeAsync(X509Certificate2 certificate)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0, l => l.UseHttps(certificate)));
        var app = builder.Build();
        app.MapGet("/", static () => "hello");
        await app.StartAsync(Token);
        return app;
    }

    private static HttpClient Trusting(X509Certificate2 root)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(root);
        return new HttpClient(new SocketsHttpHandler { SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = policy } });
    }
}
