using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Worker.Tests;

/// <summary>A whole worker between a fake API service and a fake gateway.</summary>
internal sealed class RunningWorker : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("comfyserve-worker-").FullName;
    private WebApplication? _app;

    private RunningWorker(FakeApi api, FakeGateway gateway) => (Api, Gateway) = (api, gateway);

    public FakeApi Api { get; }

    public FakeGateway Gateway { get; }

    public HttpClient Client { get; } = new() { Timeout = TimeSpan.FromSeconds(30) };

    public string Url { get; private set; } = "";

    public string LocalUrl { get; private set; } = "";

    public string Folder => _folder;

    public IServiceProvider Services => _app!.Services;

    public T Get<T>()
        where T : notnull => _app!.Services.GetRequiredService<T>();

    /// <summary>Starts a worker that was measured before with this result, or (null) that measures.</summary>
    public static async Task<RunningWorker> StartAsync(
        double? perf = 200, Action<WorkerOptions>? change = null, bool untilReady = true, int health = 200, ILoggerProvider? log = null)
    {
        var worker = new RunningWorker(await FakeApi.StartAsync(), await FakeGateway.StartAsync());
        worker.Api.Health = health;
        if (perf is { } measured)
        {
            await File.WriteAllTextAsync(Path.Combine(worker._folder, ".has_benchmark"), measured.ToString("R"), TestContext.Current.CancellationToken);
        }

        var options = new WorkerOptions
        {
            Id = FakeGateway.WorkerId,
            Mtoken = FakeGateway.Mtoken,
            Gateways = [worker.Gateway.Url],
            Port = 0,
            Api = worker.Api.Url,
            Folder = worker._folder,
            UpdateFile = Path.Combine(worker._folder, "force_update"),
            ReportInterval = TimeSpan.FromMilliseconds(20),
            HealthInterval = TimeSpan.FromMilliseconds(20),
        };
        change?.Invoke(options);
        worker._app = WorkerServer.Build(options, b =>
        {
            b.Logging.ClearProviders();
            if (log is not null)
            {
                b.Logging.AddProvider(log);
            }
        });
        await worker._app.StartAsync(TestContext.Current.CancellationToken);
        (worker.Url, worker.LocalUrl) = (worker._app.Urls.First(), worker._app.Urls.Last());
        if (untilReady)
        {
            await worker.Gateway.UntilReadyAsync();
        }

        return worker;
    }

    /// <summary>A request with a good ticket.</summary>
    public Task<HttpResponseMessage> GenerateAsync(JsonObject? ticket = null, JsonObject? payload = null, string? session = null, CancellationToken? cancelled = null) => PostAsync(
        "/generate/sync",
        new JsonObject { ["auth_data"] = ticket?.DeepClone() ?? Gateway.Ticket(Url), ["session_id"] = session, ["payload"] = payload?.DeepClone() ?? new JsonObject() },
        cancelled);

    public Task<HttpResponseMessage> PostAsync(string path, JsonNode body, CancellationToken? cancelled = null) =>
        Client.PostAsJsonAsync(Url + path, body, cancelled ?? TestContext.Current.CancellationToken);

    public static async Task<string> TextAsync(HttpResponseMessage answer) => await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

    /// <summary>Stops the worker as SIGTERM would.</summary>
    public async Task StopAsync()
    {
        if (Interlocked.Exchange(ref _app, null) is { } app)
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5));
            await app.StopAsync(patience.Token);
            await app.DisposeAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await Gateway.DisposeAsync();
        await Api.DisposeAsync();
        Client.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
