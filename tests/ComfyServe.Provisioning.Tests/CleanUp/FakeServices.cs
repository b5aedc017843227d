using System.Collections.Concurrent;
using ComfyServe.Testing.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace ComfyServe.Provisioning.Tests.CleanUp;

/// <summary>An engine and an API service that only tell what they have to do.</summary>
internal sealed class FakeServices : IAsyncDisposable
{
    private readonly WebApplication _application;

    private FakeServices(WebApplication application) => _application = application;

    /// <summary>What <c>GET /queue</c> answers.</summary>
    public string Queue { get; set; } = """{"queue_running": [], "queue_pending": []}""";

    /// <summary>What <c>GET /queue-info</c> answers; null: an error.</summary>
    public string? Jobs { get; set; } = """{"generation_queue_size": 0, "oldest_unfinished_seconds": null}""";

    /// <summary>Bodies of <c>POST /free</c>.</summary>
    public ConcurrentQueue<string> Freed { get; } = new();

    public Uri Url => new(_application.Urls.Single() + "/");

    public static async Task<FakeServices> StartAsync()
    {
        var application = LoopbackServer.Build();
        var services = new FakeServices(application);
        application.MapGet("/queue", () => Results.Text(services.Queue, "application/json"));
        application.MapGet("/queue-info", () => services.Jobs is null ? Results.StatusCode(500) : Results.Text(services.Jobs, "application/json"));
        application.MapPost("/free", async (HttpRequest request) =>
        {
            using var reader = new StreamReader(request.Body);
            services.Freed.Enqueue(await reader.ReadToEndAsync());
        });
        await application.StartAsync();
        return services;
    }

    public ValueTask DisposeAsync() => _application.DisposeAsync();
}
