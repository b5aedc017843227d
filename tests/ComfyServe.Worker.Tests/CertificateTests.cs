using System.Net.Http.Json;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using ComfyServe.Gateway;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Worker.Tests;

/// <summary>A worker with a certificate that our gateway signed.</summary>
public sealed class CertificateTests
{
    private const string Key = "account-key";

    [Fact]
    public async Task Start_NoCertificateYet_ServesHttpsThatTrustsTheGatewaysRoot() // 25
    {
        var token = TestContext.Current.CancellationToken;
        var folder = Directory.CreateTempSubdirectory("comfyserve-certificate-");
        await using var gateway = GatewayServer.Build(
            new GatewayOptions { Port = 0, AdminKey = Key, DataDirectory = Path.Combine(folder.FullName, "gateway") }, static b => b.Logging.ClearProviders());
        await gateway.StartAsync(token);
        var url = gateway.Urls.First();
        using var client = new HttpClient { DefaultRequestHeaders = { { "Authorization", "Bearer " + Key } } };
        using var made = await client.PostAsJsonAsync(url + "/api/v0/endptjobs/", new JsonObject { ["endpoint_name"] = "e" }, token);
        made.EnsureSuccessStatusCode();
        using var placed = await client.PostAsync(url + "/api/v1/endpoints/e/workers", content: null, token);
        var place = (await placed.Content.ReadFromJsonAsync<JsonObject>(token))!;
        var keyPath = Path.Combine(folder.FullName, "instance.key");
        await using var worker = await RunningWorker.StartAsync(untilReady: false, change: options =>
        {
            options.Id = (long)place["id"]!;
            options.Mtoken = (string)place["mtoken"]!;
            options.Gateways = [new Uri(url)];
            options.UseTls = true;
            options.CertificatePath = Path.Combine(folder.FullName, "instance.crt");
            options.CertificateKeyPath = keyPath;
        });
        using var root = X509Certificate2.CreateFromPem(await client.GetStringAsync(url + "/static/jvastai_root.cer", token));
        using var trusting = new SocketsHttpHandler
        {
            SslOptions = new SslClientAuthenticationOptions
            {
                CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, CustomTrustStore = { root }, RevocationMode = X509RevocationMode.NoCheck },
            },
        };
        using var https = new HttpClient(trusting);

        Assert.StartsWith("https://127.0.0.1:", worker.Url, StringComparison.Ordinal);
        Assert.Equal("pong", await https.GetStringAsync(worker.Url + "/ping", token));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(keyPath));
        }

        await gateway.StopAsync(token);
        folder.Delete(recursive: true);
    }
}
