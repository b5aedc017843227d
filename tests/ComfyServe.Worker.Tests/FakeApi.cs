using System.Collections.Concurrent;
using ComfyServe.Testing.Web;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace ComfyServe.Worker.Tests;

/// <summary>An API service whose answers a test decides.</summary>
internal sealed class FakeApi : IAsyncDisposable
{
    public const string Completed = """{"id":"1","status":"completed","message":"","output":[{"filename":"a.png"}],"comfyui_response":{}}""";

    private WebApplication? _app;

    public Uri Url { get; private set; } = new("http://127.0.0.1:1");

    /// <summary>Status of <c>/health</c>.</summary>
    public int Health { get; set; } = 200;

    /// <summary>Answers <c>/generate/sync</c>.</summary>
    public Func<HttpContext, string, Task> Answer { get; set; } = static (context, _) => WriteAsync(context, 200, Completed);

    /// <summary>Bodies of <c>/generate/sync</c>, in order.</summary>
    public ConcurrentQueue<string> Bodies { get; } = new();

    /// <summary>Query strings and headers of <c>/generate/sync</c>, in order.</summary>
    public ConcurrentQueue<string> Heads { get; } = new();

    /// <summary>Posts to any other route: path and body.</summary>
    public ConcurrentQueue<(string Path, string Body)> Others { get; } = new();

    public static async Task<FakeApi> StartAsync()
    {
        var api = new FakeApi();
        var app = LoopbackServer.Build();
        app.MapGet("/health", () => Results.Text("{}", statusCode: api.Health));
        app.MapPost("/generate/sync", api.GenerateAsync);
        app.MapGet("/files/{**key}", (string key, HttpContext context) => Results.Text($"{key}{context.Request.QueryString} for {context.Request.Headers["X-Forwarded-Host"]} at {context.Request.Host}"));
        app.MapPost("/{**path}", async (HttpContext context) => api.Others.Enqueue((context.Request.Path, await ReadAsync(context))));
        await app.StartAsync(TestContext.Current.CancellationToken);
        (api._app, api.Url) = (app, new Uri(app.Urls.First()));
        return api;
    }

    public static Task WriteAsync(HttpContext context, int status, string body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(body);
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _app, null) is { } app)
        {
            await app.StopAsync(new CancellationToken(true));
            await app.DisposeAsync();
        }
    }

    private async Task GenerateAsync(HttpContext context)
    {
        var body = await ReadAsync(context);
        Bodies.Enqueue(body);
        Heads.Enqueue(context.Request.QueryString + string.Join('\n', context.Request.Headers.Select(static h => $"{h.Key}: {h.Value}")));
        await Answer(context, body);
    }

    private static async Task<string> ReadAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        return await reader.ReadToEndAsync();
    }
}
