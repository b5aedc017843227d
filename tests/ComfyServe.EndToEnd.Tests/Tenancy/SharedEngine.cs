using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using ComfyServe.Api;
using ComfyServe.Api.Keys;
using ComfyServe.Engine;
using ComfyServe.Jobs;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;

namespace ComfyServe.EndToEnd.Tests.Tenancy;

/// <summary>Our engine and the API service with two keys in front of it, in this process.</summary>
internal sealed class SharedEngine : IAsyncDisposable
{
    public const string Ann = "ann-key-0123456789";
    public const string Bob = "bob-key-0123456789";

    private readonly DirectoryInfo _folder;
    private readonly WebApplication _engine;
    private readonly WebApplication _api;
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromMinutes(3) };

    private SharedEngine(DirectoryInfo folder, WebApplication engine, WebApplication api) => (_folder, _engine, _api) = (folder, engine, api);

    public static string AnnFolder { get; } = OwnerFolder.Of("ann")!;

    public static string BobFolder { get; } = OwnerFolder.Of("bob")!;

    public string Data => _folder.FullName;

    public static async Task<SharedEngine> StartAsync()
    {
        var folder = Directory.CreateTempSubdirectory("comfyserve-tenancy-");
        var engine = EngineServer.Build(new EngineOptions { Port = 0, DataFolder = folder.FullName }, Quiet);
        await engine.StartAsync(TestContext.Current.CancellationToken);
        var api = ApiServer.Build(
            new ApiOptions
            {
                Port = 0,
                Engines = [engine.Urls.First()],
                DataFolder = Path.Combine(folder.FullName, "api"),
                ApiKeys = [ApiKey.Parse($"ann:{Ann}"), ApiKey.Parse($"bob:{Bob}")],
                ShutdownGrace = TimeSpan.Zero,
                MaxQueueSize = 10_000,
            },
            Quiet);
        await api.StartAsync(TestContext.Current.CancellationToken);
        return new(folder, engine, api);
    }

    /// <summary>Runs a workflow with somebody's key.</summary>
    public async Task<(int Status, JsonObject Answer)> RunAsync(string key, JsonObject workflow)
    {
        var body = new JsonObject { ["input"] = new JsonObject { ["workflow_json"] = workflow.DeepClone() } };
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{_api.Urls.First()}/generate/sync") { Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json") };
        request.Headers.Add("X-API-Key", key);
        using var answer = await _http.SendAsync(request, TestContext.Current.CancellationToken);
        return ((int)answer.StatusCode, (await answer.Content.ReadFromJsonAsync<JsonObject>(TestContext.Current.CancellationToken))!);
    }

    /// <summary>The engine's nodes, as it lists them now.</summary>
    public async Task<JsonObject> NodesAsync() => (await _http.GetFromJsonAsync<JsonObject>($"{_engine.Urls.First()}/object_info", TestContext.Current.CancellationToken))!;

    /// <summary>Puts a file below the data folder.</summary>
    public void Put(string path, byte[] bytes)
    {
        var full = Path.Combine(Data, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllBytes(full, bytes);
    }

    /// <summary>The files below a folder, by their paths below the data folder.</summary>
    public IReadOnlyList<string> Files(string folder) =>
        [.. Directory.EnumerateFiles(Path.Combine(Data, folder), "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(Data, f)).Order(StringComparer.Ordinal)];

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        foreach (var server in (WebApplication[])[_api, _engine])
        {
            await server.StopAsync();
            await server.DisposeAsync();
        }

        _folder.Delete(recursive: true);
    }

    private static void Quiet(WebApplicationBuilder builder) => builder.Logging.ClearProviders();
}
