using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using ComfyServe.Contracts.Serverless;
using ComfyServe.Worker;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Bench.Forwarding;

/// <summary>A real worker between an API service that echoes payloads and a gateway that only signs and listens.</summary>
internal sealed class SmallFleet : IAsyncDisposable
{
    private const long WorkerId = 1;
    private readonly RSA _key = RSA.Create(2048);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("comfyserve-bench-");
    private readonly List<WebApplication> _apps = [];
    private string _signature = "";
    private long _requests;

    /// <summary>The API service's URL.</summary>
    public string Api { get; private set; } = "";

    /// <summary>The worker's URL.</summary>
    public string Worker { get; private set; } = "";

    public static async Task<SmallFleet> StartAsync()
    {
        var fleet = new SmallFleet();
        fleet.Api = await fleet.RunAsync(static app =>
        {
            app.MapGet("/health", static () => "{}");
            app.MapPost("/generate/sync", EchoAsync);
        });
        var ready = new TaskCompletionSource();
        var gateway = await fleet.RunAsync(app =>
        {
            app.MapGet("/pubkey/", fleet._key.ExportSubjectPublicKeyInfoPem);
            app.MapPost("/delete_requests/", static () => "{}");
            app.MapPost("/worker_status/", async (HttpContext context) =>
            {
                if ((double)(await JsonNode.ParseAsync(context.Request.Body))!["loadtime"]! > 0)
                {
                    ready.TrySetResult();
                }
            });
        });
        await File.WriteAllTextAsync(Path.Combine(fleet._folder.FullName, ".has_benchmark"), "1e9");
        var options = new WorkerOptions { Id = WorkerId, Mtoken = "token", Gateways = [new Uri(gateway)], Port = 0, Api = new Uri(fleet.Api), Folder = fleet._folder.FullName };
        var worker = WorkerServer.Build(options, static b => b.Logging.ClearProviders());
        fleet._apps.Insert(0, worker);
        await worker.StartAsync();
        fleet.Worker = worker.Urls.First();
        fleet._signature = UrlSignature.Sign(fleet._key, fleet.Worker);
        await ready.Task;
        return fleet;
    }

    /// <summary>A new ticket.</summary>
    public string Ticket()
    {
        var idx = ++_requests;
        return new JsonObject
        {
            ["cost"] = 100,
            ["endpoint"] = "bench",
            ["reqnum"] = idx,
            ["request_idx"] = idx,
            ["signature"] = _signature,
            ["url"] = Worker,
        }.ToJsonString();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var app in _apps)
        {
            await app.StopAsync();
            await app.DisposeAsync();
        }

        _key.Dispose();
        _folder.Delete(recursive: true);
    }

    private async Task<string> RunAsync(Action<WebApplication> map)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(static kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Listen(IPAddress.Loopback, 0);
        });
        var app = builder.Build();
        map(app);
        _apps.Add(app);
        await app.StartAsync();
        return app.Urls.First();
    }

    private static async Task EchoAsync(HttpContext context)
    {
        using var payload = new MemoryStream((int)(context.Request.ContentLength ?? 0));
        await context.Request.Body.CopyToAsync(payload, context.RequestAborted);
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = payload.Length;
        payload.Position = 0;
        await payload.CopyToAsync(context.Response.Body, context.RequestAborted);
    }
}
