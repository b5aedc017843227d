using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using ComfyServe.Engine.Folders;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Engine.Tests.Http;

/// <summary>A running engine on a free port with a data folder of its own.</summary>
internal sealed class TestEngine : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly string _folder;

    private TestEngine(WebApplication app, string folder)
    {
        (_app, _folder) = (app, folder);
        Url = new Uri(app.Urls.Single());
        Client = new HttpClient { BaseAddress = Url };
    }

    public Uri Url { get; }

    public HttpClient Client { get; }

    public IServiceProvider Services => _app.Services;

    public EngineFolders Folders => _app.Services.GetRequiredService<EngineFolders>();

    /// <summary>Starts an engine.</summary>
    /// <param name="change">Changes its options.</param>
    /// <param name="prepare">Puts files into its folders before it starts.</param>
    /// <param name="configure">Changes its services.</param>
    public static async Task<TestEngine> StartAsync(
        Action<EngineOptions>? change = null, Action<EngineFolders>? prepare = null, Action<WebApplicationBuilder>? configure = null)
    {
        var folder = Directory.CreateTempSubdirectory("comfyserve-engine-").FullName;
        var options = new EngineOptions { Port = 0, DataFolder = folder };
        change?.Invoke(options);
        prepare?.Invoke(new EngineFolders(folder, options.ExtraModelFolders));
        var app = EngineServer.Build(options, builder =>
        {
            // Failures that a test asks for would fill the log.
            builder.Logging.ClearProviders();
            configure?.Invoke(builder);
        });
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new TestEngine(app, folder);
    }

    /// <summary>Sends a request with a body of JSON text.</summary>
    public Task<HttpResponseMessage> PostAsync(string path, string json) =>
        Client.PostAsync(path, new StringContent(json, Encoding.UTF8, "application/json"), TestContext.Current.CancellationToken);

    public Task<HttpResponseMessage> GetAsync(string path) => Client.GetAsync(path, TestContext.Current.CancellationToken);

    public async Task<JsonNode?> GetJsonAsync(string path) => await Client.GetFromJsonAsync<JsonNode>(path, TestContext.Current.CancellationToken);

    /// <summary>Sends a file and fields as a form.</summary>
    public Task<HttpResponseMessage> UploadAsync(string path, byte[] image, string name, params (string Name, string Value)[] fields)
    {
        var form = new MultipartFormDataContent();
        form.Add(new ByteArrayContent(image), "image", name);
        foreach (var field in fields)
        {
            form.Add(new StringContent(field.Value), field.Name);
        }

        return Client.PostAsync(path, form, TestContext.Current.CancellationToken);
    }

    /// <summary>Connects as a client.</summary>
    public Task<TestSocket> ConnectAsync(string? clientId = null, string? firstMessage = null) =>
        TestSocket.ConnectAsync(Url, clientId is null ? "/ws" : $"/ws?clientId={clientId}", firstMessage);

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
