using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace ComfyServe.Testing.Web;

/// <summary>A web server on a loopback port whose answers the test scripts, and which keeps what it was asked.</summary>
public sealed class FileServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private TaskCompletionSource _received = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private FileServer(WebApplication app, RequestDelegate answer)
    {
        _app = app;
        Answer = answer;
    }

    /// <summary>Base URL without a slash at the end.</summary>
    public string BaseUrl { get; private set; } = "";

    /// <summary>Answers every request.</summary>
    public RequestDelegate Answer { get; set; }

    /// <summary>The requests, in order.</summary>
    public ConcurrentQueue<ReceivedRequest> Requests { get; } = new();

    /// <summary>Starts a server on a free port.</summary>
    public static async Task<FileServer> StartAsync(RequestDelegate answer)
    {
        var app = LoopbackServer.Build();
        var server = new FileServer(app, answer);
        app.Run(server.HandleAsync);
        await app.StartAsync();
        server.BaseUrl = app.Urls.First();
        return server;
    }

    /// <summary>Waits until so many requests have come.</summary>
    public async Task ReceivedAsync(int count)
    {
        while (Requests.Count < count)
        {
            var next = _received.Task;
            if (Requests.Count < count)
            {
                await next.WaitAsync(TimeSpan.FromSeconds(60));
            }
        }
    }

    /// <summary>An answer with bytes.</summary>
    public static RequestDelegate Bytes(byte[] bytes, string type = "application/octet-stream") => context =>
    {
        context.Response.ContentType = type;
        context.Response.ContentLength = bytes.Length;
        return context.Response.Body.WriteAsync(bytes, 0, bytes.Length, context.RequestAborted);
    };

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private async Task HandleAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        var headers = context.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase);
        Requests.Enqueue(new(context.Request.Method, context.Request.Path + context.Request.QueryString, headers, body.ToArray()));
        Interlocked.Exchange(ref _received, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
        await Answer(context);
    }
}
