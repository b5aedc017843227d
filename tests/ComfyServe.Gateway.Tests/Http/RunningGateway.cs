using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Gateway.Tests.Http;

/// <summary>A whole gateway on a free port, with its data in a folder of its own.</summary>
internal sealed class RunningGateway : IAsyncDisposable
{
    public const string Key = "account-key";
    private readonly bool _ownsData;
    private WebApplication? _app;

    private readonly Action<WebApplication>? _map;

    private RunningGateway(GatewayOptions options, bool ownsData, Action<WebApplication>? map)
    {
        Options = options;
        _ownsData = ownsData;
        _map = map;
    }

    public GatewayOptions Options { get; }

    public HttpClient Client { get; } = new() { Timeout = TimeSpan.FromSeconds(30) };

    public string Url { get; private set; } = "";

    public IServiceProvider Services => _app!.Services;

    public static async Task<RunningGateway> StartAsync(Action<GatewayOptions>? change = null, Action<WebApplication>? map = null)
    {
        var options = new GatewayOptions { Port = 0, AdminKey = Key, DataDirectory = "" };
        change?.Invoke(options);
        var owns = options.DataDirectory.Length == 0;
        if (owns)
        {
            options.DataDirectory = Directory.CreateTempSubdirectory("comfyserve-gateway-").FullName;
        }

        var gateway = new RunningGateway(options, owns, map);
        await gateway.StartAppAsync();
        return gateway;
    }

    /// <summary>A message with the account's key.</summary>
    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, object? body = null, string? key = Key)
    {
        using var message = new HttpRequestMessage(method, Url + path);
        if (key is not null)
        {
            message.Headers.Add("Authorization", "Bearer " + key);
        }

        if (body is not null)
        {
            message.Content = body as HttpContent ?? JsonContent.Create(body);
        }

        return await Client.SendAsync(message, TestContext.Current.CancellationToken);
    }

    /// <summary>A message that must be answered with 2xx and JSON.</summary>
    public async Task<JsonNode> CallAsync(HttpMethod method, string path, object? body = null, string? key = Key)
    {
        using var answer = await SendAsync(method, path, body, key);
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(answer.IsSuccessStatusCode, $"{method} {path} answered {(int)answer.StatusCode}: {text}");
        return JsonNode.Parse(text)!;
    }

    /// <summary>Makes an endpoint; gives back its id and key.</summary>
    public async Task<(long Id, string Key)> EndpointAsync(string name, object? parameters = null)
    {
        var body = parameters is null ? [] : JsonSerializer.SerializeToNode(parameters)!.AsObject();
        body["endpoint_name"] = name;
        var id = (long)(await CallAsync(HttpMethod.Post, "/api/v0/endptjobs/", body))["result"]!;
        return (id, (string)(await CallAsync(HttpMethod.Get, $"/api/v0/endptjobs/{id}/"))["result"]!["api_key"]!);
    }

    /// <summary>Makes a place for a worker.</summary>
    public async Task<(long Id, string Token)> PlaceAsync(string endpoint)
    {
        var place = await CallAsync(HttpMethod.Post, $"/api/v1/endpoints/{endpoint}/workers");
        return ((long)place["id"]!, (string)place["mtoken"]!);
    }

    /// <summary>Stops the gateway and starts it again on the same data and port.</summary>
    public async Task RestartAsync()
    {
        await StopAsync();
        Options.Port = new Uri(Url).Port;
        await StartAppAsync();
    }

    /// <summary>Stops the gateway; its data stays.</summary>
    public async Task StopAsync()
    {
        if (_app is { } app)
        {
            _app = null;
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5));
            await app.StopAsync(patience.Token);
            await app.DisposeAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Client.Dispose();
        if (_ownsData)
        {
            Directory.Delete(Options.DataDirectory, recursive: true);
        }
    }

    private async Task StartAppAsync()
    {
        _app = GatewayServer.Build(Options, static b => b.Logging.SetMinimumLevel(LogLevel.Warning));
        _map?.Invoke(_app);
        await _app.StartAsync(TestContext.Current.CancellationToken);
        Url = _app.Urls.First();
    }
}
