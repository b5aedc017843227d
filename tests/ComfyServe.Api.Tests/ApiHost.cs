using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using ComfyServe.Testing.Engines;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Api.Tests;

/// <summary>A service with a scripted engine, for one test.</summary>
internal sealed class ApiHost : IAsyncDisposable
{
    private readonly List<FakeEngine> _engines = [];
    private Func<WebApplication> _build = null!;
    private WebApplication? _app;

    private ApiHost()
    {
    }

    public string Folder { get; } = Path.Combine(Path.GetTempPath(), $"comfyserve-api-{Guid.NewGuid():N}");

    public HttpClient Http { get; private set; } = new();

    public FakeEngine Engine => _engines[0];

    public IReadOnlyList<FakeEngine> Engines => _engines;

    public IServiceProvider Services => _app!.Services;

    public static async Task<ApiHost> StartAsync(Action<ApiOptions>? configure = null, int engines = 1, string prefix = "", Action<WebApplicationBuilder>? build = null)
    {
        var host = new ApiHost();
        for (var i = 0; i < engines; i++)
        {
            host._engines.Add(await FakeEngine.StartAsync(prefix));
        }

        host._build = () =>
        {
            var options = new ApiOptions
            {
                Port = 0,
                Engines = [.. host._engines.Select(e => e.BaseUrl)],
                DataFolder = host.Folder,
                ShutdownGrace = TimeSpan.Zero,
            };
            configure?.Invoke(options);
            return ApiServer.Build(options, b =>
            {
                b.Logging.ClearProviders();
                build?.Invoke(b);
            });
        };
        await host.StartServiceAsync();
        return host;
    }

    /// <summary>A body with <paramref name="workflow"/> and more fields of <c>input</c>.</summary>
    public static StringContent Body(string workflow, string more = "") =>
        new($$$"""{"input": {"workflow_json": {{{workflow}}}{{{more}}}}}""", Encoding.UTF8, "application/json");

    public async Task<(int Status, JsonObject Body)> PostAsync(string path, string body, string type = "application/json")
    {
        using var content = new StringContent(body, Encoding.UTF8, type);
        return await PostAsync(path, content);
    }

    public async Task<(int Status, JsonObject Body)> PostAsync(string path, HttpContent content, string? header = null, string? value = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = content };
        if (header is not null)
        {
            request.Headers.TryAddWithoutValidation(header, value);
        }

        using var response = await Http.SendAsync(request, TestContext.Current.CancellationToken);
        return ((int)response.StatusCode, (await response.Content.ReadFromJsonAsync<JsonObject>(TestContext.Current.CancellationToken))!);
    }

    /// <summary>Runs a workflow and waits for it.</summary>
    public Task<(int Status, JsonObject Body)> RunAsync(string workflow, string more = "") => PostAsync("/generate/sync", Body(workflow, more));

    /// <summary>Has a workflow accepted.</summary>
    public Task<(int Status, JsonObject Body)> SubmitAsync(string workflow, string more = "") => PostAsync("/generate", Body(workflow, more));

    public async Task<(int Status, JsonObject Body)> GetAsync(string path)
    {
        using var response = await Http.GetAsync(path, TestContext.Current.CancellationToken);
        return ((int)response.StatusCode, (await response.Content.ReadFromJsonAsync<JsonObject>(TestContext.Current.CancellationToken))!);
    }

    /// <summary>Stops the service and starts it on the same data.</summary>
    public async Task RestartAsync()
    {
        await StopServiceAsync();
        await StartServiceAsync();
    }

    public async Task StopServiceAsync(bool leaveClient = false)
    {
        if (!leaveClient)
        {
            Http.Dispose();
        }

        if (_app is not null)
        {
            await _app.StopAsync();
            await _app.DisposeAsync();
            _app = null;
        }
    }

    public async Task StartServiceAsync()
    {
        _app = _build();
        await _app.StartAsync();
        Http = new() { BaseAddress = new Uri(_app.Urls.First()) };
    }

    public async ValueTask DisposeAsync()
    {
        await StopServiceAsync();
        foreach (var engine in _engines)
        {
            await engine.DisposeAsync();
        }

        if (Directory.Exists(Folder))
        {
            Directory.Delete(Folder, recursive: true);
        }
    }
}
