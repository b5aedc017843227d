using System.Net.Http.Json;
using System.Text.Json.Nodes;
using ComfyServe.Gateway;
using ComfyServe.ScriptedWorker;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Dashboard.Tests;

/// <summary>A gateway with the dashboard, an endpoint and one worker.</summary>
public sealed class DashboardHost : IAsyncLifetime
{
    public const string Key = "account-key";
    private readonly DirectoryInfo _data = Directory.CreateTempSubdirectory("comfyserve-dashboard-");
    private WebApplication? _app;
    private WorkerServer? _worker;

    public HttpClient Client { get; } = new(new HttpClientHandler { AllowAutoRedirect = false });

    public string Url { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        var token = TestContext.Current.CancellationToken;
        _app = GatewayServer.Build(
            new GatewayOptions { Port = 0, AdminKey = Key, DataDirectory = _data.FullName }, static b => b.Logging.SetMinimumLevel(LogLevel.Warning));
        _app.MapDashboard();
        await _app.StartAsync(token);
        Url = _app.Urls.First();
        await CallAsync(HttpMethod.Post, "/api/v0/endptjobs/", new { endpoint_name = "pictures" });
        var place = await CallAsync(HttpMethod.Post, "/api/v1/endpoints/pictures/workers", null);
        _worker = await WorkerServer.StartAsync(
            new ScriptedWorkerOptions { Gateway = Url, Id = (long)place["id"]!, Mtoken = (string)place["mtoken"]!, Perf = 1000, Ours = true, NewerForm = true }, token);
    }

    public async Task<JsonNode> CallAsync(HttpMethod method, string path, object? body)
    {
        using var message = new HttpRequestMessage(method, Url + path) { Content = body is null ? null : JsonContent.Create(body) };
        message.Headers.Add("Authorization", "Bearer " + Key);
        using var answer = await Client.SendAsync(message, TestContext.Current.CancellationToken);
        answer.EnsureSuccessStatusCode();
        return JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!;
    }

    public async ValueTask DisposeAsync()
    {
        if (_worker is not null)
        {
            await _worker.DisposeAsync();
        }

        if (_app is not null)
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5));
            await _app.StopAsync(patience.Token);
            await _app.DisposeAsync();
        }

        Client.Dispose();
        _data.Delete(recursive: true);
    }
}
